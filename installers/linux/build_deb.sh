#!/bin/sh
# Build dist/bachbridge_VERSION_ARCH.deb on Debian 12 or a relative of it: `make deb`.
# Needs cc, binutils and dpkg-dev. The program goes to /usr/lib/bachbridge; the system's libraries are dependencies.
set -eu
cd "$(dirname "$0")/../.."
for tool in cc strip dpkg-deb dpkg-shlibdeps; do
    command -v "$tool" >/dev/null || { echo "Building the package needs $tool: apt install build-essential dpkg-dev" >&2; exit 1; }
done

sh installers/linux/freeze.sh
version=$(dist/bachbridge/bachbridge --version | cut -d' ' -f2)
architecture=$(dpkg --print-architecture)
id=org.bachbridge.BachBridge
root=build/deb
rm -rf "$root"
mkdir -p "$root/DEBIAN" "$root/usr/bin" "$root/usr/lib"
cp -r dist/bachbridge "$root/usr/lib/bachbridge"
# What the system has itself is a dependency of the package.
while read -r library; do rm -f "$root/usr/lib/bachbridge/_internal/$library"; done <build/system_libraries.txt
ln -s ../lib/bachbridge/bachbridge "$root/usr/bin/bachbridge"

place() { install -D -m 644 "$1" "$root/usr/share/$2"; }
place installers/linux/$id.desktop applications/$id.desktop
place installers/linux/$id.metainfo.xml metainfo/$id.metainfo.xml
place gui/bachbridge_gui/assets/icon.svg icons/hicolor/scalable/apps/$id.svg
place installers/linux/copyright doc/bachbridge/copyright
place CHANGELOG.md doc/bachbridge/changelog
place docs/bachbridge.1 man/man1/bachbridge.1
gzip -9n "$root/usr/share/man/man1/bachbridge.1" "$root/usr/share/doc/bachbridge/changelog"
for shell in bash:bash-completion/completions/bachbridge zsh:zsh/vendor-completions/_bachbridge fish:fish/vendor_completions.d/bachbridge.fish; do
    dist/bachbridge/bachbridge completion "${shell%%:*}" >build/completion
    place build/completion "${shell#*:}"
done

# dpkg-shlibdeps finds the packages of the libraries that the program loads from the system.
mkdir -p build/shlibs/debian
printf 'Source: bachbridge\n\nPackage: bachbridge\nArchitecture: any\n' >build/shlibs/debian/control
libraries=$(find "$PWD/$root/usr/lib/bachbridge" -type d -printf '-l%p ')
programs=$(find "$PWD/$root/usr/lib/bachbridge" -type f \( -name '*.so*' -o -name bachbridge \) -printf '-e%p ')
# shellcheck disable=SC2086 # lists of options
depends=$(cd build/shlibs && dpkg-shlibdeps -O --ignore-missing-info $libraries $programs 2>shlibdeps.log | sed -n 's/^shlibs:Depends=//p')
[ -n "$depends" ] || { cat build/shlibs/shlibdeps.log >&2; exit 1; }

cat >"$root/DEBIAN/control" <<END
Package: bachbridge
Version: $version
Architecture: $architecture
Maintainer: The BachBridge authors <bachbridge@localhost>
Installed-Size: $(du -sk --apparent-size "$root/usr" | cut -f1)
Depends: $depends, libxcb-cursor0, libegl1, libgl1, fontconfig, fonts-dejavu-core
Recommends: timgm6mb-soundfont, fluidsynth
Suggests: jackd2 | pipewire-jack, ardour
Section: sound
Priority: optional
Description: answers and harmonizes what you play, in the manner of Bach
 BachBridge listens to what you play in your DAW. It adds three voices to your
 melody while you play, or it waits until your phrase ends and continues it in
 time and in your key. Small neural networks do this on your own machine.
END
find "$root" -type d -exec chmod 755 {} +
# Unpacking takes a ninth of the time of xz, and the package is 4 % larger; Debian 12's dpkg is the first that knows zstd.
dpkg-deb --root-owner-group -Zzstd --build "$root" "dist/bachbridge_${version}_${architecture}.deb"
