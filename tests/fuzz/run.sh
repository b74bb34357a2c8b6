#!/bin/sh
# Runs every fuzz target on its corpus and then for a while. Usage: run.sh [seconds for each target, default 20]
# Needs no nightly compiler: the coverage instrumentation is LLVM's own. Found inputs are kept in artifacts/.
set -eu
cd "$(dirname -- "$0")"
seconds=${1:-20}
target=$(rustc -vV | sed -n 's/^host: //p')
# Instrumentation is for the target alone; with --target, build scripts and macros are built without it.
RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1" \
    cargo build --quiet --release --locked --target "$target"
for name in event frame key answers plan datum change; do
    mkdir -p "artifacts/$name" "target/corpus/$name"
    echo "fuzz: $name, $(ls "corpus/$name" | wc -l) seeds, then $seconds s"
    # What is found goes to target/corpus; corpus/ holds the seeds and is only read.
    "target/$target/release/$name" "target/corpus/$name" "corpus/$name" -max_total_time="$seconds" -timeout=5 \
        -rss_limit_mb=1024 -max_len=65536 -artifact_prefix="artifacts/$name/" -verbosity=0 -print_final_stats=1 2>&1 \
        | grep -E 'ERROR|panicked|SUMMARY|number_of_executed_units|peak_rss_mb|Test unit written' || true
    [ -z "$(ls -A "artifacts/$name")" ] || { echo "fuzz: $name failed, see tests/fuzz/artifacts/$name" >&2; exit 1; }
done
