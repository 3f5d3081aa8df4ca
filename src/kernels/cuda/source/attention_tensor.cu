// Softmax attention on tensor cores, forward, bf16 in and out.
//
// query, output [tokens, query_heads * HEAD_DIM], key, value [tokens, key_heads * HEAD_DIM] or a cache; log_sums f32
// [query_heads, tokens]. A block has 64 queries of one head, a warp 16 of them. Tiles of 64 keys are copied while the
// ones before are worked on; scores stay in registers, under a running maximum.

constexpr int QUERIES = 64, KEYS = 64;

// Scores to weights: hides what is not seen, moves the maxima of the lane's two rows, and scales what was summed.
__device__ __forceinline__ void weigh(float (&scores)[KEYS / 8][4], float (&sums)[2], float (&largest)[2],
                                      float (&output)[COLUMNS][4], const QueryTile& tile, int start, float scale) {
    const int lane = threadIdx.x % 32, row = threadIdx.x / 32 * 16 + lane / 4;
    const bool hides = start + KEYS > tile.total || start + KEYS - 1 > tile.limit + row;
    float most[2] = {largest[0], largest[1]};
#pragma unroll
    for (int n = 0; n < KEYS / 8; ++n)
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const int key = start + n * 8 + lane % 4 * 2 + i % 2;
            if (hides && (key >= tile.total || key > tile.limit + row + i / 2 * 8)) scores[n][i] = -INFINITE;
            most[i / 2] = fmaxf(most[i / 2], scores[n][i]);
        }
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        most[half] = fmaxf(most[half], __shfl_xor_sync(ALL_LANES, most[half], 1));
        most[half] = fmaxf(most[half], __shfl_xor_sync(ALL_LANES, most[half], 2));
        // Where nothing is seen yet, any finite number does.
        const float old = largest[half], base = most[half] == -INFINITE ? 0.0f : most[half];
        const float shrink = exp2_fast((old - base) * scale);
        largest[half] = most[half];
        sums[half] *= shrink;
#pragma unroll
        for (int n = 0; n < COLUMNS; ++n)
#pragma unroll
            for (int i = 0; i < 2; ++i) output[n][2 * half + i] *= shrink;
#pragma unroll
        for (int n = 0; n < KEYS / 8; ++n)
#pragma unroll
            for (int i = 0; i < 2; ++i) {
                float& score = scores[n][2 * half + i];
                score = exp2_fast((score - base) * scale);
                sums[half] += score;
            }
    }
}

extern "C" __global__ void __launch_bounds__(128)
    attention_forward(const bf16* query, const bf16* key, const bf16* value,
#if SPAN != 1
                      const u32* tiles,
#endif
                      bf16* output,
#if SPAN != 2
                      float* log_sums,
#endif
                      const __grid_constant__ AttentionParams p) {
    DYNAMIC_SHARED(memory);
#if SPAN == 1
    const u32* tiles = nullptr;
#endif
    bf16* const queries = reinterpret_cast<bf16*>(memory);
    const u32 head = blockIdx.y, key_head = head / (p.query_heads / p.key_heads);
    const QueryTile tile = query_tile<QUERIES>(tiles, p);
    query += (size_t)tile.first * p.query_pitch + head * HEAD_DIM;
    key += head_offset(key_head, p);
    value += head_offset(key_head, p);

    // Two stages of keys, then two of values.
    const auto keys_at = [&](int stage) { return queries + (QUERIES + stage * KEYS) * ROW; };
    const auto values_at = [&](int stage) { return queries + (QUERIES + (2 + stage) * KEYS) * ROW; };
    const auto copy_keys = [&](int start, int stage) {
        copy_rows<KEYS>(keys_at(stage), key, [&](int row) {
            return start + row < tile.total ? key + (size_t)tile.place(start + row) * p.key_pitch : nullptr;
        });
        copy_rows<KEYS>(values_at(stage), value, [&](int row) {
            return start + row < tile.total ? value + (size_t)tile.place(start + row) * p.value_pitch : nullptr;
        });
    };
    copy_rows<QUERIES>(queries, query, [&](int row) {
        return row < (int)tile.count ? query + (size_t)row * p.query_pitch : nullptr;
    });
    copy_keys(0, 0);
    copy_commit();

    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    float sums[2] = {}, largest[2] = {-INFINITE, -INFINITE}, mixed[COLUMNS][4] = {};
    for (int start = 0, stage = 0; start < tile.total; start += KEYS, stage = 1 - stage) {
        if (start + KEYS < tile.total) copy_keys(start + KEYS, 1 - stage);
        copy_commit();
        copy_wait<1>();
        __syncthreads();
        float scores[KEYS / 8][4] = {};
        multiply_transposed<KEYS / 16>(scores, queries + warp * 16 * ROW, keys_at(stage));
        weigh(scores, sums, largest, mixed, tile, start, p.scale * LOG2_E);
        multiply_rows<KEYS / 16>(mixed, scores, values_at(stage));
        __syncthreads();
    }

#pragma unroll
    for (int half = 0; half < 2; ++half) {
        sums[half] += __shfl_xor_sync(ALL_LANES, sums[half], 1);
        sums[half] += __shfl_xor_sync(ALL_LANES, sums[half], 2);
        const u32 row = warp * 16 + lane / 4 + half * 8;
        if (row >= tile.count) continue;
        const float inverse = sums[half] > 0.0f ? 1.0f / sums[half] : 0.0f;
        bf16* to = output + (size_t)(tile.first + row) * p.output_pitch + head * HEAD_DIM + lane % 4 * 2;
#pragma unroll
        for (int n = 0; n < COLUMNS; ++n)
            *reinterpret_cast<u32*>(to + n * 8) =
                bf16_pair(mixed[n][2 * half] * inverse, mixed[n][2 * half + 1] * inverse);
#if SPAN != 2
        if (lane % 4 == 0)
            log_sums[(size_t)head * p.tokens + tile.first + row] = largest[half] * p.scale + logf(sums[half]);
#endif
    }
}
