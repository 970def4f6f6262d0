#!/usr/bin/env bash
# Installs what the tests need: Mesa's software drivers and a linker, on Debian and Ubuntu.
set -euo pipefail

missing() { ! ldconfig -p | grep -q "$1"; }

if command -v apt-get >/dev/null && { ! ls /usr/share/vulkan/icd.d/*.json >/dev/null 2>&1 ||
    missing libvulkan.so.1 || missing libEGL.so.1 || ! command -v cc >/dev/null; }; then
    as_root=$([ "$(id -u)" = 0 ] || echo sudo)
    $as_root apt-get update -qq
    # lavapipe (Vulkan), llvmpipe (OpenGL through EGL), and a linker for Rust.
    $as_root apt-get install -y -qq --no-install-recommends \
        mesa-vulkan-drivers libvulkan1 libegl1 libegl-mesa0 libgl1-mesa-dri libgles2 gcc libc6-dev
fi
