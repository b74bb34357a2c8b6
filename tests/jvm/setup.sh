#!/bin/sh
# Copies the jars that tests/jvm/<tool>/pom.xml depends on, or unpacks the archives that it lists as artifact items, into
# .local/jvm/<tool>; once for each state of that file.
set -eu
here=$(cd "$(dirname -- "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
tool=${1:?"usage: tests/jvm/setup.sh TOOL, one of: $(cd "$here" && ls -d */ | tr -d / | grep -v -e src -e tests | tr '\n' ' ')"}
pom="$here/$tool/pom.xml"
jars="$root/.local/jvm/$tool"
[ -f "$pom" ] || { echo "setup: there is no $pom" >&2; exit 2; }
for program in java mvn; do
    command -v "$program" >/dev/null || { echo "setup: $program is not on the path; install Java 17 and Maven" >&2; exit 2; }
done
mkdir -p "$root/.local/jvm"
# One at a time, because several tests may run this at once.
exec 9>"$root/.local/jvm/$tool.lock"
flock 9
cmp -s "$pom" "$jars/pom.xml" && exit 0
echo "setup: fetching the jars of $tool with Maven (once, a minute or more)" >&2
rm -rf "$jars"
goal=dependency:copy-dependencies
grep -q '<artifactItem>' "$pom" && goal=dependency:copy
mvn --batch-mode --quiet --file "$pom" "$goal" -DoutputDirectory="$jars" -DincludeScope=runtime >&2
for archive in "$jars"/*.tar.gz; do
    [ -f "$archive" ] || continue
    tar -xzf "$archive" -C "$jars"
    rm "$archive"
done
cp "$pom" "$jars/pom.xml"
