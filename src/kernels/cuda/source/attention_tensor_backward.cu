// The gradients of softmax attention on tensor cores, bf16 in and out, without atomics: one kernel for the queries
// and one for keys and values, which both make the weights again from the logarithms of their sums.
//
// query, d_output, d_query [tokens, query_heads * HEAD_DIM], key, value, d_key, d_value [tokens, key_heads *
// HEAD_DIM]; log_sums, delta f32 [query_heads, tokens], where delta is the product of an output and its gradient.
// With weights w = exp(scale q k - log_sum): d_score = w (d_output v - delta), d_query = scale d_score k,
// d_key = scale d_score q, d_value = w d_output.

// A block has 64 rows that stay, and passes 32 others at a time; a warp has 16 of the 64.
constexpr int STAY = 64, PASS = 32;

// The two matrices that stay, then two stages of the two that pass.
__device__ __forceinline__ bf16* passing(bf16* memory, int stage, int which) {
    return memory + (2 * STAY + (2 * stage + which) * PASS) * ROW;
}

// Writes 16 rows of accumulators, times a factor.
__device__ __forceinline__ void write_rows(bf16* to, size_t pitch, u32 count, const float (&rows)[COLUMNS][4],
                                           float factor) {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        const u32 row = threadIdx.x / 32 * 16 + lane / 4 + half * 8;
        if (row >= count) continue;
#pragma unroll
        for (int n = 0; n < COLUMNS; ++n)
            *reinterpret_cast<u32*>(to + row * pitch + n * 8 + lane % 4 * 2) =
                bf16_pair(rows[n][2 * half] * factor, rows[n][2 * half + 1] * factor);
    }
}

#define GRADIENT_INPUTS                                                                                               \
    const bf16 *query, const bf16 *key, const bf16 *value, const bf16 *d_output, const float *log_sums,               \
        const float *delta

#ifdef ENTRY_attention_backward_query
extern "C" __global__ void __launch_bounds__(128)
    attention_backward_query(GRADIENT_INPUTS,
#if SPAN == 0
                             const u32* tiles,
#endif
                             bf16* d_query, const __grid_constant__ AttentionParams p) {
    DYNAMIC_SHARED(bytes);
#if SPAN != 0
    const u32* tiles = nullptr;
#endif
    bf16* const memory = reinterpret_cast<bf16*>(bytes);
    const u32 head = blockIdx.y, key_head = head / (p.query_heads / p.key_heads);
    const QueryTile tile = query_tile<STAY>(tiles, p);
    query += (size_t)tile.first * p.query_pitch + head * HEAD_DIM;
    d_output += (size_t)tile.first * p.output_pitch + head * HEAD_DIM;
    key += head_offset(key_head, p);
    value += head_offset(key_head, p);
    const auto copy_keys = [&](int start, int stage) {
        copy_rows<PASS>(passing(memory, stage, 0), key, [&](int row) {
            return start + row < tile.total ? key + (size_t)tile.place(start + row) * p.key_pitch : nullptr;
        });
        copy_rows<PASS>(passing(memory, stage, 1), value, [&](int row) {
            return start + row < tile.total ? value + (size_t)tile.place(start + row) * p.value_pitch : nullptr;
        });
    };
    copy_rows<STAY>(memory, query, [&](int row) {
        return row < (int)tile.count ? query + (size_t)row * p.query_pitch : nullptr;
    });
    copy_rows<STAY>(memory + STAY * ROW, d_output, [&](int row) {
        return row < (int)tile.count ? d_output + (size_t)row * p.output_pitch : nullptr;
    });
    copy_keys(0, 0);
    copy_commit();

    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const float scale = p.scale * LOG2_E;
    float log_sum[2] = {}, of_delta[2] = {}, gradient[COLUMNS][4] = {};
    for (int half = 0; half < 2; ++half) {
        const u32 row = warp * 16 + lane / 4 + half * 8;
        if (row >= tile.count) continue;
        log_sum[half] = log_sums[(size_t)head * p.tokens + tile.first + row] * LOG2_E;
        of_delta[half] = delta[(size_t)head * p.tokens + tile.first + row];
    }
    for (int start = 0, stage = 0; start < tile.total; start += PASS, stage = 1 - stage) {
        if (start + PASS < tile.total) copy_keys(start + PASS, 1 - stage);
        copy_commit();
        copy_wait<1>();
        __syncthreads();
        float scores[PASS / 8][4] = {}, products[PASS / 8][4] = {};
        multiply_transposed<PASS / 16>(scores, memory + warp * 16 * ROW, passing(memory, stage, 0));
        multiply_transposed<PASS / 16>(products, memory + (STAY + warp * 16) * ROW, passing(memory, stage, 1));
#pragma unroll
        for (int n = 0; n < PASS / 8; ++n)
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const int seen = start + n * 8 + lane % 4 * 2 + i % 2, row = warp * 16 + lane / 4 + i / 2 * 8;
                const bool sees = seen < tile.total && seen <= tile.limit + row;
                const float weight = sees ? exp2_fast(scores[n][i] * scale - log_sum[i / 2]) : 0.0f;
                scores[n][i] = weight * (products[n][i] - of_delta[i / 2]);
            }
        multiply_rows<PASS / 16>(gradient, scores, passing(memory, stage, 0));
        __syncthreads();
    }
    d_query += (size_t)tile.first * p.other_pitch + head * HEAD_DIM;
    write_rows(d_query, p.other_pitch, tile.count, gradient, p.scale);
}
#endif

#ifdef ENTRY_attention_backward_keys
// A block has 64 keys of one head, and passes the queries of all heads that read it.
extern "C" __global__ void __launch_bounds__(128)
    attention_backward_keys(GRADIENT_INPUTS,
#if SPAN == 0
                            const u32* tiles,
#endif
                            bf16* d_key, bf16* d_value, const __grid_constant__ AttentionParams p) {
    DYNAMIC_SHARED(bytes);
    __shared__ float of_queries[2][2][PASS];
#if SPAN != 0
    const u32* tiles = nullptr;
#endif
    bf16* const memory = reinterpret_cast<bf16*>(bytes);
    const u32 key_head = blockIdx.y, group = p.query_heads / p.key_heads;
    const KeyTile tile = key_tile<STAY>(tiles, p);
    key += (size_t)tile.first * p.key_pitch + key_head * HEAD_DIM;
    value += (size_t)tile.first * p.value_pitch + key_head * HEAD_DIM;
    // Step s passes tile s % passes of the queries of head s / passes of the group.
    const u32 passes = (tile.end - tile.queries + PASS - 1) / PASS, steps = passes * group;
    const auto copy_queries = [&](u32 step, int stage) {
        const u32 head = key_head * group + step / passes, first = tile.queries + step % passes * PASS;
        copy_rows<PASS>(passing(memory, stage, 0), query, [&](int row) {
            return first + row < tile.end ? query + (size_t)(first + row) * p.query_pitch + head * HEAD_DIM : nullptr;
        });
        copy_rows<PASS>(passing(memory, stage, 1), d_output, [&](int row) {
            return first + row < tile.end ? d_output + (size_t)(first + row) * p.output_pitch + head * HEAD_DIM
                                          : nullptr;
        });
        if (threadIdx.x < 2 * PASS) {
            const u32 row = first + threadIdx.x % PASS, which = threadIdx.x / PASS;
            const float* from = which == 0 ? log_sums : delta;
            of_queries[stage][which][threadIdx.x % PASS] =
                row < tile.end ? from[(size_t)head * p.tokens + row] * (which == 0 ? LOG2_E : 1.0f) : 0.0f;
        }
    };
    copy_rows<STAY>(memory, key, [&](int row) {
        return row < (int)tile.count ? key + (size_t)row * p.key_pitch : nullptr;
    });
    copy_rows<STAY>(memory + STAY * ROW, value, [&](int row) {
        return row < (int)tile.count ? value + (size_t)row * p.value_pitch : nullptr;
    });
    copy_queries(0, 0);
    copy_commit();

    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const float scale = p.scale * LOG2_E;
    float of_key[COLUMNS][4] = {}, of_value[COLUMNS][4] = {};
    for (u32 step = 0, stage = 0; step < steps; ++step, stage = 1 - stage) {
        if (step + 1 < steps) copy_queries(step + 1, 1 - stage);
        copy_commit();
        copy_wait<1>();
        __syncthreads();
        // Rows are keys here, and columns are queries.
        const u32 first = tile.queries + step % passes * PASS;
        float weights[PASS / 8][4] = {}, products[PASS / 8][4] = {};
        multiply_transposed<PASS / 16>(weights, memory + warp * 16 * ROW, passing(memory, stage, 0));
        multiply_transposed<PASS / 16>(products, memory + (STAY + warp * 16) * ROW, passing(memory, stage, 1));
#pragma unroll
        for (int n = 0; n < PASS / 8; ++n)
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const u32 column = n * 8 + lane % 4 * 2 + i % 2, row = warp * 16 + lane / 4 + i / 2 * 8;
                const bool sees = tile.sees(first + column, tile.first + row);
                weights[n][i] = sees ? exp2_fast(weights[n][i] * scale - of_queries[stage][0][column]) : 0.0f;
                products[n][i] = weights[n][i] * (products[n][i] - of_queries[stage][1][column]);
            }
        multiply_rows<PASS / 16>(of_value, weights, passing(memory, stage, 1));
        multiply_rows<PASS / 16>(of_key, products, passing(memory, stage, 0));
        __syncthreads();
    }
    d_key += (size_t)tile.first * p.other_pitch + key_head * HEAD_DIM;
    d_value += (size_t)tile.first * p.d_value_pitch + key_head * HEAD_DIM;
    write_rows(d_key, p.other_pitch, tile.count, of_key, p.scale);
    write_rows(d_value, p.d_value_pitch, tile.count, of_value, 1.0f);
}
#endif
