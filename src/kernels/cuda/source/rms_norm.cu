// RMSNorm, one row a block, and its gradients.
//
// x [rows, columns], weight [columns], y [rows, columns], inverse [rows] (f32) = 1 / sqrt(mean(x^2) + epsilon).
// T_BF16, W_BF16: how x and y, and weight, are stored. VECTOR: numbers per read; it divides columns and pitches.
// A row is read twice, the second time from the nearest cache.

typedef Number<T_BF16>::Type T;
typedef Number<W_BF16>::Type W;

struct NormParams {
    u32 rows, columns, x_pitch, y_pitch;
    union {
        float epsilon;
        u32 dx_pitch;
        u32 rows_per_part;
    };
};

#ifdef ENTRY_rms_norm
extern "C" __global__ void rms_norm(const T* x, const W* weight, T* y, float* inverse,
                                    const __grid_constant__ NormParams p) {
    const size_t row = blockIdx.x;
    x += row * p.x_pitch;
    y += row * p.y_pitch;
    float squares = 0.0f;
    for (u32 i = threadIdx.x * VECTOR; i < p.columns; i += blockDim.x * VECTOR) {
        float of_x[VECTOR];
        load(of_x, x + i);
#pragma unroll
        for (int j = 0; j < VECTOR; ++j) squares += of_x[j] * of_x[j];
    }
    const float scale = 1.0f / sqrtf(block_sum(squares) / (float)p.columns + p.epsilon);
    if (threadIdx.x == 0) inverse[row] = scale;
    for (u32 i = threadIdx.x * VECTOR; i < p.columns; i += blockDim.x * VECTOR) {
        float of_x[VECTOR], of_weight[VECTOR];
        load(of_x, x + i);
        load_all(of_weight, weight + i);
#pragma unroll
        for (int j = 0; j < VECTOR; ++j) of_x[j] = of_x[j] * scale * of_weight[j];
        store(y + i, of_x);
    }
}
#endif

#ifdef ENTRY_rms_norm_backward_input
// dx = inverse * (dy * weight - x * inverse^2 * mean(dy * weight * x))
extern "C" __global__ void rms_norm_backward_input(const T* x, const W* weight, const float* inverse, const T* dy,
                                                   T* dx, const __grid_constant__ NormParams p) {
    const size_t row = blockIdx.x;
    x += row * p.x_pitch;
    dy += row * p.y_pitch;
    dx += row * p.dx_pitch;
    float products = 0.0f;
    for (u32 i = threadIdx.x * VECTOR; i < p.columns; i += blockDim.x * VECTOR) {
        float of_x[VECTOR], of_dy[VECTOR], of_weight[VECTOR];
        load(of_x, x + i);
        load(of_dy, dy + i);
        load_all(of_weight, weight + i);
#pragma unroll
        for (int j = 0; j < VECTOR; ++j) products += of_dy[j] * of_weight[j] * of_x[j];
    }
    const float scale = inverse[row];
    const float share = block_sum(products) / (float)p.columns * scale * scale;
    for (u32 i = threadIdx.x * VECTOR; i < p.columns; i += blockDim.x * VECTOR) {
        float of_x[VECTOR], of_dy[VECTOR], of_weight[VECTOR];
        load(of_x, x + i);
        load(of_dy, dy + i);
        load_all(of_weight, weight + i);
#pragma unroll
        for (int j = 0; j < VECTOR; ++j) of_x[j] = scale * (of_dy[j] * of_weight[j] - of_x[j] * share);
        store(dx + i, of_x);
    }
}
#endif

#ifdef ENTRY_rms_norm_backward_weight
// partial[part, column] = the sum of dy * x * inverse over the rows of the part, which is blockIdx.y.
extern "C" __global__ void rms_norm_backward_weight(const T* x, const float* inverse, const T* dy, float* partial,
                                                    const __grid_constant__ NormParams p) {
    const u32 column = (blockIdx.x * blockDim.x + threadIdx.x) * VECTOR;
    if (column >= p.columns) return;
    const u32 first = blockIdx.y * p.rows_per_part;
    const u32 end = min(first + p.rows_per_part, p.rows);
    float sums[VECTOR] = {};
    for (size_t row = first; row < end; ++row) {
        float of_x[VECTOR], of_dy[VECTOR];
        load(of_x, x + row * p.x_pitch + column);
        load(of_dy, dy + row * p.y_pitch + column);
        const float scale = inverse[row];
#pragma unroll
        for (int j = 0; j < VECTOR; ++j) sums[j] += of_dy[j] * of_x[j] * scale;
    }
#pragma unroll
    for (int j = 0; j < VECTOR; ++j) partial[(size_t)blockIdx.y * p.columns + column + j] = sums[j];
}
#endif

struct SumParams {
    u32 parts, columns;
};

#ifdef ENTRY_column_sums
// output[column] = the sum of partial[part, column]. A block has 32 columns and 8 shares of the parts.
extern "C" __global__ void column_sums(const float* partial, W* output, const __grid_constant__ SumParams p) {
    __shared__ float sums[8][33];
    const u32 lane = threadIdx.x % 32, share = threadIdx.x / 32, column = blockIdx.x * 32 + lane;
    float sum = 0.0f;
    if (column < p.columns)
        for (u32 part = share; part < p.parts; part += 8) sum += partial[(size_t)part * p.columns + column];
    sums[share][lane] = sum;
    __syncthreads();
    if (share > 0 || column >= p.columns) return;
    for (int other = 1; other < 8; ++other) sum += sums[other][lane];
    assign(output[column], sum);
}
#endif
