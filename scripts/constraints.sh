#!/bin/sh
# Writes constraints.txt: the newest versions that fit together, of everything that any extra needs.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
sh scripts/environment.sh "$scratch/venv"
"$scratch/venv/bin/python" -m pip install -qq --disable-pip-version-check -e ".[docs,freeze,gui,soak,train,test]"
{
    echo "# Made by \`make constraints\`; packages that only other systems need are not listed."
    "$scratch/venv/bin/python" -m pip freeze --exclude-editable | grep -E '^[A-Za-z0-9_.-]+==' | LC_ALL=C sort -f
} >"$scratch/constraints.txt"
cp "$scratch/constraints.txt" constraints.txt
