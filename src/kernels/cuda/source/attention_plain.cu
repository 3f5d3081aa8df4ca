// Softmax attention in f32 arithmetic, forward; for f32, and for heads that do not fit tensor cores.
//
// Shapes as in attention_tensor.cu. A block has 32 queries of one head and passes 32 keys at a time. Eight threads
// share a query: each has every eighth key of its scores, and every eighth feature of its output.

// The largest, or the sum, of the eight threads of a query.
__device__ __forceinline__ float largest_of_query(float x) {
    for (int distance = 4; distance > 0; distance /= 2) x = fmaxf(x, __shfl_xor_sync(ALL_LANES, x, distance));
    return x;
}
__device__ __forceinline__ float sum_of_query(float x) {
    for (int distance = 4; distance > 0; distance /= 2) x += __shfl_xor_sync(ALL_LANES, x, distance);
    return x;
}

extern "C" __global__ void __launch_bounds__(256, 2)
    attention_forward(const T* query, const T* key, const T* value,
#if SPAN != 1
                      const u32* tiles,
#endif
                      T* output,
#if SPAN != 2
                      float* log_sums,
#endif
                      const __grid_constant__ AttentionParams p) {
    DYNAMIC_SHARED(memory);
#if SPAN == 1
    const u32* tiles = nullptr;
#endif
    float* const queries = reinterpret_cast<float*>(memory);
    float* const keys = queries + TILE * WIDE;
    float* const values = keys + TILE * WIDE;
    float* const weights = values + TILE * WIDE;
    const u32 head = blockIdx.y, key_head = head / (p.query_heads / p.key_heads);
    const QueryTile tile = query_tile<TILE>(tiles, p);
    query += (size_t)tile.first * p.query_pitch + head * HEAD_DIM;
    key += head_offset(key_head, p);
    value += head_offset(key_head, p);
    read_rows(queries, [&](int row) {
        return row < (int)tile.count ? query + (size_t)row * p.query_pitch : nullptr;
    });
    const int row = threadIdx.x / 8, part = threadIdx.x % 8;
    float sum = 0.0f, largest = -INFINITE, mixed[SHARE] = {};
    for (int start = 0; start < tile.total; start += TILE) {
        __syncthreads();
        read_rows(keys, [&](int row) {
            return start + row < tile.total ? key + (size_t)tile.place(start + row) * p.key_pitch : nullptr;
        });
        read_rows(values, [&](int row) {
            return start + row < tile.total ? value + (size_t)tile.place(start + row) * p.value_pitch : nullptr;
        });
        __syncthreads();
        float scores[4] = {}, most = largest;
        multiply_row(scores, queries + row * WIDE, keys);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const int seen = start + part + 8 * i;
            scores[i] = seen < tile.total && seen <= tile.limit + row ? scores[i] * p.scale : -INFINITE;
            most = fmaxf(most, scores[i]);
        }
        most = largest_of_query(most);
        const float base = most == -INFINITE ? 0.0f : most, shrink = expf(largest - base);
        largest = most;
        sum *= shrink;
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            scores[i] = expf(scores[i] - base);
            sum += scores[i];
            weights[row * SCORES + part + 8 * i] = scores[i];
        }
        __syncwarp();
#pragma unroll
        for (int i = 0; i < SHARE; ++i) mixed[i] *= shrink;
        add_rows(mixed, weights + row * SCORES, values);
    }
    sum = sum_of_query(sum);
    if (row >= (int)tile.count) return;
    const float inverse = sum > 0.0f ? 1.0f / sum : 0.0f;
    write_row(output + (size_t)(tile.first + row) * p.output_pitch + head * HEAD_DIM, mixed, inverse);
#if SPAN != 2
    if (part == 0) log_sums[(size_t)head * p.tokens + tile.first + row] = largest + logf(sum);
#endif
}
