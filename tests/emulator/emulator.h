// Runs CUDA C++ on the processor: put before a kernel's source, it makes the source C++20 for g++.
//
// Every CUDA thread is a fiber of its own. Blocks run one after the other, and a warp goes on to a barrier of the block
// before the next one starts, in ascending or in descending order; copies by cp.async land when they are waited for,
// or, descending, when they are started. A missing barrier or wait shows as a difference between the two. Shared
// memory starts as NaN in every block. A barrier that only some threads reach ends the process with a message.
//
// Few headers are included, so that a kernel compiles in half a second.
#define EMULATED 1
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

#define __global__
#define __device__
#define __forceinline__ inline
#define __grid_constant__
#define __launch_bounds__(...)
#define __restrict__
#define __shared__ static
#define DYNAMIC_SHARED(name) unsigned char* name = emulator::shared

extern "C" {
float expf(float) noexcept;
float exp2f(float) noexcept;
float logf(float) noexcept;
float sqrtf(float) noexcept;
float fmaxf(float, float) noexcept;
float fminf(float, float) noexcept;
float fabsf(float) noexcept;
}

typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned long long u64;

template <class V> inline V min(V a, V b) { return a < b ? a : b; }
template <class V> inline V max(V a, V b) { return a > b ? a : b; }

namespace emulator {

struct Place {
    u32 x, y, z;
};

struct Barrier {
    int arrived = 0, generation = 0, live = 0;
};

struct Copy {
    void* to;
    const void* from;
};

struct Fiber {
    Place thread;
    void* stack = nullptr;
#if defined(__x86_64__)
    void* pointer = nullptr;
#else
    ucontext_t context;
#endif
    bool done = false;
    Barrier* waits = nullptr;
    int seen = 0;
    // What this lane gives to its warp, for the current and the previous operation.
    unsigned char given[2][32];
    int parity = 0;
    // Copies under way and where each group of them ends.
    Copy copies[256];
    int copied = 0, groups[8], grouped = 0;
};

constexpr int MOST_THREADS = 1024, STACK = 128 * 1024, MOST_SHARED = 256 * 1024, GUARD = 4096;

inline Fiber fibers[MOST_THREADS], *self;
inline Barrier block_barrier, warp_barriers[MOST_THREADS / 32];
inline Place block, grid, block_size;
inline unsigned char* shared;
// Copies land when they are started, not when they are waited for.
inline bool early_copies;
inline void (*body)(void*);
inline void* arguments;

[[noreturn]] inline void fail(const char* what) {
    fprintf(stderr, "emulated kernel: %s (block %u %u %u)\n", what, block.x, block.y, block.z);
    abort();
}

#if defined(__x86_64__)
inline void* scheduler;
// Keeps the callee's registers and the stack pointer of one side and takes up the other.
asm(R"(
.weak emulator_switch
emulator_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
)");
extern "C" __attribute__((visibility("hidden"))) void emulator_switch(void** from, void* to);
inline void resume(Fiber& fiber) { emulator_switch(&scheduler, fiber.pointer); }
inline void pause() { emulator_switch(&self->pointer, scheduler); }
#else
inline ucontext_t scheduler;
inline void resume(Fiber& fiber) { swapcontext(&scheduler, &fiber.context); }
inline void pause() { swapcontext(&self->context, &scheduler); }
#endif

inline void leave(Barrier& barrier) {
    --barrier.live;
    if (barrier.arrived > 0 && barrier.arrived == barrier.live) barrier.arrived = 0, ++barrier.generation;
}

[[noreturn]] inline void enter() {
    body(arguments);
    self->done = true;
    leave(block_barrier);
    leave(warp_barriers[self->thread.x / 32]);
    pause();
    abort();
}

inline void prepare(Fiber& fiber) {
    if (!fiber.stack) {
        fiber.stack = mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (fiber.stack == MAP_FAILED) fail("no memory for a stack");
    }
    fiber.done = false;
    fiber.waits = nullptr;
    fiber.parity = fiber.copied = fiber.grouped = 0;
#if defined(__x86_64__)
    void** top = reinterpret_cast<void**>(static_cast<char*>(fiber.stack) + STACK - 64);
    *--top = nullptr;
    *--top = reinterpret_cast<void*>(&enter);
    fiber.pointer = top - 6;
#else
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack;
    fiber.context.uc_stack.ss_size = STACK;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, reinterpret_cast<void (*)()>(&enter), 0);
#endif
}

inline void meet(Barrier& barrier) {
    if (++barrier.arrived == barrier.live) {
        barrier.arrived = 0;
        ++barrier.generation;
        return;
    }
    self->waits = &barrier;
    self->seen = barrier.generation;
    pause();
}

// Runs each thread of a warp that can, up to its next barrier; how many there were.
inline u32 run_warp(u32 first, u32 count, bool descending, u32& done) {
    u32 ran = 0;
    for (u32 i = 0; i < count; ++i) {
        Fiber& fiber = fibers[first + (descending ? count - 1 - i : i)];
        if (fiber.done || (fiber.waits && fiber.waits->generation == fiber.seen)) continue;
        fiber.waits = nullptr;
        self = &fiber;
        resume(fiber);
        done += fiber.done;
        ++ran;
    }
    return ran;
}

inline void run_block(u32 threads, bool descending) {
    block_barrier = {0, 0, (int)threads};
    for (u32 t = 0; t < threads; ++t) {
        if (t % 32 == 0) warp_barriers[t / 32] = {0, 0, (int)(threads - t < 32 ? threads - t : 32)};
        fibers[t].thread = {t, 0, 0};
        prepare(fibers[t]);
    }
    // One warp goes as far as it can before the next one starts.
    const u32 warps = (threads + 31) / 32;
    for (u32 done = 0; done < threads;) {
        bool progress = false;
        for (u32 i = 0; i < warps; ++i) {
            const u32 warp = descending ? warps - 1 - i : i;
            while (const u32 ran = run_warp(warp * 32, min(threads - warp * 32, 32u), descending, done)) progress |= ran > 0;
        }
        if (!progress) fail("a barrier that only some threads reach");
    }
}

// Gives a value to the warp; the result reads any lane's.
template <class V> struct Given {
    int parity;
    V operator[](int lane) const {
        V value;
        memcpy(&value, fibers[self->thread.x / 32 * 32 + lane].given[parity], sizeof(V));
        return value;
    }
};

template <class V> Given<V> give(const V& value) {
    static_assert(sizeof(V) <= 32);
    const int parity = self->parity;
    self->parity = 1 - parity;
    memcpy(self->given[parity], &value, sizeof(V));
    meet(warp_barriers[self->thread.x / 32]);
    return {parity};
}

inline u32 lane() { return self->thread.x % 32; }

template <class V> struct Plain {
    typedef V Type;
};
template <class V> struct Plain<const V> {
    typedef V Type;
};

// Calls a kernel with the arguments at the addresses; the types left to read are A.
template <class... Done, class First, class... A, class... Whole>
void call(void (*kernel)(Whole...), void** arguments, void (*)(First, A...), Done... done) {
    First argument = *static_cast<typename Plain<First>::Type*>(*arguments);
    if constexpr (sizeof...(A) == 0) {
        kernel(done..., argument);
    } else {
        call(kernel, arguments + 1, static_cast<void (*)(A...)>(nullptr), done..., argument);
    }
}

template <class... A> struct Call {
    void (*kernel)(A...);
    void** arguments;
};

template <class... A>
int launch(void (*kernel)(A...), const u32* sizes, void** pointers, u32 count, void* scalars, bool descending) {
    if (count + 1 != sizeof...(A)) return 1;
    void* all[sizeof...(A)];
    for (u32 i = 0; i < count; ++i) all[i] = &pointers[i];
    all[count] = scalars;
    Call<A...> whole = {kernel, all};
    body = [](void* of) {
        auto* whole = static_cast<Call<A...>*>(of);
        call(whole->kernel, whole->arguments, whole->kernel);
    };
    arguments = &whole;
    early_copies = descending;
    grid = {sizes[0], sizes[1], sizes[2]};
    block_size = {sizes[3], 1, 1};
    const u32 bytes = sizes[4];
    if (bytes > MOST_SHARED || sizes[3] > MOST_THREADS) return 2;
    static unsigned char* memory = static_cast<unsigned char*>(aligned_alloc(64, MOST_SHARED + 2 * GUARD));
    shared = memory + GUARD;
    const u64 blocks = (u64)grid.x * grid.y * grid.z;
    for (u64 i = 0; i < blocks; ++i) {
        const u64 n = descending ? blocks - 1 - i : i;
        block = {(u32)(n % grid.x), (u32)(n / grid.x % grid.y), (u32)(n / grid.x / grid.y)};
        memset(memory, 0xff, bytes + 2 * GUARD);
        run_block(sizes[3], descending);
        for (u32 at = 0; at < GUARD; ++at)
            if (memory[at] != 0xff || shared[bytes + at] != 0xff) fail("a write outside of shared memory");
    }
    return 0;
}

inline void land(const Copy& copy) {
    if (copy.from) memcpy(copy.to, copy.from, 16);
    else memset(copy.to, 0, 16);
}

// Rounds to the nearest, ties to even.
inline u16 round_to_bf16(float x) {
    u32 bits;
    memcpy(&bits, &x, 4);
    if (x != x) return 0x7fff;
    return (u16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

inline float from_bf16(u32 bits) {
    bits <<= 16;
    float x;
    memcpy(&x, &bits, 4);
    return x;
}

}  // namespace emulator
