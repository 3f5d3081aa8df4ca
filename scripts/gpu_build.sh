# The half of gpu.sh that needs no card: what is brought along. Read by gpu.sh.

LIMIT_MIB=64

build() {
    local only=cubecl,tch,gl
    mkdir -p "${1:?a directory for what is brought along}"
    local dir
    dir=$(realpath "$1")
    [ "${2:-}" = --only ] && only=${3:?parts to build}
    cd "$repository"
    git rev-parse HEAD >"$dir/commit"
    [[ ,$only, != *,cubecl,* ]] || build_cubecl "$dir" || exit 1
    [[ ,$only, != *,tch,* ]] || build_tch "$dir" || exit 1
    [[ ,$only, != *,gl,* ]] || fetch_loaders "$dir" || echo "no Vulkan loader: part f needs the machine's own" >&2
    say_size "$dir"
}

build_cubecl() {
    CARGO_PROFILE_RELEASE_LTO="${SPARK_LTO:-false}" cargo build --release --no-default-features --features flex,cuda,vulkan &&
        strip -o "$1/spark-cubecl" "${CARGO_TARGET_DIR:-target}/release/spark"
}

# LibTorch's CUDA half is loaded where `python3` has it; it need not be here, nor need a card.
build_tch() {
    python3 -c 'import sys, torch; sys.exit(not torch.__version__.startswith("2.11."))' ||
        { echo "python3 has no torch 2.11: pip install torch==2.11.0 into a virtual environment first on PATH" >&2; return 1; }
    LIBTORCH_USE_PYTORCH=1 LIBTORCH_BYPASS_VERSION_CHECK=1 \
        RUSTFLAGS="${RUSTFLAGS:-} -C link-arg=-Wl,--allow-shlib-undefined" \
        cargo build --release --no-default-features --features flex,tch &&
        strip -o "$1/spark-tch" "${CARGO_TARGET_DIR:-target}/release/spark"
}

# Vulkan's loader, and what NVIDIA's driver library asks for beside it.
fetch_loaders() {
    local packages=(libvulkan1 libegl1 libglvnd0 libgl1 libglx0 libx11-6 libxext6 libxcb1 libxau6 libxdmcp6 libbsd0 libmd0)
    local at
    at=$(mktemp -d)
    (cd "$at" && apt-get download -qq "${packages[@]}" && for package in *.deb; do dpkg -x "$package" .; done) || return 1
    mkdir -p "$1/gl"
    find "$at/usr/lib" "$at/lib" -name '*.so.*' -exec cp -a {} "$1/gl/" \; 2>/dev/null
    rm -rf "$at"
}

say_size() {
    local carried tree total
    carried=$(du -sb --apparent-size "$1" | cut -f1)
    tree=$(git ls-files -z | xargs -0 du -cb | tail -n 1 | cut -f1)
    total=$(((carried + tree) >> 20))
    ls -l "$1"
    echo "brought along: $((carried >> 20)) MiB, with the repository's files $total MiB of $LIMIT_MIB"
    [ "$total" -lt "$LIMIT_MIB" ] || { echo "more than $LIMIT_MIB MiB: leave a part out with --only" >&2; exit 1; }
}
