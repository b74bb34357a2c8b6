#!/usr/bin/env python3
"""Holds what we write to plain English: refuses words that this project does not use, and names of tests that are
sentences. `make check` runs it; `--help` lists the words with what to write in their place."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST_TEST_NAME = 70

# Word, what to write. A word matches inside of identifiers too: `lane` in `first_lane` and in `LaneReport`.
REFUSED = [
    (r"lanes?", "topic-partition, or partition where it is clear which"),
    (r"ow(ed|es|ing)", "pending: not finished, and delivered again"),
    (r"mend(s|ed|ing)?", "fix"),
    (r"anew", "again, or from the start"),
    (r"whoever", "the caller, the function that ..., anybody who"),
    (r"whence|hither|thither|lest|ere|save for", "from where, here, there, so that ... not, before, except"),
    (r"travel(s|led|ling)?", "is sent, is carried, goes"),
    (r"(?<!there )(?<!there)(is|are|was|were) no(?= (?!longer|more|less|such|later|earlier|newer|older|smaller|larger)[a-z`])",
     "is not a ..., has no ..."),
]
# Names that others rely on: error codes, metrics, fields of stored items.
KEPT = re.compile(r"event_lane_unnamed|lane_malformed|lane_crowded|lane_stopped|\"lane\"|`lane`|\), lane, topic")
READ = {".rs", ".md", ".toml", ".py", ".sh", ".json", ".avsc", ".html", ".txt", ".yml", ".tf"}
SKIPPED = ("events/recorded/", "tests/fuzz/corpus/", "tests/words.py", "tests/conformance/fixtures/")

TEST = re.compile(r"#\[(?:tokio::)?test[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*(?:async )?fn (\w+)")
PROPERTY = re.compile(r"proptest! \{(.*?)^\s{0,4}\}$", re.DOTALL | re.MULTILINE)


def main():
    lines = "\n".join(f"  {word}: write {better}" for word, better in REFUSED)
    parser = argparse.ArgumentParser(description=__doc__, epilog="refused:\n" + lines,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="*", default=["."], help="only what is below (default: everything that git knows)")
    arguments = parser.parse_args()
    faults = [fault for path in files(arguments.folder) for fault in check(path)]
    print("\n".join(faults), end="\n" if faults else "")
    if faults:
        sys.exit(f"words: {len(faults)} places to reword; `tests/words.py --help` lists what to write")


def files(folders):
    told = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *folders],
                          cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    for name in sorted(set(told.splitlines())):
        path = ROOT / name
        text = path.suffix in READ or path.name == "Makefile"
        if text and path.is_file() and not name.startswith(SKIPPED):
            yield path


def check(path):
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT)
    for number, line in enumerate(text.splitlines(), start=1):
        for word, better in refused(KEPT.sub("", line)):
            yield f"{name}:{number}: \"{word}\": {better}"
    if path.suffix == ".rs":
        for test in TEST.finditer(text):
            if len(test[1]) > LONGEST_TEST_NAME:
                line = text.count("\n", 0, test.start(1)) + 1
                yield f"{name}:{line}: {test[1]}: {len(test[1])} characters, a test's name has at most {LONGEST_TEST_NAME}"


def refused(line):
    # Identifiers become words: LaneReport, lane_report.
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", line).replace("_", " ").lower()
    for word, better in PATTERNS:
        for match in word.finditer(words):
            yield match[0], better


PATTERNS = [(re.compile(rf"(?<![a-z])(?:{word})(?![a-z])"), better) for word, better in REFUSED]

if __name__ == "__main__":
    main()
