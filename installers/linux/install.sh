#!/bin/sh
# Install BachBridge for yourself: `sh install.sh`; `sh install.sh --remove` removes it again, settings excepted.
# It goes to ~/.local, or to the folder that PREFIX names. Without installing, program/bachbridge runs from here.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
prefix=${PREFIX:-$HOME/.local}
id=org.bachbridge.BachBridge
program=$prefix/lib/bachbridge
files="bin/bachbridge share/applications/$id.desktop share/icons/hicolor/scalable/apps/$id.svg share/man/man1/bachbridge.1
share/bash-completion/completions/bachbridge share/zsh/site-functions/_bachbridge share/fish/vendor_completions.d/bachbridge.fish"

# The former version goes in any case: files that the new one does not have would stay.
rm -rf "$program"
for file in $files; do rm -f "$prefix/$file"; done
if [ "${1:-}" = --remove ]; then
    echo "BachBridge is removed."
    exit 0
fi

place() { mkdir -p "$(dirname "$prefix/$2")" && cp "$here/share/$1" "$prefix/$2"; }
mkdir -p "$prefix/lib" "$prefix/bin"
cp -r "$here/program" "$program"
ln -s ../lib/bachbridge/bachbridge "$prefix/bin/bachbridge"
place "$id.desktop" "share/applications/$id.desktop"
# The desktop may not look for programs in this folder.
sed -i "s|^Exec=.*|Exec=\"$prefix/bin/bachbridge\"|" "$prefix/share/applications/$id.desktop"
place "$id.svg" "share/icons/hicolor/scalable/apps/$id.svg"
place bachbridge.1 share/man/man1/bachbridge.1
place completions/bachbridge.bash share/bash-completion/completions/bachbridge
place completions/_bachbridge share/zsh/site-functions/_bachbridge
place completions/bachbridge.fish share/fish/vendor_completions.d/bachbridge.fish
echo "BachBridge is installed: start it from the menu or with $prefix/bin/bachbridge."
case ":$PATH:" in
    *":$prefix/bin:"*) ;;
    *) echo "To type bachbridge alone, add $prefix/bin to PATH." ;;
esac
