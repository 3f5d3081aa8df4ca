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
    cargo build --release --no-default-features --features flex,cuda,vulkan &&
        keep "$1" spark-cubecl
}

# The binary names LibTorch's CUDA half as a library that it needs, where `python3` has a PyTorch with CUDA: without it
# LibTorch knows no card. No card has to be here.
build_tch() {
    python3 -c 'import sys, torch; sys.exit(not torch.__version__.startswith("2.11."))' ||
        { echo "python3 has no torch 2.11: pip install torch==2.11.0 into a virtual environment first on PATH" >&2; return 1; }
    LIBTORCH_USE_PYTORCH=1 LIBTORCH_BYPASS_VERSION_CHECK=1 \
        cargo build --release --no-default-features --features flex,tch &&
        keep "$1" spark-tch || return 1
    readelf -d "${CARGO_TARGET_DIR:-target}/release/spark" | grep -q 'NEEDED.*libtorch_cuda.so' ||
        { echo "spark-tch does not ask for libtorch_cuda.so: is this PyTorch one with CUDA?" >&2; return 1; }
}

# The binary that was just built, stripped and packed: `run` unpacks it.
keep() {
    strip -o "$1/$2" "${CARGO_TARGET_DIR:-target}/release/spark" && echo "$2: $(($(stat -c %s "$1/$2") >> 20)) MiB, stripped" &&
        xz -T0 -9e -f "$1/$2"
}

# Vulkan's loader, and what NVIDIA's driver library asks for beside it.
fetch_loaders() {
    local packages=(libvulkan1 libegl1 libglvnd0 libgl1 libglx0 libx11-6 libxext6 libxcb1 libxau6 libxdmcp6 libbsd0 libmd0)
    local at
    at=$(mktemp -d)
    (cd "$at" && apt-get download -qq "${packages[@]}" && for package in *.deb; do dpkg -x "$package" .; done) || return 1
    mkdir -p "$1/gl"
    # Links are followed: a copy of the directory may not keep them.
    find "$at/usr/lib" "$at/lib" -name '*.so.[0-9]' -exec cp -L {} "$1/gl/" \; 2>/dev/null
    rm -rf "$at"
}

say_size() {
    local carried tree files total
    carried=$(du -sb --apparent-size "$1" | cut -f1)
    tree=$(git ls-files -z | xargs -0 du -cb | tail -n 1 | cut -f1)
    # Each file takes a header and padding on its way.
    files=$(git ls-files | wc -l)
    total=$(((carried + tree + 768 * files) >> 20))
    ls -l "$1"
    echo "brought along: $((carried >> 20)) MiB, with the repository's files $total MiB of $LIMIT_MIB"
    [ "$total" -lt "$LIMIT_MIB" ] || { echo "more than $LIMIT_MIB MiB: leave a part out with --only, or send the repository without what parts a to h do not read (fuzz, and tests but tests/oracle and tests/fixtures/released_configs)" >&2; exit 1; }
}
