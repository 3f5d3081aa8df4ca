// What a kernel calls, on the fibers of emulator.h: bits of numbers, barriers, operations of a warp, atomics, and the
// wrappers of tensor_core.cuh.

#define threadIdx (emulator::self->thread)
#define blockIdx (emulator::block)
#define blockDim (emulator::block_size)
#define gridDim (emulator::grid)

inline float __uint_as_float(u32 bits) {
    float x;
    memcpy(&x, &bits, 4);
    return x;
}
inline u32 __float_as_uint(float x) {
    u32 bits;
    memcpy(&bits, &x, 4);
    return bits;
}
inline double __longlong_as_double(long long bits) {
    double x;
    memcpy(&x, &bits, 8);
    return x;
}
inline u16 bf16_bits(float x) { return emulator::round_to_bf16(x); }
inline u32 bf16_pair(float low, float high) { return bf16_bits(low) | (u32)bf16_bits(high) << 16; }
inline float exp2_fast(float x) { return exp2f(x); }
inline int __popc(u32 x) { return __builtin_popcount(x); }

inline void __syncthreads() { emulator::meet(emulator::block_barrier); }
inline void __syncwarp() { emulator::meet(emulator::warp_barriers[emulator::self->thread.x / 32]); }
template <class V> inline V __shfl_xor_sync(u32, V x, int distance) {
    return emulator::give(x)[(int)emulator::lane() ^ distance];
}
template <class V> inline V __shfl_sync(u32, V x, int lane) { return emulator::give(x)[lane]; }
template <class V> inline V __shfl_up_sync(u32, V x, int distance) {
    const int lane = (int)emulator::lane();
    return emulator::give(x)[lane < distance ? lane : lane - distance];
}
inline u32 __ballot_sync(u32, bool x) {
    const auto given = emulator::give<u32>(x);
    u32 bits = 0;
    for (int lane = 0; lane < 32; ++lane) bits |= given[lane] << lane;
    return bits;
}
template <class V> inline V atomicAdd(V* to, V x) {
    const V old = *to;
    *to = old + x;
    return old;
}
template <class V> inline V atomicOr(V* to, V x) {
    const V old = *to;
    *to = old | x;
    return old;
}
template <class V> inline V atomicMin(V* to, V x) {
    const V old = *to;
    *to = old < x ? old : x;
    return old;
}

// The wrappers of tensor_core.cuh, with the fragments that the PTX manual lays down.

inline void copy_async(void* to, const void* from, bool valid) {
    emulator::Fiber& fiber = *emulator::self;
    if (fiber.copied == 256) emulator::fail("more copies under way than the emulator keeps");
    if ((uintptr_t)to % 16 || (valid && (uintptr_t)from % 16)) emulator::fail("a copy that is not aligned");
    fiber.copies[fiber.copied] = {to, valid ? from : nullptr};
    if (emulator::early_copies) emulator::land(fiber.copies[fiber.copied]);
    ++fiber.copied;
}
inline void copy_commit() {
    emulator::Fiber& fiber = *emulator::self;
    if (fiber.grouped == 8) emulator::fail("more groups of copies than the emulator keeps");
    fiber.groups[fiber.grouped++] = fiber.copied;
}
template <int LEFT> inline void copy_wait() {
    emulator::Fiber& fiber = *emulator::self;
    const int ready = fiber.grouped - LEFT;
    if (ready <= 0) return;
    const int end = fiber.groups[ready - 1];
    for (int i = 0; i < end && !emulator::early_copies; ++i) emulator::land(fiber.copies[i]);
    for (int i = end; i < fiber.copied; ++i) fiber.copies[i - end] = fiber.copies[i];
    fiber.copied -= end;
    for (int i = ready; i < fiber.grouped; ++i) fiber.groups[i - ready] = fiber.groups[i] - end;
    fiber.grouped -= ready;
}

// Matrix i of four 8 x 8 ones has its rows at the addresses that lanes 8 i to 8 i + 7 give.
inline void load_matrices(u32 (&to)[4], const void* row) {
    if ((uintptr_t)row % 16) emulator::fail("a matrix row that is not aligned");
    const auto rows = emulator::give(row);
    const u32 lane = emulator::lane();
    for (int i = 0; i < 4; ++i)
        memcpy(&to[i], static_cast<const unsigned char*>(rows[i * 8 + lane / 4]) + lane % 4 * 4, 4);
}
inline void load_transposed(u32 (&to)[4], const void* row) {
    if ((uintptr_t)row % 16) emulator::fail("a matrix row that is not aligned");
    const auto rows = emulator::give(row);
    const u32 lane = emulator::lane();
    for (int i = 0; i < 4; ++i) {
        u32 word = 0;
        for (u32 half = 0; half < 2; ++half) {
            u16 bits;
            const void* of = rows[i * 8 + lane % 4 * 2 + half];
            memcpy(&bits, static_cast<const unsigned char*>(of) + lane / 4 * 2, 2);
            word |= (u32)bits << 16 * half;
        }
        to[i] = word;
    }
}

struct EmulatedFragments {
    u32 a[4], b[2];
};
inline void multiply(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    const auto given = emulator::give(EmulatedFragments{{a[0], a[1], a[2], a[3]}, {b0, b1}});
    const int row = emulator::lane() / 4, column = emulator::lane() % 4 * 2;
    for (int quarter = 0; quarter < 4; ++quarter) {
        const EmulatedFragments left = given[row * 4 + quarter];
        for (int n = 0; n < 2; ++n) {
            const EmulatedFragments right = given[(column + n) * 4 + quarter];
            for (int high = 0; high < 2; ++high)
                for (int half = 0; half < 2; ++half) {
                    const float b = emulator::from_bf16(right.b[high] >> 16 * half & 0xffff);
                    c[n] += emulator::from_bf16(left.a[2 * high] >> 16 * half & 0xffff) * b;
                    c[2 + n] += emulator::from_bf16(left.a[2 * high + 1] >> 16 * half & 0xffff) * b;
                }
        }
    }
}

#define EMULATED_ENTRY(kernel)                                                                                        \
    extern "C" __attribute__((visibility("default"))) int emulated_launch(const u32* sizes, void** pointers, u32 count, void* scalars, int descending) {     \
        return emulator::launch(kernel, sizes, pointers, count, scalars, descending != 0);                            \
    }
