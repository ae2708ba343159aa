#!/bin/sh
# Mount the disk image, copy the program as a person would, try it and remove it: `sh installers/macos/test_dmg.sh IMAGE`.
set -eu
image=$1
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'hdiutil detach -quiet "$folder/image" 2>/dev/null || true; rm -rf "$folder"' EXIT
mkdir "$folder/image" "$folder/Applications"
hdiutil attach -quiet -nobrowse -readonly -mountpoint "$folder/image" "$image"
cp -R "$folder/image/BachBridge.app" "$folder/Applications/"
plutil -lint "$folder/Applications/BachBridge.app/Contents/Info.plist"
python3 "$here/../smoke_test.py" "$folder/Applications/BachBridge.app/Contents/MacOS/bachbridge"
echo "Copied, used and removed."
