#!/bin/sh
# The system packages that the tests use: a JACK server for real MIDI ports, a DAW, a synthesizer and a sound font for
# the demo's sound, abcMIDI to compare tunes in ABC with, a virtual display and the libraries that Qt needs on it.
# As root, with apt-get, it installs the missing ones; otherwise it lists them.
set -eu

missing=
command -v jackd >/dev/null || missing="$missing jackd2"
command -v ardour >/dev/null || missing="$missing ardour"
command -v fluidsynth >/dev/null || missing="$missing fluidsynth"
[ -e /usr/share/sounds/sf2/TimGM6mb.sf2 ] || missing="$missing timgm6mb-soundfont"
command -v abc2midi >/dev/null || missing="$missing abcmidi"
command -v Xvfb >/dev/null || missing="$missing xvfb"
command -v xdotool >/dev/null || missing="$missing xdotool"
# Qt's own list is longer; the rest of it comes with these.
for library in libegl1:libEGL.so.1 libgl1:libGL.so.1 libxcb-cursor0:libxcb-cursor.so.0 libxkbcommon-x11-0:libxkbcommon-x11.so.0 \
    libdbus-1-3:libdbus-1.so.3 libfontconfig1:libfontconfig.so.1 libxcb-icccm4:libxcb-icccm.so.4 \
    libxcb-image0:libxcb-image.so.0 libxcb-keysyms1:libxcb-keysyms.so.1 libxcb-randr0:libxcb-randr.so.0 \
    libxcb-render-util0:libxcb-render-util.so.0 libxcb-shape0:libxcb-shape.so.0 libxcb-xkb1:libxcb-xkb.so.1; do
    ldconfig -p | grep -q "${library#*:}" || missing="$missing ${library%%:*}"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing$missing ..."
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    # shellcheck disable=SC2086 # a list of names
    if apt-get -qq update >"$log" 2>&1 && apt-get -qq install -y --no-install-recommends $missing >>"$log" 2>&1; then
        rm -f "$log"
        exit 0
    fi
    tail -n 20 "$log" >&2
    rm -f "$log"
fi
echo "Missing:$missing. The tests that need them are skipped; as root: apt install$missing" >&2
