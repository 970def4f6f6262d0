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

# One after the other: software drivers keep every program that they compiled, `contract` and `gpu` together 24 GB of them.
cargo test --features cli --no-run "$@"
status=0
cargo test --features cli --lib --bins --examples --tests "$@" || status=$?
cargo test --features cli --doc "$@" || status=$?
exit "$status"
