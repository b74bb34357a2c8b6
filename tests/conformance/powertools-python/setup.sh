#!/bin/sh
# Makes .local/powertools-python: Powertools for Python and the runtime client, in the versions that requirements.txt pins.
# Does nothing if it exists already. Usage: setup.sh (from anywhere in the repository)
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH= cd -- "$here/../../.." && pwd)
venv=$root/.local/powertools-python
mkdir -p "$root/.local"
# One at a time: several tests may start it at once.
exec 9>"$root/.local/powertools-python.lock"
flock 9
# The installed list is the stamp: another list means another environment.
cmp -s "$here/requirements.txt" "$venv/installed-requirements.txt" && exit 0
# The local stack's setup looks for a Python that is new enough, and explains how to get one.
"$root/shared/tools/local-stack/setup.sh"
echo "setup: installing Powertools for Python and its runtime client into .local/powertools-python (about 30 MB; once)" >&2
rm -rf "$venv"
"$root/.local/venv/bin/python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
    --requirement "$here/requirements.txt" \
    || { echo "setup: pip could not install $here/requirements.txt; its message is above" >&2; exit 1; }
cp "$here/requirements.txt" "$venv/installed-requirements.txt"
