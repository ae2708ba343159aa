#!/bin/sh
# Makes the virtual environment $1 with the first Python of 3.11 or newer that is found. Debian's python3 may come
# without ensurepip (package python3-venv); then the environment is made without pip, and the system's pip, which can
# install into another environment, puts pip there. Neither way needs root.
set -eu
folder=$1

python=
for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3 python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "BachBridge needs Python 3.11 or newer: install it (Debian: apt install python3 python3-pip), then run make again." >&2
    exit 1
fi

rm -rf "$folder"
if "$python" -c 'import ensurepip' 2>/dev/null && "$python" -m venv "$folder"; then
    exit 0
fi
rm -rf "$folder"
if "$python" -m venv --without-pip "$folder" && "$python" -m pip -qq --python "$folder/bin/python" install pip; then
    exit 0
fi
rm -rf "$folder"
echo "No virtual environment can be made with $python: install its venv module or pip (Debian: apt install python3-venv), then run make again." >&2
exit 1
