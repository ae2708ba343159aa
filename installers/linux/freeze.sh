#!/bin/sh
# Freeze the program into dist/bachbridge for Linux, in a build environment of its own: `sh installers/linux/freeze.sh`.
# Needs cc and binutils.
set -eu
cd "$(dirname "$0")/../.."

[ -x build/freeze/bin/python ] || sh scripts/environment.sh build/freeze
build/freeze/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt ".[gui,link,freeze]"
build/freeze/bin/pyinstaller --noconfirm --log-level ERROR --distpath dist --workpath build/pyinstaller installers/bachbridge.spec

program=dist/bachbridge/_internal
# ICU's data (32 MB) serve locales and collation that the program does not use; see icu_data.c.
for data in "$program"/PyQt6/Qt6/lib/libicudata.so.*; do
    version=${data##*.so.}
    cc -shared -fPIC -O2 -DENTRY="icudt${version}_dat" -Wl,-soname,"libicudata.so.$version" -o "$data" installers/linux/icu_data.c
done
# numpy's wheel brings OpenBLAS (25 MB) and libgfortran for large matrices, which the program does not have.
for blas in "$program"/numpy.libs/libscipy_openblas64_-*.so; do
    sh installers/linux/small_blas.sh build/freeze/bin/python "$blas"
done
rm -f "$program"/numpy.libs/libgfortran-* "$program"/numpy.libs/libquadmath-*
# The libraries in *.libs were patched by auditwheel: strip would damage them.
find "$program" -name '*.so*' -type f ! -path '*.libs/*' ! -path '*/python_rtmidi*' -exec strip --strip-unneeded {} +
