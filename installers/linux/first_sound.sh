#!/bin/sh
# Time the way from the first command to the first sound on a clean Debian 12 in a folder:
# `sh installers/linux/first_sound.sh WHAT`, where WHAT is a .deb, a wheel (then pipx installs it) or a folder with the
# source code (then `make run` does it all). As root, with debootstrap; see clean_debian.sh. There is no sound card in
# the folder: a sound is there when it can be heard, as a file or, in the window, at a click on "Hear an example".
set -eu
what=$(realpath "$1")
# shellcheck source=installers/linux/clean_debian.sh
. "$(dirname "$(realpath "$0")")/clean_debian.sh"
seconds() { awk -v from="$1" -v to="$(date +%s.%N)" 'BEGIN { printf "%.1f s", to - from }'; }
now() { date +%s.%N; }
quietly() { inside "$@" >"$root/log" 2>&1 || { tail -n 20 "$root/log"; exit 1; }; }
install() { quietly apt-get -qq install -y --no-install-recommends "$@"; }
printf 'X:1\nM:4/4\nL:1/4\nK:G\nGABc|dcBA|BAGF|G4|]\n' >"$root/root/tune.abc"
# A desktop has these.
desktop="libegl1 libgl1 libglib2.0-0 libxkbcommon0 libdbus-1-3 libfontconfig1 fonts-dejavu-core"
inside apt-get -qq update

# Runs the commands of a first user with the installed program $1; $2 is when the installation began.
use() {
    echo "installed: $(seconds "$2")"
    quietly "$1" harmonize /root/tune.abc -o /root/tune.wav
    echo "the first sound in a file: $(seconds "$2")"
    before=$(now)
    inside env QT_QPA_PLATFORM=offscreen "$1" play --log /root/play.log >"$root/log" 2>&1 &
    until grep -q '"ModelUp"' "$root/root/play.log" 2>/dev/null; do
        kill -0 $! 2>/dev/null || { tail -n 20 "$root/log"; exit 1; }
        sleep 0.1
    done
    echo "from the start of the program until its window can sound an example: $(seconds "$before")"
    kill $!
    wait $! 2>/dev/null || true
    before=$(now)
    quietly "$1" demo -o /root/demo
    echo "the demo, of which most is the music in real time: $(seconds "$before")"
}

begun=$(now)
case $what in
*.deb)
    cp "$what" "$root/bachbridge.deb"
    install /bachbridge.deb
    use bachbridge "$begun"
    ;;
*.whl)
    # shellcheck disable=SC2086 # a list of packages
    install pipx $desktop
    echo "pipx and the libraries of a desktop: $(seconds "$begun")"
    cp "$what" "$root/root"
    begun=$(now)
    quietly pipx install "/root/$(basename "$what")[gui]"
    use /root/.local/bin/bachbridge "$begun"
    ;;
*)
    # shellcheck disable=SC2086 # a list of packages
    install make python3-venv $desktop
    echo "make, python3-venv and the libraries of a desktop: $(seconds "$begun")"
    mkdir "$root/root/bachbridge"
    git -C "$what" archive HEAD | tar -C "$root/root/bachbridge" -x
    begun=$(now)
    quietly make -C /root/bachbridge run
    [ -s "$root/root/bachbridge/demo.wav" ] || { tail -n 20 "$root/log"; exit 1; }
    echo "make run, from nothing to the end of the demo: $(seconds "$begun")"
    use /root/bachbridge/.venv/bin/bachbridge "$(now)"
    ;;
esac
