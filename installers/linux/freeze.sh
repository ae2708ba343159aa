#!/bin/sh
# Freeze the program into dist/bachbridge for Linux, in a build environment of its own: `sh installers/linux/freeze.sh`.
# With BACHBRIDGE_SYSTEM_LIBRARIES=1 the folder carries no copies of the system's own libraries.
set -eu
cd "$(dirname "$0")/../.."

[ -x build/freeze/bin/python ] || sh scripts/environment.sh build/freeze
build/freeze/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt ".[gui,link,freeze]"
build/freeze/bin/pyinstaller --noconfirm --log-level WARN --distpath dist --workpath build/pyinstaller installers/bachbridge.spec

program=dist/bachbridge/_internal
# ICU's data (32 MB) serve locales and collation that the program does not use; see icu_data.c.
for data in "$program"/PyQt6/Qt6/lib/libicudata.so.*; do
    version=${data##*.so.}
    cc -shared -fPIC -O2 -DENTRY="icudt${version}_dat" -Wl,-soname,"libicudata.so.$version" -o "$data" installers/linux/icu_data.c
done
# The libraries in *.libs were patched by auditwheel: strip would damage them.
find "$program" -name '*.so*' -type f ! -path '*.libs/*' ! -path '*/python_rtmidi*' -exec strip --strip-unneeded {} +
