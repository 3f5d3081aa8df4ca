// Tensor cores and the copies that feed them, as functions over the instructions of the PTX manual.
//
// Fragments of multiply() (m16n8k16, bf16 in, f32 out), for lane = 4 g + t: c has rows g and g + 8, columns 2 t and
// 2 t + 1; a has the same rows and columns, then columns 8 further; b0 has rows 2 t and 2 t + 1 of column g, b1 those
// 8 further. The accumulators of two products side by side are therefore, rounded, the left side of another.

#ifndef EMULATED
__device__ __forceinline__ u32 shared_address(const void* pointer) {
    return (u32)__cvta_generic_to_shared(pointer);
}

// Starts a copy of 16 bytes into shared memory, or of zeros where it is not valid.
__device__ __forceinline__ void copy_async(void* to, const void* from, bool valid) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from),
                 "r"(valid ? 16 : 0)
                 : "memory");
}

// Makes the copies since the last call one group.
__device__ __forceinline__ void copy_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits until at most LEFT groups are under way.
template <int LEFT> __device__ __forceinline__ void copy_wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(LEFT) : "memory");
}

// Four 8 x 8 matrices, the rows of matrix i at the addresses of lanes 8 i to 8 i + 7.
__device__ __forceinline__ void load_matrices(u32 (&to)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(shared_address(row))
                 : "memory");
}

// The same, each transposed.
__device__ __forceinline__ void load_transposed(u32 (&to)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(shared_address(row))
                 : "memory");
}

// c += a b
__device__ __forceinline__ void multiply(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
#endif

// Rows of one head in shared memory have a gap of 16 bytes: their distance is an odd number of 16-byte units, so that
// the eight rows of a matrix lie in different banks.
constexpr int ROW = HEAD_DIM + 8;
// Products along a head, and 8-column tiles across it.
constexpr int STEPS = HEAD_DIM / 16, COLUMNS = HEAD_DIM / 8;

// Starts the copy of ROWS rows; from(row) is the row's address, or null for zeros. `any` is an address that is valid.
template <int ROWS, class From> __device__ __forceinline__ void copy_rows(bf16* to, const bf16* any, From from) {
    for (int i = threadIdx.x; i < ROWS * COLUMNS; i += blockDim.x) {
        const int row = i / COLUMNS, column = i % COLUMNS * 8;
        const bf16* source = from(row);
        copy_async(to + row * ROW + column, (source ? source : any) + (source ? column : 0), source != nullptr);
    }
}

// The left side of a product: 16 rows from `rows` on, features 16 step to 16 step + 15.
__device__ __forceinline__ void load_left(u32 (&a)[4], const bf16* rows, int step) {
    const int lane = threadIdx.x % 32;
    load_matrices(a, rows + lane % 16 * ROW + step * 16 + lane / 16 * 8);
}

// The right side of two products with the transpose of 16 rows: b[0], b[1] of the first eight, b[2], b[3] of the rest.
__device__ __forceinline__ void load_right(u32 (&b)[4], const bf16* rows, int step) {
    const int lane = threadIdx.x % 32;
    load_matrices(b, rows + (lane / 16 * 8 + lane % 8) * ROW + step * 16 + lane / 8 % 2 * 8);
}

// The right side of two products with 16 rows themselves, columns 16 pair to 16 pair + 15.
__device__ __forceinline__ void load_columns(u32 (&b)[4], const bf16* rows, int pair) {
    const int lane = threadIdx.x % 32;
    load_transposed(b, rows + lane % 16 * ROW + pair * 16 + lane / 16 * 8);
}

// c[16, HEAD_DIM] += weights[16, 16 N] rows[16 N, HEAD_DIM]; weights are accumulators of 2 N tiles.
template <int N>
__device__ __forceinline__ void multiply_rows(float (&c)[COLUMNS][4], const float (&weights)[2 * N][4],
                                              const bf16* rows) {
#pragma unroll
    for (int i = 0; i < N; ++i) {
        const float(&l)[4] = weights[2 * i];
        const float(&r)[4] = weights[2 * i + 1];
        const u32 a[4] = {bf16_pair(l[0], l[1]), bf16_pair(l[2], l[3]), bf16_pair(r[0], r[1]), bf16_pair(r[2], r[3])};
#pragma unroll
        for (int pair = 0; pair < STEPS; ++pair) {
            u32 b[4];
            load_columns(b, rows + i * 16 * ROW, pair);
            multiply(c[2 * pair], a, b[0], b[1]);
            multiply(c[2 * pair + 1], a, b[2], b[3]);
        }
    }
}

// c[16, 16 N] += left[16, HEAD_DIM] right[16 N, HEAD_DIM]^T
template <int N>
__device__ __forceinline__ void multiply_transposed(float (&c)[2 * N][4], const bf16* left, const bf16* right) {
#pragma unroll
    for (int step = 0; step < STEPS; ++step) {
        u32 a[4];
        load_left(a, left, step);
#pragma unroll
        for (int i = 0; i < N; ++i) {
            u32 b[4];
            load_right(b, right + i * 16 * ROW, step);
            multiply(c[2 * i], a, b[0], b[1]);
            multiply(c[2 * i + 1], a, b[2], b[3]);
        }
    }
}
