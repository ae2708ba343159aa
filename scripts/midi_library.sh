#!/bin/sh
# Compiles the MIDI library into the environment of the Python $1 if no wheel of it was there to install, as on Python
# 3.13 and newer. As root, with apt-get, it installs what compiling needs. Without it everything but playing live works.
set -eu
python=$1
"$python" -c 'import rtmidi' 2>/dev/null && exit 0

can_compile() {
    command -v c++ >/dev/null && [ -e "$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] || return 1
    [ "$(uname)" != Linux ] || echo '#include <alsa/asoundlib.h>' | c++ -E -x c++ - >/dev/null 2>&1
}

packages="build-essential python3-dev libasound2-dev"
if ! can_compile && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing $packages, with which the MIDI library is compiled ..."
    # shellcheck disable=SC2086 # a list of names
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $packages; } >/dev/null 2>&1 || true
fi
if can_compile && "$python" -m pip install -qq --disable-pip-version-check -c constraints.txt python-rtmidi; then
    exit 0
fi
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
echo "There is no ready-made MIDI library for Python $version, so nothing can be played live yet: install Python 3.12, or what compiling needs (Debian: sudo apt install $packages), then run \"make clean\" and make again." >&2
