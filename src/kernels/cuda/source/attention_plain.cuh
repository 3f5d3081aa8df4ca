// What both directions of attention in f32 arithmetic share: a tile of rows in shared memory, and what the eight threads
// of a row do with it. Each has every eighth row of the tile, and every eighth feature of the sums.

constexpr int TILE = 32, WIDE = HEAD_DIM + 1, SCORES = TILE + 1, SHARE = (HEAD_DIM + 7) / 8;

template <class From> __device__ __forceinline__ void read_rows(float* to, From from) {
    for (int i = threadIdx.x; i < TILE * HEAD_DIM; i += blockDim.x) {
        const int row = i / HEAD_DIM, column = i % HEAD_DIM;
        const T* source = from(row);
        to[row * WIDE + column] = source ? to_float(source[column]) : 0.0f;
    }
}

// Four products of a row with every eighth row of a tile.
__device__ __forceinline__ void multiply_row(float (&products)[4], const float* row, const float* rows) {
    const int part = threadIdx.x % 8;
    for (int d = 0; d < HEAD_DIM; ++d)
#pragma unroll
        for (int i = 0; i < 4; ++i) products[i] += row[d] * rows[(part + 8 * i) * WIDE + d];
}

// sums += the rows of a tile, weighted.
__device__ __forceinline__ void add_rows(float (&sums)[SHARE], const float* weights, const float* rows) {
    const int part = threadIdx.x % 8;
    for (int j = 0; j < TILE; ++j)
#pragma unroll
        for (int i = 0; i < SHARE; ++i)
            if (HEAD_DIM % 8 == 0 || part + 8 * i < HEAD_DIM) sums[i] += weights[j] * rows[j * WIDE + part + 8 * i];
}

__device__ __forceinline__ void write_row(T* to, const float (&sums)[SHARE], float factor) {
    const int part = threadIdx.x % 8;
#pragma unroll
    for (int i = 0; i < SHARE; ++i)
        if (HEAD_DIM % 8 == 0 || part + 8 * i < HEAD_DIM) assign(to[part + 8 * i], sums[i] * factor);
}
