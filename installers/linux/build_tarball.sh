#!/bin/sh
# Build dist/bachbridge-VERSION-linux-ARCH.tar.gz: the frozen program with the libraries that it needs, for any
# distribution with the C library of Debian 12 or a newer one. `install.sh` in it installs for one user, without root.
set -eu
cd "$(dirname "$0")/../.."
for tool in cc strip; do
    command -v "$tool" >/dev/null || { echo "Building the program needs $tool: apt install build-essential" >&2; exit 1; }
done
[ "${1:-}" = frozen ] || sh installers/linux/freeze.sh

version=$(dist/bachbridge/bachbridge --version | cut -d' ' -f2)
name=bachbridge-$version-linux-$(uname -m)
folder=build/tarball/$name
id=org.bachbridge.BachBridge
rm -rf build/tarball
mkdir -p "$folder/share/completions"
cp -r dist/bachbridge "$folder/program"
cp installers/linux/install.sh "$folder/install.sh"
cp LICENSE CHANGELOG.md "$folder"
cp installers/linux/$id.desktop "$folder/share"
cp gui/bachbridge_gui/assets/icon.svg "$folder/share/$id.svg"
cp docs/bachbridge.1 "$folder/share"
dist/bachbridge/bachbridge completion bash >"$folder/share/completions/bachbridge.bash"
dist/bachbridge/bachbridge completion zsh >"$folder/share/completions/_bachbridge"
dist/bachbridge/bachbridge completion fish >"$folder/share/completions/bachbridge.fish"
tar --owner=0 --group=0 --sort=name -C build/tarball -czf "dist/$name.tar.gz" "$name"
echo "dist/$name.tar.gz"
