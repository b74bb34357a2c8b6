#!/bin/sh
# Installs into .local/NAME the packages of npm that NAME/package-lock.json beside this script pins, without running scripts
# of theirs. Does nothing if they are there already. Usage: setup-node.sh NAME (from anywhere in the repository)
set -eu
name=${1:?usage: setup-node.sh NAME, a folder beside this script with a package-lock.json}
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH= cd -- "$here/../.." && pwd)
lock=$here/$name/package-lock.json
modules=$root/.local/$name
[ -f "$lock" ] || { echo "setup: there is no $lock" >&2; exit 1; }
for program in node npm; do
    command -v "$program" >/dev/null || { echo "setup: $program is not on the path; install Node.js 20 or newer, with npm" >&2; exit 2; }
done
version=$(node --version)
major=${version#v}
[ "${major%%.*}" -ge 20 ] || { echo "setup: node is $version; install Node.js 20 or newer" >&2; exit 2; }
mkdir -p "$root/.local"
# One at a time: several tests may start it at once.
exec 9>"$root/.local/$name.lock"
flock 9
# The installed list is the stamp: another list means other packages.
cmp -s "$lock" "$modules/installed-package-lock.json" && exit 0
echo "setup: installing tests/conformance/$name/package-lock.json into .local/$name (up to 60 MB; once)" >&2
rm -rf "$modules"
mkdir "$modules"
cp "$here/$name/package.json" "$lock" "$modules"
npm ci --prefix "$modules" --ignore-scripts --no-audit --no-fund --loglevel=error >&2 \
    || { echo "setup: npm could not install $lock; its message is above" >&2; exit 1; }
cp "$lock" "$modules/installed-package-lock.json"
