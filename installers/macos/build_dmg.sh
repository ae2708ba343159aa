#!/bin/sh
# Freeze BachBridge on macOS, try it and make dist/bachbridge-VERSION-macos-ARCH.dmg: `sh installers/macos/build_dmg.sh`.
#
# Without a certificate the program is signed ad hoc: it starts on this machine, and elsewhere after a right click and
# Open. To sign it for others, set SIGN_IDENTITY to the name of a certificate in the keychain ("Developer ID
# Application: NAME (TEAM)"). To have Apple notarise it as well, store the credentials once by
#     xcrun notarytool store-credentials bachbridge --apple-id ADDRESS --team-id TEAM
# and set NOTARY_PROFILE=bachbridge.
set -eu
cd "$(dirname "$0")/../.."
[ "$(uname)" = Darwin ] || { echo "The disk image is built on macOS: run this there." >&2; exit 1; }
identity=${SIGN_IDENTITY:--}
app=dist/BachBridge.app

[ -x build/freeze/bin/python ] || sh scripts/environment.sh build/freeze
build/freeze/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt ".[gui,link,freeze]"
build/freeze/bin/pyinstaller --noconfirm --log-level WARN --distpath dist --workpath build/pyinstaller installers/bachbridge.spec

# Libraries are signed before what contains them, the app last.
timestamp=--timestamp
[ "$identity" != - ] || timestamp=--timestamp=none
sign() { codesign --force "$timestamp" --options runtime --entitlements installers/macos/entitlements.plist --sign "$identity" "$@"; }
find "$app/Contents" -type f \( -name '*.dylib' -o -name '*.so' -o -path '*/Versions/*/Qt*' \) | while read -r library; do sign "$library"; done
sign "$app"
codesign --verify --deep --strict "$app"
build/freeze/bin/python installers/smoke_test.py "$app/Contents/MacOS/bachbridge"

version=$("$app/Contents/MacOS/bachbridge" --version | cut -d' ' -f2)
image=dist/bachbridge-$version-macos-$(uname -m).dmg
rm -rf build/dmg "$image"
mkdir -p build/dmg
cp -R "$app" build/dmg/
ln -s /Applications build/dmg/Applications
hdiutil create -quiet -volname BachBridge -srcfolder build/dmg -format UDZO "$image"
[ "$identity" = - ] || codesign --force --timestamp --sign "$identity" "$image"
if [ -n "${NOTARY_PROFILE:-}" ]; then
    xcrun notarytool submit "$image" --keychain-profile "$NOTARY_PROFILE" --wait
    xcrun stapler staple "$image"
fi
echo "$image"
