#!/usr/bin/env bash
# Installs what the tests need (Mesa's software drivers, on Debian and Ubuntu) and passes them, on the
# native CPU backend and on every adapter of this machine. Fails if there is no adapter.
set -euo pipefail
cd "$(dirname "$0")/.."
bash tests/drivers.sh

# Mesa complains about a missing one on every start.
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-$(mktemp -d)}"
export NORMPROJ_REQUIRE_ADAPTER=1
# One more than there are cores: a test often waits for its turn with an adapter.
export RUST_TEST_THREADS="${RUST_TEST_THREADS:-$(($(nproc) + 1))}"

# One after the other: software drivers keep every program that they compiled, `contract` and `gpu` together 24 GB of them.
cargo test --features cli --no-run "$@"
status=0
cargo test --features cli --lib --bins --examples --tests "$@" || status=$?
cargo test --features cli --doc "$@" || status=$?
exit "$status"
