#!/bin/sh
# Build dist/bachbridge-VERSION.tar.gz and its wheel, and check what an index would show of them.
# If `site/` holds the built documentation, the packages carry it.
set -eu
cd "$(dirname "$0")/.."
[ -x build/packaging/bin/python ] || sh scripts/environment.sh build/packaging
build/packaging/bin/python -m pip install -qq --disable-pip-version-check build twine
rm -f dist/bachbridge-*.whl dist/bachbridge-*.tar.gz
build/packaging/bin/python -m build --outdir dist . >build/packaging/build.log 2>&1 || { tail -n 20 build/packaging/build.log >&2; exit 1; }
build/packaging/bin/twine check --strict dist/bachbridge-*.whl dist/bachbridge-*.tar.gz
