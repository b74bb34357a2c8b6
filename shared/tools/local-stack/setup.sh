#!/bin/sh
# Makes .local/venv: cargo-lambda and the AWS emulator, in the versions that requirements.txt pins.
# Does nothing when it is there already. Usage: setup.sh (from anywhere in the repository)
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH= cd -- "$here/../../.." && pwd)
requirements=$here/requirements.txt
venv=$root/.local/venv
# The list itself is the stamp: another list is another environment.
stamp=$venv/installed-requirements.txt

if cmp -s "$requirements" "$stamp"; then
    exit 0
fi

fail() {
    echo "setup: $1" >&2
    exit 1
}

python=
for candidate in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
    if command -v "$candidate" >/dev/null 2>&1 \
        && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || fail "Python 3.10 or newer is needed and no python3 on the PATH is. Install it and run this again."
"$python" -c 'import venv, ensurepip' 2>/dev/null \
    || fail "$python has no venv module. On Debian and Ubuntu: apt-get install python3-venv. Then run this again."

started=$(date +%s)
echo "setup: installing cargo-lambda and ministack into .local/venv (about 125 MB; once, seconds on a fast line)"
rm -rf "$venv"
mkdir -p "$root/.local"
"$python" -m venv "$venv" || fail "'$python -m venv' failed; its message is above"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps --requirement "$requirements" \
    || fail "pip could not install $requirements; its message is above. Is the package index reachable?"
"$venv/bin/cargo-lambda" lambda --version >/dev/null || fail "the installed cargo-lambda does not run on this machine"
cp "$requirements" "$stamp"
echo "setup: done in $(( $(date +%s) - started )) s"
