#!/usr/bin/env bash
# For a machine that has a GPU but no toolchain.
#
#   benches/on_hardware.sh build DIR    here: puts the command line and the benchmark into DIR
#   benches/on_hardware.sh run DIR      there: checks every kernel on the best adapter, measures, and
#                                       prints a short table last
set -euo pipefail
cd "$(dirname "$0")/.."
dir=${2:?a folder for the binaries}

case ${1:-} in
build)
    mkdir -p "$dir"
    cargo build --release --features cli
    cp target/release/normproj "$dir/"
    for bench in project record; do
        built=$(cargo bench --bench "$bench" --no-run --message-format=json |
            sed -n "s/.*\"executable\":\"\([^\"]*$bench[^\"]*\)\".*/\1/p" | tail -n 1)
        strip -o "$dir/$bench" "$built"
    done
    ;;
run)
    "$dir/normproj" devices
    "$dir/normproj" check --device gpu | tail -n 20
    log=$(mktemp)
    "$dir/project" --bench --output-format bencher '(gpu|copy)' | tee "$log" >/dev/null
    "$dir/record" --bench --output-format bencher | tee -a "$log" >/dev/null
    echo "nanoseconds a run, by benchmark:"
    sed -n 's/^test \(.*\) \.\.\. bench: *\([0-9,]*\).*/\2\t\1/p' "$log"
    ;;
*)
    sed -n '2,7p' "$0"
    exit 2
    ;;
esac
