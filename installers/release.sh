#!/bin/sh
# Build all packages that this system can build into dist, with their checksums in dist/SHA256SUMS: `make release`.
set -eu
cd "$(dirname "$0")/.."
# A release holds one version only.
rm -f dist/bachbridge[-_]* dist/SHA256SUMS

sh installers/build_wheel.sh
case $(uname) in
    Linux)
        if command -v dpkg-deb >/dev/null && command -v dpkg-shlibdeps >/dev/null; then
            sh installers/linux/build_deb.sh
            sh installers/linux/build_tarball.sh frozen
        else
            echo "There is no dpkg-dev here, so no Debian package is built." >&2
            sh installers/linux/build_tarball.sh
        fi
        ;;
    Darwin) sh installers/macos/build_dmg.sh ;;
esac
cd dist
if command -v sha256sum >/dev/null; then sha256sum bachbridge[-_]*; else shasum -a 256 bachbridge[-_]*; fi >SHA256SUMS
cat SHA256SUMS
