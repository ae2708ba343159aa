#!/bin/sh
# The system's packages that tests use: a JACK server for real MIDI ports, a synthesizer and a sound font for the
# demo's sound. Installs what is missing where it may (root and apt-get); elsewhere names it.
set -eu

missing=
command -v jackd >/dev/null || missing="$missing jackd2"
command -v fluidsynth >/dev/null || missing="$missing fluidsynth"
[ -e /usr/share/sounds/sf2/TimGM6mb.sf2 ] || missing="$missing timgm6mb-soundfont"
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
