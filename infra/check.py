#!/usr/bin/env python3
"""Checks infra/ with Terraform and the real AWS provider, without an account: `make infra-check`.

Formatting, the tables in the READMEs, then for each module `terraform validate` and `terraform test` (plans only). Works
on a copy in .local, so that no lock file or state comes into the repository. Uses the CLI configuration that is set
(TF_CLI_CONFIG_FILE), where a mirror of providers can stand. Exit codes: 1 something does not hold, 2 wrong usage, 69
Terraform or a provider is not to be had.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INFRA = ROOT / "infra"
LOCAL = ROOT / ".local" / "infra"
LEAST = (1, 11)
PINNED = (INFRA / ".terraform-version").read_text(encoding="utf-8").strip()
# What a plan needs from the environment, so that no profile or region of the person who runs it counts.
IGNORED = re.compile(r"^(AWS_|TF_VAR_|TF_CLI_ARGS|TF_WORKSPACE|TF_LOG)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="*", help="modules or environments, such as function (default: all)")
    arguments = parser.parse_args()
    terraform = find_terraform()
    folders = choose(arguments.name)
    run([terraform, "fmt", "-check", "-diff", "-recursive", str(INFRA)], ROOT, "formatting: run terraform fmt -recursive infra")
    run([sys.executable, str(INFRA / "docs.py"), "--check"], ROOT, "tables of inputs: run python3 infra/docs.py")
    tree = copy_tree(LOCAL / "check")
    for folder in folders:
        initialise(terraform, tree, folder)
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda folder: check(terraform, tree, folder), folders))
    for said, _ in results:
        print(said)
    failed = [folder.name for folder, (_, good) in zip(folders, results) if not good]
    if failed:
        sys.exit(f"infra-check: {', '.join(failed)}: see above; one alone: python3 infra/check.py {failed[0]}")


def stop(text, code):
    print(f"infra-check: {text}", file=sys.stderr)
    sys.exit(code)


def find_terraform():
    """Terraform from .local/bin or the PATH, if it is new enough."""
    local = ROOT / ".local" / "bin" / "terraform"
    path = str(local) if local.exists() else shutil.which("terraform")
    how = (f"Install Terraform {PINNED} (or a newer 1.x) from its makers' releases or a package manager, onto the PATH or "
           "as .local/bin/terraform, and run this again.")
    if path is None:
        stop(f"there is no terraform on the PATH. {how}", 69)
    told = subprocess.run([path, "version", "-json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          env=environment(), check=False)
    try:
        version = json.loads(told.stdout)["terraform_version"]
    except (ValueError, KeyError):
        stop(f"{path} does not say its version. {how}", 69)
    if tuple(int(part) for part in version.split("-")[0].split(".")[:2]) < LEAST:
        stop(f"{path} is {version}, and the modules need {LEAST[0]}.{LEAST[1]} or newer. {how}", 69)
    return path


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if not IGNORED.match(name)}
    # One that names a file that is not there counts as none.
    if not Path(kept.get("TF_CLI_CONFIG_FILE", "")).is_file():
        kept.pop("TF_CLI_CONFIG_FILE", None)
    return {**kept, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", **more}


def choose(names):
    """Folders with modules and environments, relative to infra."""
    there = sorted(path.parent.relative_to(INFRA) for path in INFRA.glob("*/*/versions.tf"))
    if unknown := set(names) - {folder.name for folder in there}:
        stop(f"{', '.join(sorted(unknown))}: not in infra; there are {', '.join(folder.name for folder in there)}", 2)
    return [folder for folder in there if not names or folder.name in names]


def copy_tree(target):
    """A copy of infra and of the manifests, laid out as in the repository."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(INFRA, target / "infra", ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "__pycache__"))
    for manifest in (ROOT / "functions").glob("*/function.json"):
        copied = target / manifest.relative_to(ROOT)
        copied.parent.mkdir(parents=True)
        shutil.copy(manifest, copied)
    return target


def data(folder):
    """Where a folder's providers are: of one module they stay from run to run."""
    cache = LOCAL / "plugins"
    cache.mkdir(parents=True, exist_ok=True)
    return environment(TF_DATA_DIR=str(LOCAL / "data" / folder.name), TF_PLUGIN_CACHE_DIR=str(cache),
                       TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE="1")


def initialise(terraform, tree, folder):
    """One after the other: the cache of providers is not made for two at a time."""
    made = subprocess.run([terraform, "init", "-backend=false", "-input=false", "-no-color"], cwd=tree / "infra" / folder,
                          env=data(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if made.returncode != 0:
        print(made.stdout, file=sys.stderr)
        stop(f"{folder}: the provider is not to be had; Terraform's own words are above. Without a way to the public registry, "
             "name a CLI configuration with a mirror in TF_CLI_CONFIG_FILE (Terraform's documentation: Provider "
             "Installation), and run this again.", 69)


def check(terraform, tree, folder):
    """Validates and tests one folder; what to print, and whether all holds."""
    begun = time.time()
    said = []
    for command in (["validate"], ["test"]):
        done = subprocess.run([terraform, *command, "-no-color"], cwd=tree / "infra" / folder, env=data(folder),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            return f"{folder}: {' '.join(command)} failed\n{done.stdout}", False
        said.append(done.stdout.strip().splitlines()[-1])
    runs = re.search(r"(\d+) passed", said[-1])
    if not runs or runs[1] == "0":
        return f"{folder}: has no tests: write tests/*.tftest.hcl", False
    return f"{folder}: valid, {runs[1]} plans as they have to be, {time.time() - begun:.0f} s", True


def run(command, folder, remedy):
    if subprocess.run(command, cwd=folder, env=environment(), check=False).returncode != 0:
        stop(remedy, 1)


if __name__ == "__main__":
    main()
