#!/usr/bin/env bash
# For a machine that has a GPU but no toolchain.
#
#   benches/on_hardware.sh build DIR        here: puts the command line and the GPU tests into DIR
#   benches/on_hardware.sh run DIR RESULTS  there: checks every kernel on the best adapter, measures it and
#                                           the peers that python3 has, and prints a table last
#
# What it finds lies in RESULTS, also when a step fails or runs out of time: the steps after it still run.
set -uo pipefail
cd "$(dirname "$0")/.."

build() {
    mkdir -p "$dir"
    cargo build --release --features cli --bin normproj || exit
    cp target/release/normproj "$dir/"
    test=$(cargo test --release --features cli --test gpu --no-run 2>&1 |
        sed -n 's/.*Executable .*(\(.*\)).*/\1/p')
    strip -o "$dir/gpu" "$test"
}

# step SECONDS FILE COMMAND...: its output goes to FILE.
step() {
    local seconds=$1 file=$2
    shift 2
    timeout -s TERM "$seconds" "$@" >"$results/$file" 2>"$results/log.txt"
    local status=$?
    echo "$(date +%T) $file: exit $status"
    [ "$status" = 0 ] || tail -n 3 "$results/log.txt"
}

run() {
    mkdir -p "$results"
    step 30 devices.txt "$dir/normproj" devices
    step 120 check.txt "$dir/normproj" check --device gpu
    tail -n 1 "$results/check.txt"
    step 120 bench.json "$dir/normproj" bench --device gpu --json
    step 60 growth.json "$dir/normproj" bench --device gpu --json --growth --plot "$results/growth.svg" --force
    step 100 peers.json python3 benches/peers/gpu.py
    step 120 tests.txt "$dir/gpu" --test-threads 4
    grep "^test result" "$results/tests.txt"
    python3 benches/peers/merge.py "$results/bench.json" "$results/peers.json" | tee "$results/table.md"
}

case ${1:-} in
build)
    dir=${2:?a folder for the binaries}
    build
    ;;
run)
    dir=${2:?a folder for the binaries}
    results=${3:?a folder for the results}
    run
    ;;
*)
    sed -n '2,8p' "$0"
    exit 2
    ;;
esac
