#!/usr/bin/env python3
"""Writes the tables of inputs and outputs into the READMEs of infra/modules; with --check only compares.

Reads variables.tf and outputs.tf as `terraform fmt` lays them out.
"""

import argparse
import re
import sys
from pathlib import Path

MODULES = Path(__file__).resolve().parent / "modules"
BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}\n', re.MULTILINE | re.DOTALL)
DESCRIPTION = re.compile(r'^  description = "((?:[^"\\]|\\.)*)"$', re.MULTILINE)
TYPE = re.compile(r"^  type\s+= (\w+)(\([a-z]+\)|\(object)?", re.MULTILINE)
DEFAULT = re.compile(r"^  default\s+= (.+)$", re.MULTILINE)
BEGIN, END = "<!-- inputs and outputs: python3 infra/docs.py -->\n", "<!-- end -->\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, fail where a README is not as it would be written")
    only_check = parser.parse_args().check
    faults = []
    for folder in sorted(path.parent for path in MODULES.glob("*/variables.tf")):
        page = folder / "README.md"
        text = page.read_text(encoding="utf-8") if page.exists() else f"# {folder.name}\n\n{BEGIN}{END}"
        if BEGIN not in text or END not in text:
            faults.append(f"{page}: the lines {BEGIN.strip()} and {END.strip()} are missing")
            continue
        head, rest = text.split(BEGIN, 1)
        wanted = head + BEGIN + tables(folder) + END + rest.split(END, 1)[1]
        if wanted != text and only_check:
            faults.append(f"{page}: its tables are not those of variables.tf and outputs.tf")
        elif wanted != text:
            page.write_text(wanted, encoding="utf-8")
    if faults:
        sys.exit("\n".join(faults))


def tables(folder):
    inputs = blocks(folder / "variables.tf")
    outputs = blocks(folder / "outputs.tf")
    lines = ["", "| input | type | default | meaning |", "|---|---|---|---|"]
    for name, body in inputs:
        default = DEFAULT.search(body)
        lines.append(f"| `{name}` | {kind(body)} | {f'`{default[1]}`' if default else 'required'} | {meaning(folder, name, body)} |")
    lines += ["", "| output | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {meaning(folder, name, body)} |" for name, body in outputs]
    return "\n".join(lines) + "\n\n"


def blocks(path):
    return [(name, body) for _, name, body in BLOCK.findall(path.read_text(encoding="utf-8"))]


def kind(body):
    found = TYPE.search(body)
    return {"(object": f"{found[1]} of objects"}.get(found[2] or "", found[1] + (f" of {found[2][1:-1]}s" if found[2] else ""))


def meaning(folder, name, body):
    found = DESCRIPTION.search(body)
    if not found:
        sys.exit(f"{folder}: {name} has no description on one line; write one")
    return found[1].replace('\\"', '"').replace("$${", "${").replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    main()
