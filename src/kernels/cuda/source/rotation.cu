// Rotary position embedding of queries and keys; feature i of a head turns with feature i + HALF.
//
// query [tokens, query_heads * 2 * HALF], key [tokens, key_heads * 2 * HALF], cos and sin f32 [positions, HALF];
// token t has row t % positions of them. One token a block. T_BF16: how the numbers are stored. VECTOR: numbers per
// read, which divides HALF and all pitches. Inputs may be outputs: a thread reads both features before it writes.

typedef Number<T_BF16>::Type T;

struct RotationTable {
    u32 query_heads, key_heads, query_pitch, key_pitch, positions, table_pitch;
};

// Rotates all features of one head's pair of VECTOR numbers; sign is -1 to turn back.
__device__ __forceinline__ void turn(T* to, const T* from, const float* cos, const float* sin, float sign) {
    float low[VECTOR], high[VECTOR], of_cos[VECTOR], of_sin[VECTOR];
    load(low, from);
    load(high, from + HALF);
    load_all(of_cos, cos);
    load_all(of_sin, sin);
#pragma unroll
    for (int i = 0; i < VECTOR; ++i) {
        const float c = of_cos[i], s = sign * of_sin[i], rotated = low[i] * c - high[i] * s;
        high[i] = high[i] * c + low[i] * s;
        low[i] = rotated;
    }
    store(to, low);
    store(to + HALF, high);
}

struct RotateParams {
    RotationTable t;
    u32 to_query_pitch, to_key_pitch;
    float sign;
};

#ifdef ENTRY_rotate
extern "C" __global__ void rotate(const T* query, const T* key, const float* cos, const float* sin, T* rotated_query,
                                  T* rotated_key, const __grid_constant__ RotateParams p) {
    const size_t token = blockIdx.x, angles = (token % p.t.positions) * p.t.table_pitch;
    constexpr u32 PAIRS = HALF / VECTOR;
    for (u32 i = threadIdx.x; i < (p.t.query_heads + p.t.key_heads) * PAIRS; i += blockDim.x) {
        const u32 head = i / PAIRS, feature = i % PAIRS * VECTOR;
        const bool of_query = head < p.t.query_heads;
        const u32 place = (of_query ? head : head - p.t.query_heads) * 2 * HALF + feature;
        const T* from = of_query ? query + token * p.t.query_pitch : key + token * p.t.key_pitch;
        T* to = of_query ? rotated_query + token * p.to_query_pitch : rotated_key + token * p.to_key_pitch;
        turn(to + place, from + place, cos + angles + feature, sin + angles + feature, p.sign);
    }
}
#endif

struct AppendParams {
    RotationTable t;
    u32 value_pitch, to_pitch, new_tokens, length, capacity;
};

#ifdef ENTRY_rotate_append
// Rotates queries into rotated_query, and keys into the cache [rows, key_heads, capacity, 2 * HALF]; values are
// copied beside them. Token t is position length + t % new_tokens of row t / new_tokens.
extern "C" __global__ void rotate_append(const T* query, const T* key, const T* value, const float* cos,
                                         const float* sin, T* rotated_query, T* cached_keys, T* cached_values,
                                         const __grid_constant__ AppendParams p) {
    const size_t token = blockIdx.x, angles = (token % p.t.positions) * p.t.table_pitch;
    const size_t row = token / p.new_tokens, position = p.length + token % p.new_tokens;
    constexpr u32 PAIRS = HALF / VECTOR;
    for (u32 i = threadIdx.x; i < (p.t.query_heads + 2 * p.t.key_heads) * PAIRS; i += blockDim.x) {
        const u32 feature = i % PAIRS * VECTOR;
        u32 head = i / PAIRS;
        if (head < p.t.query_heads) {
            const u32 place = head * 2 * HALF + feature;
            turn(rotated_query + token * p.to_pitch + place, query + token * p.t.query_pitch + place,
                 cos + angles + feature, sin + angles + feature, 1.0f);
            continue;
        }
        head -= p.t.query_heads;
        const bool of_key = head < p.t.key_heads;
        if (!of_key) head -= p.t.key_heads;
        const size_t to = ((row * p.t.key_heads + head) * p.capacity + position) * 2 * HALF + feature;
        if (of_key) {
            turn(cached_keys + to, key + token * p.t.key_pitch + head * 2 * HALF + feature, cos + angles + feature,
                 sin + angles + feature, 1.0f);
        } else {
            const T* from = value + token * p.value_pitch + head * 2 * HALF + feature;
            float low[VECTOR], high[VECTOR];
            load(low, from);
            load(high, from + HALF);
            store(cached_values + to, low);
            store(cached_values + to + HALF, high);
        }
    }
}
#endif
