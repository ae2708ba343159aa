#!/bin/sh
# Freeze the program into dist/bachbridge for Linux, in a build environment of its own: `sh installers/linux/freeze.sh`.
# Needs cc and binutils.
set -eu
cd "$(dirname "$0")/../.."

[ -x build/freeze/bin/python ] || sh scripts/environment.sh build/freeze
build/freeze/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt ".[gui,link,freeze]"
build/freeze/bin/pyinstaller --noconfirm --log-level ERROR --distpath dist --workpath build/pyinstaller installers/bachbridge.spec

program=dist/bachbridge/_internal
# ICU (38 MB) serves locales and encodings that the program does not use.
core=$program/PyQt6/Qt6/lib/libQt6Core.so.6
for library in "$program"/PyQt6/Qt6/lib/libicui18n.so.* "$program"/PyQt6/Qt6/lib/libicuuc.so.* "$program"/PyQt6/Qt6/lib/libicudata.so.*; do
    sh installers/linux/stand_in.sh "$library" "$core" installers/linux/small_icu.c -DVERSION="${library##*.so.}"
done
# Pillow reads and writes PNG and JPEG here: its wheel brings TIFF, JPEG 2000, X11 and what these need (4 MB).
for library in "$program"/pillow.libs/libtiff-* "$program"/pillow.libs/libopenjp2-* "$program"/pillow.libs/libxcb-*; do
    sh installers/linux/stand_in.sh "$library" "$(echo "$program"/PIL/_imaging.*)" installers/linux/small_pillow.c
done
rm -f "$program"/pillow.libs/libXau-* "$program"/pillow.libs/liblzma-* "$program"/pillow.libs/libzstd-*
# numpy's wheel brings OpenBLAS (25 MB) and libgfortran for large matrices, which the program does not have.
for blas in "$program"/numpy.libs/libscipy_openblas64_-*.so; do
    sh installers/linux/small_blas.sh build/freeze/bin/python "$blas"
done
rm -f "$program"/numpy.libs/libgfortran-* "$program"/numpy.libs/libquadmath-*
# PyInstaller links the libraries of wheels into the program's folder; some of these links now lead nowhere.
find "$program" -xtype l -delete
# The libraries in *.libs were patched by auditwheel: strip would damage them.
find "$program" -name '*.so*' -type f ! -path '*.libs/*' ! -path '*/python_rtmidi*' -exec strip --strip-unneeded {} +
