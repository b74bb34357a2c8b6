#!/usr/bin/env python3
"""Runs the tests of a suite, binary by binary, and says how long each took.

The suites are those of the table in tests/README.md, which tests/architecture compares with what cargo would build.
What a function tests in its own folder needs no row there: it is in suite `test`.
All binaries are built in one go with the features of the whole workspace: `cargo test -p` would resolve features
for that package alone and compile the AWS SDKs a second time.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "tests" / "README.md"
SUITES = ("test", "all", "long")
CARGO = os.environ.get("CARGO", "cargo")
ROW = re.compile(r"^\| `(?P<package>[^`]+)` \| `(?P<target>[^`]+)` \| (?P<suite>\w+) \| (?P<minutes>[^|]*) \|")
COUNTS = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed;", re.MULTILINE)
DOCS = ("workspace", "doc")


@dataclass
class Row:
    package: str
    target: str
    suite: str

    @property
    def name(self):
        return (self.package, self.target)


class Stop(Exception):
    """Ends the run with a message."""


def main():
    arguments = parse()
    rows = read_page() + rows_of_functions()
    if arguments.suite == "changed":
        rows = only_changed([row for row in rows if row.suite == "test"], arguments.since)
    else:
        rows = [row for row in rows if row.suite == arguments.suite]
    if arguments.package:
        rows = [row for row in rows if row.package == arguments.package]
    if arguments.list:
        print("\n".join(f"{row.package} {row.target}" for row in rows))
        return 0
    if not rows:
        print("No test binary to run. Of suite `long` there are only the commands that `make test-long` calls.")
        return 0
    return run_all(rows, arguments)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", choices=[*SUITES, "changed"], help="changed: what the changed packages have in suite test")
    parser.add_argument("--since", metavar="REF", help="with changed: everything since this commit "
                        "(default: what is not committed, or else the last commit)")
    parser.add_argument("--package", metavar="NAME", help="only the binaries of this package")
    parser.add_argument("--list", action="store_true", help="only say which binaries would run")
    parser.add_argument("--minutes", action="store_true", help="write the times of this run into tests/README.md")
    return parser.parse_args()


def read_page():
    rows = [Row(match["package"], match["target"], match["suite"]) for match in map(ROW.match, lines()) if match]
    unknown = [row for row in rows if row.suite not in SUITES]
    if unknown:
        raise Stop(f"{PAGE}: `{unknown[0].target}` is in suite {unknown[0].suite}; the suites are {', '.join(SUITES)}")
    return rows


def rows_of_functions():
    """Of the packages that lie in `functions/<name>`: their library and each of their test binaries."""
    own = [package for package in metadata() if Path(package["manifest_path"]).parent.parent == ROOT / "functions"]
    rows = []
    for package in sorted(own, key=lambda package: package["name"]):
        tested = [target for target in package["targets"] if target["test"]]
        has_library = any("lib" in target["kind"] for target in package["targets"])
        for target in tested:
            kind = target["kind"][0]
            if kind == "bin" and has_library or kind not in ("lib", "bin", "test"):
                continue
            name = {"lib": "lib", "bin": f"bin {target['name']}", "test": target["name"]}[kind]
            rows.append(Row(package["name"], name, "test"))
    return rows


def lines():
    return PAGE.read_text(encoding="utf-8").splitlines()


def metadata():
    told = subprocess.run([CARGO, "metadata", "--no-deps", "--offline", "--format-version", "1"],
                          cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return json.loads(told.stdout)["packages"]


def git(*arguments):
    told = subprocess.run(["git", *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if told.returncode:
        raise Stop(f"git {' '.join(arguments)}: {told.stderr.strip()}")
    return told.stdout.splitlines()


def changed_files(since):
    untracked = git("ls-files", "--others", "--exclude-standard")
    if since:
        return git("diff", "--name-only", since) + untracked
    return git("diff", "--name-only", "HEAD") + untracked or git("diff", "--name-only", "HEAD~1", "HEAD")


def only_changed(rows, since):
    """A file outside of every package (a schema, a recording, the lock file) concerns all of them; a page concerns the
    tests of the repository's shape."""
    folders = {str(Path(p["manifest_path"]).parent.relative_to(ROOT)): p["name"] for p in metadata()}
    packages = set()
    for file in changed_files(since):
        inside = [folder for folder in folders if file.startswith(folder + "/")]
        if inside:
            packages.add(folders[max(inside, key=len)])
        elif file.endswith(".md") or "/" not in file and not file.startswith("Cargo"):
            packages.add("architecture")
        else:
            return rows
    return [row for row in rows if row.package in packages]


def build(rows):
    """Builds the rows' binaries and returns where each lies, with the folder that it runs in."""
    wanted = {row.name for row in rows if row.name != DOCS}
    selection = ["--lib", *libraries_without("test")] if any(target == "lib" for _, target in wanted) else []
    for target in sorted({target for _, target in wanted if target != "lib"}):
        kind, _, name = target.rpartition(" ")
        selection += ["--bin" if kind == "bin" else "--test", name]
    if not selection:
        return {}
    print(f"Compiling {len(wanted)} test binaries (minutes the first time, seconds later)", flush=True)
    command = [CARGO, "test", "--workspace", "--no-run", "--message-format=json-render-diagnostics", *selection]
    told = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if told.returncode:
        raise Stop("the tests do not compile; the compiler's messages are above")
    found = {}
    for message in map(json.loads, told.stdout.splitlines()):
        if message["reason"] != "compiler-artifact" or not message["executable"] or not message["profile"]["test"]:
            continue
        folder = Path(message["manifest_path"]).parent
        target, kind = message["target"]["name"], message["target"]["kind"]
        target = target if "test" in kind else f"bin {target}" if "bin" in kind else "lib"
        found[(package_of(message["package_id"], folder), target)] = (message["executable"], folder)
    missing = wanted - found.keys()
    if missing:
        raise Stop(f"{PAGE} lists what cargo does not build: {', '.join(' '.join(name) for name in sorted(missing))}")
    return {name: found[name] for name in wanted}


def package_of(identity, folder):
    """`path+file:///…/name#version`, or `…#name@version` where the folder is called otherwise."""
    fragment = identity.rpartition("#")[2]
    return fragment.partition("@")[0] if "@" in fragment else folder.name


def libraries_without(kind):
    """`--lib` and `--doc` take every library, also those whose manifest says that they have no tests of that kind."""
    without = [package["name"] for package in metadata()
               if any("lib" in target["kind"] and not target[kind] for target in package["targets"])]
    return [argument for name in without for argument in ("--exclude", name)]


def run_all(rows, arguments):
    started = time.monotonic()
    built = build(rows)
    compiled = time.monotonic()
    print(f"Compiled in {minutes(compiled - started)} min; running, minutes on the left", flush=True)
    took, passed, failed, broken = {}, 0, 0, []
    for row in rows:
        begun = time.monotonic()
        code, said = run_docs() if row.name == DOCS else run_binary(*built[row.name])
        took[row.name] = time.monotonic() - begun
        counts = [(int(ok), int(bad)) for ok, bad in COUNTS.findall(said)]
        ok, bad = sum(count[0] for count in counts), sum(count[1] for count in counts)
        passed, failed = passed + ok, failed + bad
        if code or not counts:
            broken.append(row)
            failed += 0 if bad else 1
            print(said, flush=True)
        print(f"  {minutes(took[row.name])}  {row.package} {row.target}: {ok} passed, {bad} failed", flush=True)
    print(f"Suite {arguments.suite}: compiled in {minutes(compiled - started)} min, "
          f"ran in {minutes(time.monotonic() - compiled)} min")
    for row in broken:
        print(f"failed: {row.package} {row.target}")
    if arguments.minutes and not broken:
        write_minutes(took)
    print(f"tests: {passed} passed, {failed} failed")
    return 1 if broken else 0


def run_binary(executable, folder):
    # What `cargo test` sets for a test; a procedural macro's needs the compiler's libraries.
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], check=True, stdout=subprocess.PIPE, text=True).stdout
    libraries = f"{sysroot.strip()}/lib"
    told = {"CARGO": CARGO, "CARGO_MANIFEST_DIR": str(folder),
            "LD_LIBRARY_PATH": libraries, "DYLD_FALLBACK_LIBRARY_PATH": libraries}
    return run([executable], folder, {**os.environ, **told})


def run_docs():
    return run([CARGO, "test", "--workspace", "--doc", *libraries_without("doctest")], ROOT, dict(os.environ))


def run(command, folder, env):
    # In a group of its own: whatever a test has started ends with it when somebody presses Ctrl-C.
    process = subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
    try:
        said, _ = process.communicate()
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise
    return process.returncode, said


def write_minutes(took):
    def with_minutes(line):
        match = ROW.match(line)
        name = match and (match["package"], match["target"])
        if name not in took:
            return line
        return f"{line[:match.start('minutes')]}{minutes(took[name])}{line[match.end('minutes'):]}"

    PAGE.write_text("\n".join(map(with_minutes, lines())) + "\n", encoding="utf-8")


def minutes(seconds):
    return f"{seconds / 60:.2f}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Stop as stop:
        sys.exit(f"suites: {stop}")
    except KeyboardInterrupt:
        sys.exit(130)
