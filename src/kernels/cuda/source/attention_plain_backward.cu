// The gradients of softmax attention in f32 arithmetic, without atomics; for f32, and for heads that do not fit tensor
// cores. Shapes and formulas as in attention_tensor_backward.cu.
//
// A block has 32 rows that stay and passes 32 others at a time. Eight threads share a row: each has every eighth of
// its scores, and every eighth feature of its gradients.

#ifdef ENTRY_attention_delta
// delta[head, token] = output . d_output; a warp has one token of one head.
extern "C" __global__ void attention_delta(const T* output, const T* d_output, float* delta,
                                           const __grid_constant__ AttentionParams p) {
    const size_t index = (size_t)blockIdx.x * 8 + threadIdx.x / 32;
    if (index >= (size_t)p.tokens * p.query_heads) return;
    const size_t token = index / p.query_heads, head = index % p.query_heads;
    output += token * p.output_pitch + head * HEAD_DIM;
    d_output += token * p.other_pitch + head * HEAD_DIM;
    float sum = 0.0f;
    for (int d = threadIdx.x % 32; d < HEAD_DIM; d += 32) sum += to_float(output[d]) * to_float(d_output[d]);
    sum = warp_sum(sum);
    if (threadIdx.x % 32 == 0) delta[head * p.tokens + token] = sum;
}
#endif

#define GRADIENT_INPUTS                                                                                               \
    const T *query, const T *key, const T *value, const T *d_output, const float *log_sums, const float *delta

#ifdef ENTRY_attention_backward_query
extern "C" __global__ void __launch_bounds__(256, 2)
    attention_backward_query(GRADIENT_INPUTS,
#if SPAN == 0
                             const u32* tiles,
#endif
                             T* d_query, const __grid_constant__ AttentionParams p) {
    DYNAMIC_SHARED(memory);
#if SPAN != 0
    const u32* tiles = nullptr;
#endif
    float* const queries = reinterpret_cast<float*>(memory);
    float* const gradients = queries + TILE * WIDE;
    float* const keys = gradients + TILE * WIDE;
    float* const values = keys + TILE * WIDE;
    float* const weights = values + TILE * WIDE;
    const u32 head = blockIdx.y, key_head = head / (p.query_heads / p.key_heads);
    const QueryTile tile = query_tile<TILE>(tiles, p);
    query += (size_t)tile.first * p.query_pitch + head * HEAD_DIM;
    d_output += (size_t)tile.first * p.output_pitch + head * HEAD_DIM;
    key += head_offset(key_head, p);
    value += head_offset(key_head, p);
    read_rows(queries, [&](int row) {
        return row < (int)tile.count ? query + (size_t)row * p.query_pitch : nullptr;
    });
    read_rows(gradients, [&](int row) {
        return row < (int)tile.count ? d_output + (size_t)row * p.output_pitch : nullptr;
    });
    const int row = threadIdx.x / 8, part = threadIdx.x % 8;
    const bool real = row < (int)tile.count;
    const size_t place = (size_t)head * p.tokens + tile.first + row;
    const float log_sum = real ? log_sums[place] : 0.0f, of_delta = real ? delta[place] : 0.0f;
    float sums[SHARE] = {};
    for (int start = 0; start < tile.total; start += TILE) {
        __syncthreads();
        read_rows(keys, [&](int row) {
            return start + row < tile.total ? key + (size_t)tile.place(start + row) * p.key_pitch : nullptr;
        });
        read_rows(values, [&](int row) {
            return start + row < tile.total ? value + (size_t)tile.place(start + row) * p.value_pitch : nullptr;
        });
        __syncthreads();
        float scores[4] = {}, products[4] = {};
        multiply_row(scores, queries + row * WIDE, keys);
        multiply_row(products, gradients + row * WIDE, values);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const int seen = start + part + 8 * i;
            const bool sees = seen < tile.total && seen <= tile.limit + row;
            const float weight = sees ? expf(scores[i] * p.scale - log_sum) : 0.0f;
            weights[row * SCORES + part + 8 * i] = weight * (products[i] - of_delta);
        }
        __syncwarp();
        add_rows(sums, weights + row * SCORES, keys);
    }
    if (real) write_row(d_query + (size_t)(tile.first + row) * p.other_pitch + head * HEAD_DIM, sums, p.scale);
}
#endif

#ifdef ENTRY_attention_backward_keys
// A block has 32 keys of one head, and passes the queries of all heads that read it.
extern "C" __global__ void __launch_bounds__(256, 2)
    attention_backward_keys(GRADIENT_INPUTS,
#if SPAN == 0
                            const u32* tiles,
#endif
                            T* d_key, T* d_value, const __grid_constant__ AttentionParams p) {
    DYNAMIC_SHARED(memory);
#if SPAN != 0
    const u32* tiles = nullptr;
#endif
    float* const keys = reinterpret_cast<float*>(memory);
    float* const values = keys + TILE * WIDE;
    float* const queries = values + TILE * WIDE;
    float* const gradients = queries + TILE * WIDE;
    float* const weights = gradients + TILE * WIDE;
    float* const d_scores = weights + TILE * SCORES;
    const u32 key_head = blockIdx.y, group = p.query_heads / p.key_heads;
    const KeyTile tile = key_tile<TILE>(tiles, p);
    key += (size_t)tile.first * p.key_pitch + key_head * HEAD_DIM;
    value += (size_t)tile.first * p.value_pitch + key_head * HEAD_DIM;
    read_rows(keys, [&](int row) { return row < (int)tile.count ? key + (size_t)row * p.key_pitch : nullptr; });
    read_rows(values, [&](int row) { return row < (int)tile.count ? value + (size_t)row * p.value_pitch : nullptr; });
    const int row = threadIdx.x / 8, part = threadIdx.x % 8;
    float of_key[SHARE] = {}, of_value[SHARE] = {};
    for (u32 head = key_head * group; head < (key_head + 1) * group; ++head)
        for (u32 first = tile.queries; first < tile.end; first += TILE) {
            __syncthreads();
            read_rows(queries, [&](int row) {
                return first + row < tile.end ? query + (size_t)(first + row) * p.query_pitch + head * HEAD_DIM
                                              : nullptr;
            });
            read_rows(gradients, [&](int row) {
                return first + row < tile.end ? d_output + (size_t)(first + row) * p.output_pitch + head * HEAD_DIM
                                              : nullptr;
            });
            __syncthreads();
            float scores[4] = {}, products[4] = {};
            multiply_row(scores, keys + row * WIDE, queries);
            multiply_row(products, values + row * WIDE, gradients);
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const u32 column = part + 8 * i;
                const size_t place = (size_t)head * p.tokens + first + column;
                float weight = 0.0f, of_delta = 0.0f;
                if (tile.sees(first + column, tile.first + row)) {
                    weight = expf(scores[i] * p.scale - log_sums[place]);
                    of_delta = delta[place];
                }
                weights[row * SCORES + column] = weight;
                d_scores[row * SCORES + column] = weight * (products[i] - of_delta);
            }
            __syncwarp();
            add_rows(of_value, weights + row * SCORES, gradients);
            add_rows(of_key, d_scores + row * SCORES, queries);
        }
    if (row >= (int)tile.count) return;
    write_row(d_key + (size_t)(tile.first + row) * p.other_pitch + key_head * HEAD_DIM, of_key, p.scale);
    write_row(d_value + (size_t)(tile.first + row) * p.d_value_pitch + key_head * HEAD_DIM, of_value, 1.0f);
}
#endif
