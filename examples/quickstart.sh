#!/usr/bin/env bash
# Builds the command line and bounds the incoming weights of every unit of a real checkpoint: two
# convolutions, a dense layer, an LSTM and an output layer, to norm 1. Biases and batch-norm stay.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v cc >/dev/null; then
    as_root=$([ "$(id -u)" = 0 ] || echo sudo)
    $as_root apt-get update -qq
    # Rust links with the C compiler.
    $as_root apt-get install -y -qq --no-install-recommends gcc libc6-dev
fi

out=${1:-target/digits-bounded.safetensors}
rustc --version
cargo run --release --features cli -- \
    max-norm 1 tests/data/digits.safetensors --per-unit keras --include '*kernel' -o "$out" --force
echo "written: $out"
