// SwiGLU: y = silu(gate) * up, silu(g) = g / (1 + exp(-g)), and its gradients; element by element.
//
// All [rows, columns], each with a pitch of its own. T_BF16: how they are stored. VECTOR: numbers per thread, which
// divides columns and pitches. Block (x, y) has row x and the y-th 256 * VECTOR columns.

typedef Number<T_BF16>::Type T;

struct SiluParams {
    u32 rows, columns, gate_pitch, up_pitch;
    u32 pitches[3];
};

#ifdef ENTRY_gated_silu
extern "C" __global__ void gated_silu(const T* gate, const T* up, T* y, const __grid_constant__ SiluParams p) {
    const size_t row = blockIdx.x;
    const u32 column = (blockIdx.y * blockDim.x + threadIdx.x) * VECTOR;
    if (column >= p.columns) return;
    float of_gate[VECTOR], of_up[VECTOR];
    load(of_gate, gate + row * p.gate_pitch + column);
    load(of_up, up + row * p.up_pitch + column);
#pragma unroll
    for (int i = 0; i < VECTOR; ++i) of_gate[i] = of_gate[i] / (1.0f + expf(-of_gate[i])) * of_up[i];
    store(y + row * p.pitches[0] + column, of_gate);
}
#endif

#ifdef ENTRY_gated_silu_backward
// silu'(g) = s * (1 + g * (1 - s)), s = 1 / (1 + exp(-g)).
extern "C" __global__ void gated_silu_backward(const T* gate, const T* up, const T* dy, T* dgate, T* dup,
                                               const __grid_constant__ SiluParams p) {
    const size_t row = blockIdx.x;
    const u32 column = (blockIdx.y * blockDim.x + threadIdx.x) * VECTOR;
    if (column >= p.columns) return;
    float of_gate[VECTOR], of_up[VECTOR], of_dy[VECTOR];
    load(of_gate, gate + row * p.gate_pitch + column);
    load(of_up, up + row * p.up_pitch + column);
    load(of_dy, dy + row * p.pitches[0] + column);
#pragma unroll
    for (int i = 0; i < VECTOR; ++i) {
        const float g = of_gate[i], s = 1.0f / (1.0f + expf(-g));
        of_gate[i] = of_dy[i] * of_up[i] * s * (1.0f + g * (1.0f - s));
        of_up[i] = of_dy[i] * g * s;
    }
    store(dgate + row * p.pitches[1] + column, of_gate);
    store(dup + row * p.pitches[2] + column, of_up);
}
#endif
