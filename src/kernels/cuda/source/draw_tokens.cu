// Draws one token per block from a row of scores over the vocabulary, without sorting it.
//
// scores [.., columns], rows [blocks, 10] (a DrawRow each), seen: tokens of all rows; ids and logprobs [blocks].
// T_BF16: how scores are stored. VECTOR: numbers per read, which divides the pitch. PENALTY: whether a row has one.
//
// Weights are whole numbers, 2^40 for the most likely token: sums do not depend on their order. Tokens are ordered by
// score, equals by number. A cut (top-k, top-p) is found by histograms: first of 2048 steps between the largest and
// the smallest score, then of the bits of the scores in the step where it lies.

typedef Number<T_BF16>::Type T;

constexpr u32 STEPS = 2048, WARPS = 32;

struct DrawParams {
    u32 columns, pitch;
};

struct DrawRow {
    u32 scores, active, uniform_low, uniform_high;
    float temperature;
    u32 top_k;
    float top_p, penalty;
    u32 seen_first, seen_count;
};

// Bits in the order of the numbers.
__device__ __forceinline__ u32 order_of(float x) {
    const u32 bits = __float_as_uint(x + 0.0f);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}
__device__ __forceinline__ float number_of(u32 order) {
    return __uint_as_float(order & 0x80000000u ? order & 0x7fffffffu : ~order);
}

__device__ __forceinline__ u64 warp_sum(u64 x) {
    for (int distance = 16; distance > 0; distance /= 2) x += __shfl_xor_sync(ALL_LANES, x, distance);
    return x;
}

// The sum over the block of 1024, in all threads.
__device__ __forceinline__ u64 block_sum(u64 x) {
    __shared__ u64 sums[WARPS];
    x = warp_sum(x);
    __syncthreads();
    if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = x;
    __syncthreads();
    return warp_sum(sums[threadIdx.x % 32]);
}

__device__ __forceinline__ float block_max(float x) {
    __shared__ float most[WARPS];
    x = warp_max(x);
    __syncthreads();
    if (threadIdx.x % 32 == 0) most[threadIdx.x / 32] = x;
    __syncthreads();
    return warp_max(most[threadIdx.x % 32]);
}

// A row of scores after the penalty.
struct Scores {
    const T* of;
    const u32* seen;
    u32 columns;
    float penalty;

    __device__ __forceinline__ float penalised(float x, u32 i) const {
#if PENALTY
        if (seen[i / 32] >> i % 32 & 1) return x > 0.0f ? x / penalty : x * penalty;
#endif
        return x;
    }

    // Calls f(token, score before the penalty, score after it) for VECTOR tokens from i on, as far as there are any.
    template <class F> __device__ __forceinline__ void each(u32 i, F f) const {
        if (i + VECTOR <= columns) {
            float x[VECTOR];
            load(x, of + i);
#pragma unroll
            for (int j = 0; j < VECTOR; ++j) f(i + j, x[j], penalised(x[j], i + j));
        } else {
#pragma unroll 1
            for (u32 j = i; j < columns; ++j) {
                const float x = to_float(of[j]);
                f(j, x, penalised(x, j));
            }
        }
    }

    // The same for all of the block's share of tokens.
    template <class F> __device__ __forceinline__ void all(F f) const {
#pragma unroll 1
        for (u32 i = threadIdx.x * VECTOR; i < columns; i += blockDim.x * VECTOR) each(i, f);
    }
};

// How scores become weights.
struct Scale {
    float largest, factor;

    __device__ __forceinline__ u64 weight(float x) const {
        return (u64)(exp2_fast((x - largest) * factor) * 1099511627776.0f);
    }
};

// What is kept: tokens whose order is above a bound, and the first few of those at it.
struct Cut {
    u32 order;
    u64 equals;
};

// In a histogram whose highest bin comes first, finds the bin in which `wanted` is reached by the sum, and takes what
// is above it off `wanted`. All threads of the block must call it.
__device__ __forceinline__ u32 find_bin(const u64* bins, u32 count, u64& wanted) {
    __shared__ u64 left;
    __shared__ u32 found;
    __syncthreads();
    if (threadIdx.x < 32) {
        const u32 lane = threadIdx.x, share = count / 32;
        u64 sum = 0;
        for (u32 i = 0; i < share; ++i) sum += bins[lane * share + i];
        u64 until = sum;
        for (int distance = 1; distance < 32; distance *= 2) {
            const u64 before = __shfl_up_sync(ALL_LANES, until, distance);
            if (lane >= (u32)distance) until += before;
        }
        // The last bin takes what rounding leaves over.
        if ((until >= wanted && until - sum < wanted) || (lane == 31 && until < wanted)) {
            u64 above = until - sum;
            u32 bin = lane * share;
            while (bin + 1 < (lane + 1) * share && above + bins[bin] < wanted) above += bins[bin++];
            left = wanted - above;
            found = bin;
        }
    }
    __syncthreads();
    wanted = left;
    return found;
}

// The cut at which the sum of amount(score) over the tokens above it, most likely first, reaches `wanted` (at least
// 1), where one token's amount is never below that of a less likely one.
template <class Amount>
__device__ __forceinline__ Cut find_cut(const Scores& scores, float largest, float smallest, u64 wanted, u64* bins,
                                        Amount amount) {
    const float spread = largest - smallest, factor = spread > 0.0f ? (STEPS - 1) / spread : 0.0f;
    const auto step_of = [&](float x) { return (u32)fminf(fmaxf((largest - x) * factor, 0.0f), STEPS - 1.0f); };
    __syncthreads();
    for (u32 i = threadIdx.x; i < STEPS; i += blockDim.x) bins[i] = 0;
    __syncthreads();
    scores.all([&](u32, float, float x) {
        const u64 of = amount(x);
        if (of > 0) atomicAdd(&bins[step_of(x)], of);
    });
    const u32 step = find_bin(bins, STEPS, wanted);
    u32 order = 0;
#pragma unroll 1
    for (int shift = 24; shift >= 0; shift -= 8) {
        __syncthreads();
        for (u32 i = threadIdx.x; i < 256; i += blockDim.x) bins[i] = 0;
        __syncthreads();
        scores.all([&](u32, float, float x) {
            const u32 bits = order_of(x);
            // The bits found so far must be the same.
            const bool same = shift == 24 || (bits ^ order) >> (shift + 8) % 32 == 0;
            if (same && step_of(x) == step) atomicAdd(&bins[255 - (bits >> shift & 255)], amount(x));
        });
        order |= (255 - find_bin(bins, 256, wanted)) << shift;
    }
    const u64 each = amount(number_of(order));
    return {order, each > 0 ? (wanted + each - 1) / each : 1};
}

__device__ __forceinline__ Cut stricter(Cut a, Cut b) {
    if (a.order != b.order) return a.order > b.order ? a : b;
    return a.equals < b.equals ? a : b;
}

// The first token at which the sum of amount(token, score), in the order of the tokens, passes `wanted`. Every warp
// adds up a share of the vocabulary; the one in whose share it lies goes through it again.
template <class Amount>
__device__ __forceinline__ u32 find_token(const Scores& scores, u64 wanted, Amount amount) {
    __shared__ u64 of_warps[WARPS];
    __shared__ u32 found;
    constexpr u32 STRIDE = 32 * VECTOR;
    const u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const u32 share = (scores.columns + WARPS * STRIDE - 1) / (WARPS * STRIDE) * STRIDE;
    const u32 first = warp * share, end = min(first + share, scores.columns);
    const auto sum_at = [&](u32 i) {
        u64 sum = 0;
        scores.each(i, [&](u32 token, float, float x) { sum += amount(token, x); });
        return sum;
    };
    u64 sum = 0;
#pragma unroll 1
    for (u32 i = first + lane * VECTOR; i < end; i += STRIDE) sum += sum_at(i);
    sum = warp_sum(sum);
    __syncthreads();
    if (lane == 0) of_warps[warp] = sum;
    if (threadIdx.x == 0) found = 0;
    __syncthreads();
    u64 before = 0;
    for (u32 other = 0; other < warp; ++other) before += of_warps[other];
    if (before <= wanted && wanted - before < sum) {
        u64 left = wanted - before;
#pragma unroll 1
        for (u32 start = first; start < end; start += STRIDE) {
            const u32 i = start + lane * VECTOR;
            const u64 own = i < end ? sum_at(i) : 0;
            u64 until = own;
            for (int distance = 1; distance < 32; distance *= 2) {
                const u64 other = __shfl_up_sync(ALL_LANES, until, distance);
                if (lane >= (u32)distance) until += other;
            }
            if (until > left && until - own <= left) {
                u64 rest = left - (until - own);
                bool open = true;
                scores.each(i, [&](u32 token, float, float x) {
                    const u64 of = amount(token, x);
                    if (open && of > rest) {
                        found = token;
                        open = false;
                    }
                    rest -= open ? of : 0;
                });
            }
            const u64 all = __shfl_sync(ALL_LANES, until, 31);
            if (all > left) break;
            left -= all;
        }
    }
    __syncthreads();
    return found;
}

// Marks the tokens that the penalty meets, one bit each.
__device__ __forceinline__ void mark_seen(u32* marks, const u32* seen, u32 count, u32 columns) {
    for (u32 i = threadIdx.x; i < (columns + 31) / 32; i += blockDim.x) marks[i] = 0;
    __syncthreads();
    for (u32 i = threadIdx.x; i < count; i += blockDim.x)
        if (seen[i] < columns) atomicOr(&marks[seen[i] / 32], 1u << seen[i] % 32);
    __syncthreads();
}

// The first of the most likely tokens.
__device__ __forceinline__ u32 first_of_largest(const Scores& scores, float largest) {
    __shared__ u32 found;
    if (threadIdx.x == 0) found = scores.columns - 1;
    __syncthreads();
    scores.all([&](u32 token, float, float x) {
        if (x == largest) atomicMin(&found, token);
    });
    __syncthreads();
    return found;
}

__device__ __forceinline__ u32 draw(const Scores& scores, const DrawRow& row, float largest, float smallest,
                                    u64* bins) {
    const Scale scale = {largest, LOG2_E / row.temperature};
    Cut cut = {0, ~0ull};
    if (row.top_k > 0 && row.top_k < scores.columns)
        cut = find_cut(scores, largest, smallest, row.top_k, bins, [](float) -> u64 { return 1; });
    if (row.top_p < 1.0f) {
        u64 total = 0;
        scores.all([&](u32, float, float x) { total += scale.weight(x); });
        total = block_sum(total);
        const u64 wanted = (u64)((double)total * (double)row.top_p);
        const auto weight = [&](float x) { return scale.weight(x); };
        cut = stricter(cut, find_cut(scores, largest, smallest, wanted > 0 ? wanted : 1, bins, weight));
    }
    u32 last = scores.columns;
    u64 above = 0, equals = 0;
    scores.all([&](u32, float, float x) {
        const u32 order = order_of(x);
        above += order > cut.order ? scale.weight(x) : 0;
        equals += order == cut.order;
    });
    above = block_sum(above);
    equals = block_sum(equals);
    if (cut.equals < equals) {
        last = find_token(scores, cut.equals - 1, [&](u32, float x) -> u64 { return order_of(x) == cut.order; });
        equals = cut.equals;
    }
    const u64 total = above + (equals > 0 ? equals * scale.weight(number_of(cut.order)) : 0);
    const u64 bits = (u64)row.uniform_high << 32 | row.uniform_low;
    const u64 share = (u64)(__longlong_as_double((long long)bits) * (double)total);
    return find_token(scores, min(share, total - 1), [&](u32 token, float x) -> u64 {
        const u32 order = order_of(x);
        return order > cut.order || (order == cut.order && token <= last) ? scale.weight(x) : 0;
    });
}

extern "C" __global__ void __launch_bounds__(1024, 1)
    draw_tokens(const T* all_scores, const u32* rows, const u32* seen, u32* ids, float* logprobs,
                const __grid_constant__ DrawParams p) {
    DYNAMIC_SHARED(memory);
    __shared__ u64 bins[STEPS];
    const DrawRow row = reinterpret_cast<const DrawRow*>(rows)[blockIdx.x];
    if (!row.active) {
        if (threadIdx.x == 0) {
            ids[blockIdx.x] = 0;
            logprobs[blockIdx.x] = 0.0f;
        }
        return;
    }
    u32* const marks = reinterpret_cast<u32*>(memory);
#if PENALTY
    mark_seen(marks, seen + row.seen_first, row.seen_count, p.columns);
#endif
    const Scores scores = {all_scores + (size_t)row.scores * p.pitch, marks, p.columns, row.penalty};
    float largest = -INFINITE, of_penalised = -INFINITE, smallest = INFINITE;
    scores.all([&](u32, float before, float after) {
        largest = fmaxf(largest, before);
        of_penalised = fmaxf(of_penalised, after);
        // Tokens that are masked out do not spread the steps.
        if (after > -INFINITE) smallest = fminf(smallest, after);
    });
    largest = block_max(largest);
    of_penalised = block_max(of_penalised);
    smallest = -block_max(-smallest);
    const bool greedy = row.temperature <= 0.0f;
    const float inverse = greedy ? 1.0f : 1.0f / row.temperature;
    float sum = 0.0f;
    scores.all([&](u32, float before, float) { sum += exp2_fast((before - largest) * inverse * LOG2_E); });
    sum = block_sum(sum);
    const u32 token = greedy ? first_of_largest(scores, of_penalised) : draw(scores, row, of_penalised, smallest, bins);
    if (threadIdx.x > 0) return;
    ids[blockIdx.x] = token;
    logprobs[blockIdx.x] = (to_float(scores.of[token]) - largest) * inverse - logf(sum);
}
