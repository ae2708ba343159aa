#!/bin/sh
# Build the Python packages, check them, and install the wheel as people do: `sh installers/test_wheel.sh [PYTHON...]`.
# Each PYTHON (python3.11 and python3.12 if none is named) gets it into a new environment by pip; the first one also by
# pipx and by uv. Each installation is tried by installers/smoke_test.py. Everything happens in build/wheel_test.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- python3.11 python3.12
work=$PWD/build/wheel_test
rm -rf "$work"
mkdir -p "$work"

sh installers/build_wheel.sh
wheel=$(realpath dist/bachbridge-*.whl)
tools=$PWD/build/packaging/bin
"$tools/python" -m pip install -qq pipx uv

try() {
    echo "== $1"
    shift
    "$1" -c 'import sys; print(sys.version.split()[0])' 2>/dev/null || true
    python3 installers/smoke_test.py "$2"
}

first=$1
for python; do
    name=$(basename "$python")
    "$python" -m venv "$work/$name"
    "$work/$name/bin/python" -m pip install -qq --disable-pip-version-check "${wheel}[gui,link]"
    try "pip, $name" "$work/$name/bin/python" "$work/$name/bin/bachbridge"
done

export PIPX_HOME="$work/pipx" PIPX_BIN_DIR="$work/pipx/bin" PIPX_MAN_DIR="$work/pipx/man"
"$tools/pipx" install --quiet --python "$first" "${wheel}[gui]"
[ -e "$PIPX_MAN_DIR/man1/bachbridge.1" ] || { echo "pipx shows no manual page" >&2; exit 1; }
try "pipx" "$PIPX_HOME/venvs/bachbridge/bin/python" "$PIPX_BIN_DIR/bachbridge"
# What the advice after a missing package says is typed here.
advice=$("$PIPX_HOME/venvs/bachbridge/bin/python" -c 'from bachbridge import install_advice as a; print(a.install_command("link", a.find_installation()))')
[ "$advice" = "pipx inject bachbridge LinkPython-extern" ] || [ "$advice" = "pipx inject bachbridge linkpython-extern" ] || { echo "the advice is: $advice" >&2; exit 1; }
PATH=$tools:$PATH sh -c "$advice" >/dev/null
"$PIPX_HOME/venvs/bachbridge/bin/python" -c 'import link'

export UV_TOOL_DIR="$work/uv" UV_TOOL_BIN_DIR="$work/uv/bin" UV_CACHE_DIR="$work/uv-cache"
"$tools/uv" tool install --quiet --python "$first" "bachbridge[gui] @ file://$wheel"
try "uv" "$UV_TOOL_DIR/bachbridge/bin/python" "$UV_TOOL_BIN_DIR/bachbridge"
advice=$("$UV_TOOL_DIR/bachbridge/bin/python" -c 'from bachbridge import install_advice as a; print(a.install_command("link", a.find_installation()))')
PATH=$tools:$PATH sh -c "$advice --quiet"
"$UV_TOOL_DIR/bachbridge/bin/python" -c 'import link'
rm -rf "$work"
echo "The wheel installs by pip, pipx and uv."
