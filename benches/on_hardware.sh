#!/usr/bin/env bash
# For a machine that has a GPU but no toolchain.
#
#   benches/on_hardware.sh build DIR               here: puts the command line and the GPU tests into DIR
#   benches/on_hardware.sh run DIR RESULTS [STEP…] there: checks every kernel on the best adapter, measures it
#                                                  and the peers that python3 has, and prints a table last
#
# Steps are check, bench, growth and peers; all, if none is named. What they find lies in RESULTS, also when
# one fails or runs out of time: the steps after it still run.
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
    timeout -s TERM "$seconds" "$@" >"$results/$file" 2> >(tee -a "$results/log.txt" >"$dir/last.txt")
    local status=$?
    echo "$(date +%T) $file: exit $status"
    [ "$status" = 0 ] || tail -n 3 "$dir/last.txt"
}

check() {
    # Compiling takes most of their time, and cores are many: beside each other.
    step 200 check.txt "$dir/normproj" check --device gpu &
    step 200 tests.txt "$dir/gpu" --test-threads 8 --nocapture
    wait
    grep -v " ok *$" "$results/check.txt" | cut -c 1-250 | head -n 20
    grep "^test result\|FAILED\|panicked" "$results/tests.txt"
}

bench() {
    step 180 bench.json "$dir/normproj" bench --device gpu --json
}

growth() {
    step 90 growth.json "$dir/normproj" bench --device gpu --json --growth --plot "$results/growth.svg" --force
}

peers() {
    step 170 peers.json python3 benches/peers/gpu.py
}

run() {
    mkdir -p "$results"
    "$dir/normproj" devices
    for name in "$@"; do $name; done
    [ ! -e "$results/bench.json" ] || python3 benches/peers/merge.py "$results"/{bench,peers}.json | tee "$results/table.md"
}

case ${1:-} in
build)
    dir=${2:?a folder for the binaries}
    build
    ;;
run)
    dir=${2:?a folder for the binaries}
    results=${3:?a folder for the results}
    shift 3
    [ $# -gt 0 ] || set -- check bench growth peers
    run "$@"
    ;;
*)
    sed -n '2,9p' "$0"
    exit 2
    ;;
esac
