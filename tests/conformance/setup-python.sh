#!/bin/sh
# Makes .local/NAME, a Python environment with the versions that NAME/requirements.txt beside this script pins.
# Does nothing if it exists already. Usage: setup-python.sh NAME (from anywhere in the repository)
set -eu
name=${1:?usage: setup-python.sh NAME, a folder beside this script with a requirements.txt}
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH= cd -- "$here/../.." && pwd)
requirements=$here/$name/requirements.txt
venv=$root/.local/$name
[ -f "$requirements" ] || { echo "setup: there is no $requirements" >&2; exit 1; }
mkdir -p "$root/.local"
# One at a time: several tests may start it at once.
exec 9>"$root/.local/$name.lock"
flock 9
# The installed list is the stamp: another list means another environment.
cmp -s "$requirements" "$venv/installed-requirements.txt" && exit 0
# The local stack's setup looks for a Python that is new enough, and explains how to get one.
"$root/shared/tools/local-stack/setup.sh"
echo "setup: installing tests/conformance/$name/requirements.txt into .local/$name (up to 90 MB; once)" >&2
rm -rf "$venv"
"$root/.local/venv/bin/python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
    --requirement "$requirements" \
    || { echo "setup: pip could not install $requirements; its message is above" >&2; exit 1; }
cp "$requirements" "$venv/installed-requirements.txt"
