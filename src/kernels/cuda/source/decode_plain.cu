// Attention of one new position per row over the cache, in f32 arithmetic, and the joining of its splits; for f32,
// and for heads that do not fit tensor cores.
//
// Shapes as in decode_tensor.cu. A block has one split of one query head of a row; a warp every fourth key of it, and
// a lane every 32nd feature.

typedef Number<T_BF16>::Type T;

constexpr int WARPS = 4, JOINED = HEAD_DIM + 2, SHARE = (HEAD_DIM + 31) / 32;

struct DecodeParams {
    u32 query_heads, key_heads, capacity, query_pitch, output_pitch, length, splits, chunk;
    float scale;
};

#ifdef ENTRY_decode_attention
extern "C" __global__ void __launch_bounds__(128)
    decode_attention(const T* query, const T* cached_keys, const T* cached_values, const u32* starts, float* partial,
                     const __grid_constant__ DecodeParams p) {
    __shared__ float joined[WARPS][JOINED];
    const u32 row = blockIdx.x, head = blockIdx.y, key_head = head / (p.query_heads / p.key_heads);
    const u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const u32 first = max(blockIdx.z * p.chunk, starts[row]), end = min((blockIdx.z + 1) * p.chunk, p.length);
    const size_t cache = ((size_t)row * p.key_heads + key_head) * p.capacity * HEAD_DIM;
    float of_query[SHARE], mixed[SHARE] = {}, largest = -INFINITE, sum = 0.0f;
#pragma unroll
    for (int i = 0; i < SHARE; ++i) {
        const u32 d = lane + 32 * i;
        of_query[i] = d < HEAD_DIM ? to_float(query[(size_t)row * p.query_pitch + head * HEAD_DIM + d]) : 0.0f;
    }
    for (u32 position = first + warp; position < end; position += WARPS) {
        const T* key = cached_keys + cache + (size_t)position * HEAD_DIM;
        const T* value = cached_values + cache + (size_t)position * HEAD_DIM;
        float score = 0.0f;
#pragma unroll
        for (int i = 0; i < SHARE; ++i)
            if (lane + 32 * i < HEAD_DIM) score += of_query[i] * to_float(key[lane + 32 * i]);
        score = warp_sum(score) * p.scale * LOG2_E;
        const float most = fmaxf(largest, score), shrink = exp2_fast(largest - most), weight = exp2_fast(score - most);
        largest = most;
        sum = sum * shrink + weight;
#pragma unroll
        for (int i = 0; i < SHARE; ++i)
            if (lane + 32 * i < HEAD_DIM) mixed[i] = mixed[i] * shrink + weight * to_float(value[lane + 32 * i]);
    }
#pragma unroll
    for (int i = 0; i < SHARE; ++i)
        if (lane + 32 * i < HEAD_DIM) joined[warp][lane + 32 * i] = mixed[i];
    if (lane == 0) {
        joined[warp][HEAD_DIM] = largest;
        joined[warp][HEAD_DIM + 1] = sum;
    }
    __syncthreads();
    partial += (((size_t)row * p.query_heads + head) * p.splits + blockIdx.z) * JOINED;
    for (u32 column = threadIdx.x; column < JOINED; column += blockDim.x) {
        float most = -INFINITE, total = 0.0f;
        for (int other = 0; other < WARPS; ++other) most = fmaxf(most, joined[other][HEAD_DIM]);
        for (int other = 0; other < WARPS; ++other)
            if (joined[other][HEAD_DIM] > -INFINITE)
                total += joined[other][column] * exp2_fast(joined[other][HEAD_DIM] - most);
        partial[column] = column == HEAD_DIM ? most : total;
    }
}
#endif

#ifdef ENTRY_decode_combine
// output [rows, query_heads * HEAD_DIM]; zeros where nothing is seen. A block has one head of a row.
extern "C" __global__ void decode_combine(const float* partial, T* output, const __grid_constant__ DecodeParams p) {
    if (threadIdx.x >= HEAD_DIM) return;
    partial += ((size_t)blockIdx.x * p.query_heads + blockIdx.y) * p.splits * JOINED;
    float most = -INFINITE, weights = 0.0f, sum = 0.0f;
    for (u32 split = 0; split < p.splits; ++split) most = fmaxf(most, partial[split * JOINED + HEAD_DIM]);
    for (u32 split = 0; split < p.splits; ++split) {
        const float* of = partial + split * JOINED;
        if (of[HEAD_DIM] == -INFINITE) continue;
        const float scale = exp2_fast(of[HEAD_DIM] - most);
        weights += of[HEAD_DIM + 1] * scale;
        sum += of[threadIdx.x] * scale;
    }
    output += (size_t)blockIdx.x * p.output_pitch + blockIdx.y * HEAD_DIM;
    assign(output[threadIdx.x], weights > 0.0f ? sum / weights : 0.0f);
}
#endif
