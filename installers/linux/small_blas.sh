#!/bin/sh
# Compile numpy's own small BLAS and LAPACK in the place of OpenBLAS: `sh small_blas.sh PYTHON LIBRARY`, where LIBRARY is
# the OpenBLAS of a frozen numpy. Needs cc; PYTHON has numpy, and the sources of its version are downloaded once.
set -eu
cd "$(dirname "$0")/../.."
python=$1 library=$2
work=build/small_blas
version=$("$python" -c 'import numpy; print(numpy.__version__)')
if [ ! -e "$work/lapack_lite/f2c.h" ]; then
    mkdir -p "$work"
    "$python" -m pip download -qq --disable-pip-version-check --no-deps --no-binary numpy -d "$work" "numpy==$version"
    tar -C "$work" --strip-components 3 -xzf "$work/numpy-$version.tar.gz" "numpy-$version/numpy/linalg/lapack_lite"
    tar -C "$work" --strip-components 5 -xzf "$work/numpy-$version.tar.gz" \
        "numpy-$version/numpy/_core/src/common/npy_cblas.h" "numpy-$version/numpy/_core/src/common/npy_cblas_base.h"
fi
if [ ! -e "$work/$version.so" ]; then
    # f2c keeps local variables between calls: with threads, each needs its own.
    for source in "$work"/lapack_lite/f2c*.c; do
        sed -E '/static (char|cilist) /!s/^([ \t]+)static /\1static _Thread_local /' "$source" >"$work/$(basename "$source")"
    done
    include=$("$python" -c 'import numpy, sysconfig; print("-I" + numpy.get_include(), "-I" + sysconfig.get_path("include"))')
    options="-fPIC -O2 -w -DHAVE_BLAS_ILP64 -DOPENBLAS_ILP64_NAMING_SCHEME -DBLAS_SYMBOL_PREFIX=scipy_ -DBLAS_SYMBOL_SUFFIX=64_"
    # The constants of the arithmetic are measured by f2c_config.c, which must not be optimized.
    # shellcheck disable=SC2016,SC2086 # parameters of the inner shell; options
    printf '%s\n' "$work"/f2c*.c "$work/lapack_lite/python_xerbla.c" installers/linux/small_blas.c |
        xargs -P "${JOBS:-$(nproc)}" -I SOURCE sh -c 'case $1 in *config.c) set -- "$@" -O0 ;; esac; cc -c "$@" -o "$0/$(basename "$1" .c).o"' "$work" SOURCE $options $include -I"$work" -I"$work/lapack_lite"
    cc -shared -Wl,-soname,"$(basename "$library")" -o "$work/$version.so" "$work"/*.o -lm
fi
cp "$work/$version.so" "$library"
