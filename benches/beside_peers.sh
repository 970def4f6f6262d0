#!/usr/bin/env bash
# Measures every kernel and its peers on this machine, one after the other, and writes a table and all figures.
#
#   benches/beside_peers.sh cpu|gpu [RESULT]   RESULT.md and RESULT.json; benches/results/DATE-cpu if not named
#
# cpu: torch and Keras' formula in NumPy (PYTHON names a python3 that has both). gpu, the best adapter: torch, Keras'
# formula and Triton where that python3 sees CUDA, and Burn on the same adapter, in its own crate.
set -euo pipefail
cd "$(dirname "$0")/.."
device=${1:?cpu or gpu}
result=${2:-benches/results/$(date +%F)-$device}
python=${PYTHON:-python3}
found=$(mktemp -d)
trap 'rm -r "$found"' EXIT

cargo build --release --features cli --bin normproj
# What could be measured is not lost with what could not.
target/release/normproj bench --device "$device" --json >"$found/normproj.json" || echo "some cases failed"
if [ "$device" = cpu ]; then
    "$python" benches/peers/cpu.py >"$found/python.json"
else
    "$python" -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null &&
        "$python" benches/peers/gpu.py >"$found/python.json" || echo "no torch with CUDA here"
    (cd benches/peers/burn && cargo run --release) >"$found/burn.json"
fi
"$python" benches/peers/merge.py "$found"/{normproj,python,burn}.json --json "$result.json" | tee "$result.md"
