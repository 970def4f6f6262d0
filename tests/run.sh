#!/usr/bin/env bash
# Installs what the tests need (Mesa's software drivers, on Debian and Ubuntu) and passes them, on the
# native CPU backend and on every adapter of this machine. Fails if there is no adapter.
set -euo pipefail
cd "$(dirname "$0")/.."

missing() { ! ldconfig -p | grep -q "$1"; }

if command -v apt-get >/dev/null && { ! ls /usr/share/vulkan/icd.d/*.json >/dev/null 2>&1 ||
    missing libvulkan.so.1 || missing libEGL.so.1 || ! command -v cc >/dev/null; }; then
    as_root=$([ "$(id -u)" = 0 ] || echo sudo)
    $as_root apt-get update -qq
    # lavapipe (Vulkan), llvmpipe (OpenGL through EGL), and a linker for Rust.
    $as_root apt-get install -y -qq --no-install-recommends \
        mesa-vulkan-drivers libvulkan1 libegl1 libegl-mesa0 libgl1-mesa-dri libgles2 gcc libc6-dev
fi

# Mesa complains about a missing one on every start.
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-$(mktemp -d)}"
export NORMPROJ_REQUIRE_ADAPTER=1

# Drivers compile on one core: the test that takes longest runs beside all others.
cargo test --features cli --no-run "$@"
others=()
for file in tests/*.rs tests/*/main.rs; do
    name=$(basename "${file%/main.rs}" .rs)
    [ "$name" = contract ] || others+=(--test "$name")
done
log=$(mktemp)
cargo test --features cli --test contract "$@" >"$log" 2>&1 &
contract=$!
trap 'kill "$contract"' INT TERM
status=0
cargo test --features cli --lib --bins --examples "${others[@]}" "$@" || status=$?
cargo test --features cli --doc "$@" || status=$?
wait "$contract" || status=$?
cat "$log"
exit "$status"
