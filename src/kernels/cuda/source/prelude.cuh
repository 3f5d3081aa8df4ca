// What all kernels share: number types, wide reads and writes, and sums over a warp or a block.
//
// No header is included: bf16 is a 16-bit word here, converted by the card's own instructions (compute capability
// 8.0 and above). Arithmetic is in f32. Where EMULATED is defined, the same text is C++ for the processor.

typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned long long u64;

struct bf16 {
    u16 bits;
};

#ifndef EMULATED
#define DYNAMIC_SHARED(name) extern __shared__ __align__(16) unsigned char name[]

// Rounds to the nearest, ties to even.
__device__ __forceinline__ u16 bf16_bits(float x) {
    u16 bits;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(x));
    return bits;
}

// Two bf16 in one word, the first in the lower half.
__device__ __forceinline__ u32 bf16_pair(float low, float high) {
    u32 pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
}

// 2 to the power of x, to about 2 units in the last place; 0 for -inf.
__device__ __forceinline__ float exp2_fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
#endif

#define LOG2_E 1.4426950408889634f
#define LN_2 0.6931471805599453f
#define INFINITE __uint_as_float(0x7f800000u)

__device__ __forceinline__ float to_float(float x) { return x; }
__device__ __forceinline__ float to_float(bf16 x) { return __uint_as_float((u32)x.bits << 16); }
__device__ __forceinline__ void assign(float& to, float x) { to = x; }
__device__ __forceinline__ void assign(bf16& to, float x) { to.bits = bf16_bits(x); }

template <int BF16> struct Number { typedef float Type; };
template <> struct Number<1> { typedef bf16 Type; };

// N numbers that are read and written by one instruction, so that a warp's accesses are whole lines.
template <class E, int N> struct alignas(sizeof(E) * N) Pack {
    E of[N];
};

template <int N, class E> __device__ __forceinline__ void load(float (&to)[N], const E* from) {
    const Pack<E, N> pack = *reinterpret_cast<const Pack<E, N>*>(from);
#pragma unroll
    for (int i = 0; i < N; ++i) to[i] = to_float(pack.of[i]);
}

// The same of numbers that may be wider than those beside them, in as many reads as it takes.
template <int N, class E> __device__ __forceinline__ void load_all(float (&to)[N], const E* from) {
    constexpr int WIDTH = N * sizeof(E) > 16 ? 16 / sizeof(E) : N;
#pragma unroll
    for (int i = 0; i < N; i += WIDTH) load(reinterpret_cast<float(&)[WIDTH]>(to[i]), from + i);
}

template <int N, class E> __device__ __forceinline__ void store(E* to, const float (&from)[N]) {
    Pack<E, N> pack;
#pragma unroll
    for (int i = 0; i < N; ++i) assign(pack.of[i], from[i]);
    *reinterpret_cast<Pack<E, N>*>(to) = pack;
}

#define ALL_LANES 0xffffffffu

__device__ __forceinline__ float warp_sum(float x) {
    for (int distance = 16; distance > 0; distance /= 2) x += __shfl_xor_sync(ALL_LANES, x, distance);
    return x;
}

__device__ __forceinline__ float warp_max(float x) {
    for (int distance = 16; distance > 0; distance /= 2)
        x = fmaxf(x, __shfl_xor_sync(ALL_LANES, x, distance));
    return x;
}

// The sum over all threads of a block of whole warps, in all of them; always in the same order.
__device__ __forceinline__ float block_sum(float x) {
    __shared__ float sums[32];
    x = warp_sum(x);
    __syncthreads();
    if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = x;
    __syncthreads();
    return warp_sum(threadIdx.x % 32 < blockDim.x / 32 ? sums[threadIdx.x % 32] : 0.0f);
}
