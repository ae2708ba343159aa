#!/bin/sh
# Unpack the tarball on a clean Debian 12 in a folder, use it there, install it for a user, use that, and remove it:
# `sh installers/linux/test_tarball.sh TARBALL`. As root, with debootstrap; see clean_debian.sh.
set -eu
tarball=$(realpath "$1")
# shellcheck source=installers/linux/clean_debian.sh
. "$(dirname "$(realpath "$0")")/clean_debian.sh"

inside apt-get -qq update
# Qt needs these of any desktop; python3 is for the test alone.
inside apt-get -qq install -y --no-install-recommends python3 libegl1 libgl1 libfontconfig1 fonts-dejavu-core >"$root/install.log" 2>&1 || { tail -n 20 "$root/install.log"; exit 1; }
tar -C "$root/opt" -xzf "$tarball"
folder=$(cd "$root" && echo opt/bachbridge-*)
inside python3 /smoke_test.py "/$folder/program/bachbridge"

inside sh "/$folder/install.sh"
inside python3 /smoke_test.py /root/.local/bin/bachbridge
inside sh "/$folder/install.sh" --remove
rm -r "${root:?}/$folder"
left=$(inside find / -xdev -iname '*bachbridge*' -not -path '/proc/*')
[ -z "$left" ] || { echo "The tarball left behind: $left"; exit 1; }
echo "Unpacked, installed, used and removed without trace."
