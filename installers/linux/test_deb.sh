#!/bin/sh
# Install the package on a clean Debian 12 in a folder, use it, and remove it: `sh installers/linux/test_deb.sh PACKAGE.deb`.
# As root, with debootstrap; see clean_debian.sh.
set -eu
package=$(realpath "$1")
# shellcheck source=installers/linux/clean_debian.sh
. "$(dirname "$(realpath "$0")")/clean_debian.sh"
cp "$package" "$root/bachbridge.deb"
limit_mb=200

inside apt-get -qq update
started=$(date +%s)
inside apt-get -qq install -y --no-install-recommends /bachbridge.deb >"$root/install.log" 2>&1 || { tail -n 20 "$root/install.log"; exit 1; }
echo "Installed after $(($(date +%s) - started)) s."
inside bachbridge --version
# shellcheck disable=SC2016 # dpkg-query's own variable
size_mb=$(($(inside dpkg-query -W -f '${Installed-Size}' bachbridge) * 1024 / 1000000))
echo "It takes $size_mb MB."
[ "$size_mb" -le "$limit_mb" ] || { echo "The program is larger than $limit_mb MB."; exit 1; }
# Python for the test alone: the program brings its own.
inside apt-get -qq install -y --no-install-recommends python3 >>"$root/install.log" 2>&1
inside python3 /smoke_test.py /usr/bin/bachbridge

inside apt-get -qq purge -y bachbridge >>"$root/install.log" 2>&1
left=$(inside find / -xdev -iname '*bachbridge*' -not -path '/bachbridge.deb' -not -path '/proc/*' -not -path '/root/*' -not -path '/var/log/*')
[ -z "$left" ] || { echo "The package left behind: $left"; exit 1; }
echo "Installed, used and removed without trace."
