#!/usr/bin/env bash
# Everything that is asked of a machine with a card, in under 9 minutes, with binaries that were built elsewhere.
#
#   scripts/gpu.sh build DIR             build what has to be brought along into DIR (a machine without a card will do)
#   scripts/gpu.sh run DIR OUT [options] measure, into OUT
#
# build: two binaries, stripped and packed: spark-cubecl (flex, cuda, vulkan) and spark-tch (flex, tch; against the headers
#   of the PyTorch that `python3` has, which must be the version of the machine with the card: 2.11), and Vulkan's loader.
#   They are to stay below 64 MiB together with the repository's own files, which travel with them; build says how much
#   there is. --only cubecl,tch,gl makes some of the three. Needs binutils, xz and, for the loader, apt-get and dpkg.
#
# run: needs NVIDIA's driver; for CUDA libnvrtc and the CUDA headers (CUDA_PATH, or /usr/local/cuda); for LibTorch and
#   for comparison `python3` with torch 2.11, and with transformers for one of the comparisons. In this order:
#   a  every operation in f32 and bf16 against PyTorch in float64; what is wrong is switched off from then on, by name
#   b  spark compare: flex, cuda, tch; f32 and bf16
#   c  spark bench at 3B and at 7B with adapters: first step, sampling at 64 and 256 rows, update, the card's memory
#   d  PyTorch and transformers on the same shapes
#   e  the default recipe, full length, on cuda and tch
#   f  Vulkan: spark compare, and ten steps of the default recipe
#   g  SmolLM2-135M's shape: a warm start, then 30 SPARK steps (DIR/smollm2, where there is one, instead of random
#      weights and without the warm start)
#   h  every operation at the shapes of 3B, alone on the card: their seconds
#   c, d and h have the card for themselves; the parts of a, of b, and e to g run side by side.
#
#   --only a,b        these parts
#   --skip-done       leave out what OUT has from an earlier call: several calls make one whole
#   --seconds N       what no longer fits into so many seconds is skipped, and said [530]
#   --pack DIR        after every part, DIR/gpu-results.tar.gz: OUT without tensors, models and caches
#   --dry             on the processor, with the binary DIR/spark and tiny shapes: tries this script, measures nothing
#
# Afterwards: python3 scripts/gpu_summary.py OUT
set -uo pipefail
repository=$(realpath "$(dirname "$0")/..")
source "$repository/scripts/gpu_build.sh"
source "$repository/scripts/gpu_setup.sh"
source "$repository/scripts/gpu_parts.sh"

verb=${1:-}
case "$verb" in
    build) build "${@:2}" ;;
    run) measure "${@:2}" ;;
    *) sed -n '2,/^set /p' "$0" | sed '$d; s/^# \{0,1\}//' && exit 2 ;;
esac
