// Attention of one new position per row over the cache, on tensor cores, bf16; split over the length.
//
// query [rows, query_heads * HEAD_DIM], cached keys and values [rows, key_heads, capacity, HEAD_DIM], starts [rows];
// partial f32 [rows, query_heads, splits, HEAD_DIM + 2]: a weighted sum of values, the largest score (in powers of
// two), and the sum of weights. A block has one split of one key head of a row, and up to 16 query heads that read it,
// which are the rows of its products: the cache is read once for all of them. Each of four warps has 16 of 64 keys.

constexpr int HEADS = 16, KEYS = 64, WARPS = 4, JOINED = HEAD_DIM + 2;

struct DecodeParams {
    u32 query_heads, key_heads, capacity, query_pitch, output_pitch, length, splits, chunk;
    float scale;
};

// Scores of 16 heads and the warp's 16 keys to weights, under a running maximum.
__device__ __forceinline__ void weigh(float (&scores)[2][4], float (&sums)[2], float (&largest)[2],
                                      float (&mixed)[COLUMNS][4], u32 first, u32 end, float scale) {
    const u32 lane = threadIdx.x % 32;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        float most = largest[half];
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            float& score = scores[i / 2][2 * half + i % 2];
            const bool seen = first + i / 2 * 8 + lane % 4 * 2 + i % 2 < end;
            score = seen ? score * scale : -INFINITE;
            most = fmaxf(most, score);
        }
        most = fmaxf(most, __shfl_xor_sync(ALL_LANES, most, 1));
        most = fmaxf(most, __shfl_xor_sync(ALL_LANES, most, 2));
        const float base = most == -INFINITE ? 0.0f : most, shrink = exp2_fast(largest[half] - base);
        largest[half] = most;
        sums[half] *= shrink;
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            float& score = scores[i / 2][2 * half + i % 2];
            score = exp2_fast(score - base);
            sums[half] += score;
        }
#pragma unroll
        for (int n = 0; n < COLUMNS; ++n) {
            mixed[n][2 * half] *= shrink;
            mixed[n][2 * half + 1] *= shrink;
        }
    }
}

// Leaves the warp's sums in shared memory, [WARPS, HEADS, JOINED].
__device__ __forceinline__ void leave_sums(float* joined, float (&sums)[2], const float (&largest)[2],
                                           const float (&mixed)[COLUMNS][4]) {
    const u32 lane = threadIdx.x % 32;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        sums[half] += __shfl_xor_sync(ALL_LANES, sums[half], 1);
        sums[half] += __shfl_xor_sync(ALL_LANES, sums[half], 2);
        float* to = joined + (threadIdx.x / 32 * HEADS + lane / 4 + half * 8) * JOINED;
#pragma unroll
        for (int n = 0; n < COLUMNS; ++n)
#pragma unroll
            for (int i = 0; i < 2; ++i) to[n * 8 + lane % 4 * 2 + i] = mixed[n][2 * half + i];
        if (lane % 4 == 0) {
            to[HEAD_DIM] = largest[half];
            to[HEAD_DIM + 1] = sums[half];
        }
    }
}

extern "C" __global__ void __launch_bounds__(128)
    decode_attention(const bf16* query, const bf16* cached_keys, const bf16* cached_values, const u32* starts,
                     float* partial, const __grid_constant__ DecodeParams p) {
    DYNAMIC_SHARED(memory);
    bf16* const queries = reinterpret_cast<bf16*>(memory);
    const u32 row = blockIdx.x, group = p.query_heads / p.key_heads, parts = (group + HEADS - 1) / HEADS;
    const u32 key_head = blockIdx.y / parts, of_group = blockIdx.y % parts * HEADS;
    const u32 head = key_head * group + of_group, heads = min((u32)HEADS, group - of_group);
    const u32 first = max(blockIdx.z * p.chunk, starts[row]), end = min((blockIdx.z + 1) * p.chunk, p.length);
    const size_t cache = ((size_t)row * p.key_heads + key_head) * p.capacity * HEAD_DIM;
    query += (size_t)row * p.query_pitch + head * HEAD_DIM;
    const bf16 *keys = cached_keys + cache, *values = cached_values + cache;

    const auto at = [&](int stage, int which) { return queries + (HEADS + (2 * stage + which) * KEYS) * ROW; };
    const auto copy_keys = [&](u32 start, int stage) {
        copy_rows<KEYS>(at(stage, 0), keys, [&](int i) {
            return start + i < end ? keys + (size_t)(start + i) * HEAD_DIM : nullptr;
        });
        copy_rows<KEYS>(at(stage, 1), values, [&](int i) {
            return start + i < end ? values + (size_t)(start + i) * HEAD_DIM : nullptr;
        });
    };
    copy_rows<HEADS>(queries, query, [&](int i) { return i < (int)heads ? query + i * HEAD_DIM : nullptr; });
    copy_keys(first, 0);
    copy_commit();

    const int warp = threadIdx.x / 32;
    float sums[2] = {}, largest[2] = {-INFINITE, -INFINITE}, mixed[COLUMNS][4] = {};
    for (u32 start = first, stage = 0; start < end; start += KEYS, stage = 1 - stage) {
        if (start + KEYS < end) copy_keys(start + KEYS, 1 - stage);
        copy_commit();
        copy_wait<1>();
        __syncthreads();
        float scores[2][4] = {};
        multiply_transposed<1>(scores, queries, at(stage, 0) + warp * 16 * ROW);
        weigh(scores, sums, largest, mixed, start + warp * 16, end, p.scale * LOG2_E);
        multiply_rows<1>(mixed, scores, at(stage, 1) + warp * 16 * ROW);
        __syncthreads();
    }
    copy_wait<0>();
    __syncthreads();
    float* const joined = reinterpret_cast<float*>(memory);
    leave_sums(joined, sums, largest, mixed);
    __syncthreads();
    partial += (((size_t)row * p.query_heads + head) * p.splits + blockIdx.z) * JOINED;
    for (u32 i = threadIdx.x; i < heads * JOINED; i += blockDim.x) {
        const u32 of_head = i / JOINED, column = i % JOINED;
        float most = -INFINITE, sum = 0.0f;
        for (int other = 0; other < WARPS; ++other)
            most = fmaxf(most, joined[(other * HEADS + of_head) * JOINED + HEAD_DIM]);
        for (int other = 0; other < WARPS; ++other) {
            const float* of = joined + (other * HEADS + of_head) * JOINED;
            if (of[HEAD_DIM] > -INFINITE) sum += of[column] * exp2_fast(of[HEAD_DIM] - most);
        }
        partial[(size_t)of_head * p.splits * JOINED + column] = column == HEAD_DIM ? most : sum;
    }
}
