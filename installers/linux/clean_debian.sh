# shellcheck shell=sh
# Sourced by the tests: makes a clean Debian 12 in the folder $root and defines `inside`, which runs a command there.
# It is unpacked from build/debian12.tar, which debootstrap makes the first time; MIRROR is Debian's mirror.
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
cp "$here/../smoke_test.py" "$root/smoke_test.py"
# pip's options are variables that begin with PIP_.
pip_options=$(env | grep '^PIP_[A-Z_]*=[^ ]*$' || true)
# shellcheck disable=SC2086 # a list of options
inside() { chroot "$root" env -i $pip_options HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
