// One update by AdamW of f32 weights and their moments, in place.
//
// weights, first, second f32 [count], gradient [count] in f32 or bf16 (G_BF16). FRESH: the moments hold nothing yet
// and are written without being read. COPY: the new weights are also written in bf16. Four numbers a thread.

typedef Number<G_BF16>::Type G;

struct AdamwParams {
    u32 count;
    float keep_first, add_first, keep_second, add_second, epsilon, keep_weight, step, inverse_second, scale;
};

__device__ __forceinline__ void update(float& weight, float gradient, float& first, float& second,
                                       const AdamwParams& p) {
    gradient *= p.scale;
    first = p.add_first * gradient + (FRESH ? 0.0f : p.keep_first * first);
    second = p.add_second * gradient * gradient + (FRESH ? 0.0f : p.keep_second * second);
    weight = p.keep_weight * weight - p.step * first / (sqrtf(second * p.inverse_second) + p.epsilon);
}

extern "C" __global__ void adamw(float* weights, const G* gradient, float* first, float* second,
#if COPY
                                 bf16* copy,
#endif
                                 const __grid_constant__ AdamwParams p) {
    const u32 start = (blockIdx.x * blockDim.x + threadIdx.x) * 4;
    if (start + 4 <= p.count) {
        float w[4], g[4], m[4] = {}, v[4] = {};
        load(w, weights + start);
        load(g, gradient + start);
        if (!FRESH) {
            load(m, first + start);
            load(v, second + start);
        }
#pragma unroll
        for (int i = 0; i < 4; ++i) update(w[i], g[i], m[i], v[i], p);
        store(weights + start, w);
        store(first + start, m);
        store(second + start, v);
#if COPY
        store(copy + start, w);
#endif
        return;
    }
    for (u32 i = start; i < p.count; ++i) {
        float m = FRESH ? 0.0f : first[i], v = FRESH ? 0.0f : second[i];
        update(weights[i], to_float(gradient[i]), m, v, p);
        first[i] = m;
        second[i] = v;
#if COPY
        assign(copy[i], weights[i]);
#endif
    }
}
