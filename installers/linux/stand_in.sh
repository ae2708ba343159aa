#!/bin/sh
# Put a stand-in of a few KB in the place of a library: `sh stand_in.sh LIBRARY USER [SOURCE.c [OPTION...]]`. Each function
# that the library USER takes from LIBRARY is there and returns 0, but for those that SOURCE.c defines. Needs cc and nm.
set -eu
library=$1 user=$2
shift 2
work=build/stand_ins
mkdir -p "$work"
nm -D --defined-only "$library" | awk '{ sub(/@.*/, "", $NF); print $NF }' >"$work/defined"
# Names, with their versions if the library gives them some.
nm -D --undefined-only "$user" | awk 'NR == FNR { defined[$1] = 1; next } { split($NF, part, "@"); if (part[1] in defined) print part[1], part[2] }' "$work/defined" - >"$work/taken"
awk '{ print "__attribute__((weak)) void *" $1 "(void) { return 0; }" }' "$work/taken" >"$work/taken.c"
awk 'NF > 1 { names[$2] = names[$2] $1 "; " } END { for (version in names) print version " { global: " names[version] "};" }' "$work/taken" >"$work/versions"
[ ! -s "$work/versions" ] || set -- "$@" -Wl,--version-script="$work/versions"
cc -shared -fPIC -O2 -fno-builtin -w -Wl,-soname,"$(basename "$library")" -o "$library" "$work/taken.c" "$@"
