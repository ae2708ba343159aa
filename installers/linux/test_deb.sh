#!/bin/sh
# Install the package on a clean Debian 12 in a folder, use it, and remove it: `sh installers/linux/test_deb.sh PACKAGE.deb`.
# As root, with debootstrap. The folder build/debian12 is kept for the next time; MIRROR is Debian's mirror.
set -eu
package=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
clean=$here/../../build/debian12.tar
root=$(mktemp -d)
trap 'umount "$root/proc" 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT

if [ ! -e "$clean" ]; then
    mkdir -p "$(dirname "$clean")"
    # shellcheck disable=SC2086 # an empty mirror is no argument
    debootstrap --variant=minbase bookworm "$root/new" ${MIRROR:-}
    tar -C "$root/new" -cf "$clean" .
    rm -rf "$root/new"
fi
tar -C "$root" -xf "$clean"
rm -f "$root/etc/apt/sources.list"
# This machine's way to Debian's packages, and its certificates and names, hold in the folder too.
for path in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/resolv.conf /etc/hosts; do
    [ -e "$path" ] && cp -r "$path" "$root$(dirname "$path")/"
done
rm -f "$root"/etc/apt/apt.conf.d/*docker* "$root"/etc/apt/apt.conf.d/*appstream*
mount -t proc proc "$root/proc" 2>/dev/null || true
cp "$package" "$root/bachbridge.deb"
cp "$here/../smoke_test.py" "$root/smoke_test.py"
inside() { chroot "$root" env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }

inside apt-get -qq update
started=$(date +%s)
inside apt-get -qq install -y --no-install-recommends /bachbridge.deb >"$root/install.log" 2>&1 || { tail -n 20 "$root/install.log"; exit 1; }
echo "Installed after $(($(date +%s) - started)) s."
inside bachbridge --version
# Python for the test alone: the program brings its own.
inside apt-get -qq install -y --no-install-recommends python3-minimal >>"$root/install.log" 2>&1
inside python3 /smoke_test.py /usr/bin/bachbridge

inside apt-get -qq purge -y bachbridge >>"$root/install.log" 2>&1
left=$(inside find / -xdev -iname '*bachbridge*' -not -path '/bachbridge.deb' -not -path '/proc/*' -not -path '/root/*' -not -path '/var/log/*')
[ -z "$left" ] || { echo "The package left behind: $left"; exit 1; }
echo "Installed, used and removed without trace."
