// Log-probability of one target per row of scores, with the entropy of the row's distribution, and the gradient.
//
// scores [rows, columns] over the vocabulary; of softmax(scores * inverse_temperature). One row a block, read once:
// every thread keeps a running maximum and the sums below it. T_BF16: how scores are stored. VECTOR: numbers per read,
// which divides the pitches (the last ones of a row are read one by one).

typedef Number<T_BF16>::Type T;

struct LogprobParams {
    u32 columns, pitch, gradient_pitch;
    float inverse_temperature;
};

// Over numbers x, in powers of two: the largest, the sum of 2^(x - largest), and of x times that.
struct Sums {
    float largest, weight, product;
};

// Adds N numbers under one maximum. A score of -inf has no weight and adds nothing to the entropy.
template <int N> __device__ __forceinline__ void add(Sums& sums, const float (&x)[N]) {
    float largest = sums.largest;
#pragma unroll
    for (int i = 0; i < N; ++i) largest = fmaxf(largest, x[i]);
    if (largest > sums.largest) {
        const float scale = exp2_fast(sums.largest - largest);
        sums = {largest, sums.weight * scale, sums.product * scale};
    }
#pragma unroll
    for (int i = 0; i < N; ++i) {
        const float weight = x[i] == -INFINITE ? 0.0f : exp2_fast(x[i] - largest);
        sums.weight += weight;
        sums.product += weight > 0.0f ? weight * x[i] : 0.0f;
    }
}

__device__ __forceinline__ Sums join(Sums a, Sums b) {
    const float largest = fmaxf(a.largest, b.largest);
    if (largest == -INFINITE) return a;
    const float of_a = exp2_fast(a.largest - largest), of_b = exp2_fast(b.largest - largest);
    return {largest, a.weight * of_a + b.weight * of_b, a.product * of_a + b.product * of_b};
}

__device__ __forceinline__ Sums join_warp(Sums sums) {
    for (int distance = 16; distance > 0; distance /= 2)
        sums = join(sums, {__shfl_xor_sync(ALL_LANES, sums.largest, distance),
                           __shfl_xor_sync(ALL_LANES, sums.weight, distance),
                           __shfl_xor_sync(ALL_LANES, sums.product, distance)});
    return sums;
}

#ifdef ENTRY_target_logprobs
extern "C" __global__ void target_logprobs(const T* scores, const u32* targets, float* logprobs, float* entropy,
                                           float* log_sums, const __grid_constant__ LogprobParams p) {
    __shared__ Sums of_warps[32];
    const size_t row = blockIdx.x;
    scores += row * p.pitch;
    Sums sums = {-INFINITE, 0.0f, 0.0f};
    const float scale = p.inverse_temperature * LOG2_E;
    const u32 whole = p.columns / VECTOR * VECTOR;
    for (u32 i = threadIdx.x * VECTOR; i < whole; i += blockDim.x * VECTOR) {
        float of[VECTOR];
        load(of, scores + i);
#pragma unroll
        for (int j = 0; j < VECTOR; ++j) of[j] *= scale;
        add(sums, of);
    }
    for (u32 i = whole + threadIdx.x; i < p.columns; i += blockDim.x) {
        const float of[1] = {to_float(scores[i]) * scale};
        add(sums, of);
    }
    sums = join_warp(sums);
    if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32] = sums;
    __syncthreads();
    if (threadIdx.x >= 32) return;
    sums = {-INFINITE, 0.0f, 0.0f};
    if (threadIdx.x < blockDim.x / 32) sums = of_warps[threadIdx.x];
    sums = join_warp(sums);
    if (threadIdx.x > 0) return;
    const float log_sum = sums.largest * LN_2 + logf(sums.weight);
    logprobs[row] = to_float(scores[targets[row]]) * p.inverse_temperature - log_sum;
    entropy[row] = log_sum - sums.product / sums.weight * LN_2;
    log_sums[row] = log_sum;
}
#endif

#ifdef ENTRY_target_logprobs_backward
// d_scores = d_logprob * inverse_temperature * ((column is the target) - probability); may overwrite the scores.
extern "C" __global__ void target_logprobs_backward(const T* scores, const u32* targets, const float* log_sums,
                                                    const float* d_logprobs, T* d_scores,
                                                    const __grid_constant__ LogprobParams p) {
    const size_t row = blockIdx.x;
    scores += row * p.pitch;
    d_scores += row * p.gradient_pitch;
    const float log_sum = log_sums[row], scale = d_logprobs[row] * p.inverse_temperature;
    const u32 target = targets[row], whole = p.columns / VECTOR * VECTOR;
    for (u32 i = threadIdx.x * VECTOR; i < whole; i += blockDim.x * VECTOR) {
        float of[VECTOR];
        load(of, scores + i);
#pragma unroll
        for (int j = 0; j < VECTOR; ++j) {
            const float probability = expf(of[j] * p.inverse_temperature - log_sum);
            of[j] = scale * ((i + j == target ? 1.0f : 0.0f) - probability);
        }
        store(d_scores + i, of);
    }
    for (u32 i = whole + threadIdx.x; i < p.columns; i += blockDim.x) {
        const float probability = expf(to_float(scores[i]) * p.inverse_temperature - log_sum);
        assign(d_scores[i], scale * ((i == target ? 1.0f : 0.0f) - probability));
    }
}
#endif
