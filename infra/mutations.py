#!/usr/bin/env python3
"""Takes each validation and precondition of infra/modules out in turn, and sees a test fail: `make infra-mutations`.

A check that no test misses is one that nobody would miss. Only the runs of tests/refused.tftest.hcl that expect the
check's variable or resource to fail are run. Exit codes as check.py.
"""

import argparse
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import check

TOP = re.compile(r'^(variable|resource|output|locals|data)\b(?: "([^"]+)")?(?: "([^"]+)")? \{$')
CHECK = re.compile(r"^(\s+)(validation|precondition|postcondition) \{$")
RUN = re.compile(r'^run "(\w+)" \{\n.*?^\}\n', re.MULTILINE | re.DOTALL)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("module", nargs="*", help="modules (default: all)")
    names = parser.parse_args().module
    terraform = check.find_terraform()
    folders = [folder for folder in check.choose(names) if folder.parts[0] == "modules"]
    tree = check.copy_tree(check.LOCAL / "mutations" / "0")
    for folder in folders:
        check.initialise(terraform, tree, folder)
    todo = [(folder, *one) for folder in folders for one in checks(check.INFRA / folder)]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda job: mutate(terraform, job), enumerate(todo, start=1)))
    missed = [line for line in results if line]
    print(f"infra-mutations: {len(todo) - len(missed)} of {len(todo)} checks are missed by a test when they are taken out")
    if missed:
        sys.exit("\n".join(["infra-mutations: no test fails without these:", *missed]))


def checks(folder):
    """Each check: its file, its first and last line, and the name of what it guards."""
    for path in sorted(folder.glob("*.tf")):
        lines = path.read_text(encoding="utf-8").splitlines()
        target = ""
        for number, line in enumerate(lines):
            if top := TOP.match(line):
                target = f"var.{top[2]}" if top[1] == "variable" else f"{top[2]}.{top[3]}"
            if found := CHECK.match(line):
                last = next(at for at in range(number, len(lines)) if lines[at] == found[1] + "}")
                yield path.name, number, last, target


def mutate(terraform, job):
    number, (folder, name, first, last, target) = job
    where = f"  {folder}/{name}:{first + 1} ({target})"
    tests = (check.INFRA / folder / "tests" / "refused.tftest.hcl").read_text(encoding="utf-8")
    runs = [run[0] for run in RUN.finditer(tests) if re.search(rf"expect_failures = \[{re.escape(target)}\]", run[0])]
    if not runs:
        return f"{where}: no run expects it to fail"
    tree = check.LOCAL / "mutations" / str(number)
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(check.LOCAL / "mutations" / "0", tree)
    module = tree / "infra" / folder
    lines = (module / name).read_text(encoding="utf-8").splitlines()
    (module / name).write_text("\n".join(lines[:first] + lines[last + 1:]) + "\n", encoding="utf-8")
    shutil.rmtree(module / "tests")
    (module / "tests").mkdir()
    head = tests[: RUN.search(tests).start()]
    (module / "tests" / "one.tftest.hcl").write_text(head + "\n".join(runs), encoding="utf-8")
    done = subprocess.run([terraform, "test", "-no-color"], cwd=module, env=check.data(folder), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    shutil.rmtree(tree, ignore_errors=True)
    missed = "Missing expected failure" in done.stdout
    print(f"{where}: {'missed' if missed else 'NOT MISSED'}", flush=True)
    if missed:
        return None
    return f"{where}: {'every test passes' if done.returncode == 0 else 'another error: ' + done.stdout[-600:]}"


if __name__ == "__main__":
    main()
