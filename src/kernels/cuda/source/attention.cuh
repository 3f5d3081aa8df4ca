// Which keys a block's queries see, and which queries see a block's keys; shared by all forms of attention.
//
// SPAN 0: the trees of a forest, from tables. A query sees its tree's trunk and its own branch up to itself.
// SPAN 1: rows of `length` tokens, each seen as a whole.
// SPAN 2: `length` new positions per row over a cache [rows, key_heads, capacity, HEAD_DIM] that holds them already,
// behind `cached` ones; row r is seen from starts[r] on, up to the position itself.

typedef Number<T_BF16>::Type T;

struct AttentionParams {
    u32 tokens, query_heads, key_heads, query_pitch, key_pitch, value_pitch, output_pitch, other_pitch, length;
    union {
        u32 cached;
        u32 d_value_pitch;
    };
    u32 capacity;
    float scale;
};

// The keys that a tile of queries sees, numbered from 0: first those of a part that all of them see, then the others,
// each of which is seen up to some key. Query i sees key v where v < total and v <= limit + i.
struct QueryTile {
    u32 first, count, prefix, prefix_length, own;
    int total, limit;

    // The row of the matrix of keys where key v lies.
    __device__ __forceinline__ u32 place(int v) const {
        return v < (int)prefix_length ? prefix + v : own + (v - prefix_length);
    }
};

template <int TILE>
__device__ __forceinline__ QueryTile query_tile(const u32* table, const AttentionParams& p) {
    QueryTile t;
#if SPAN == 0
    table += blockIdx.x * 5;
    t.first = table[0];
    t.count = table[1];
    t.prefix = table[2];
    t.prefix_length = table[3];
    t.own = table[4];
    t.limit = (int)(t.prefix_length + t.first - t.own);
    t.total = t.limit + (int)t.count;
#else
    const u32 tiles = (p.length + TILE - 1) / TILE, row = blockIdx.x / tiles, offset = blockIdx.x % tiles * TILE;
    t.first = row * p.length + offset;
    t.count = min((u32)TILE, p.length - offset);
#if SPAN == 1
    t.prefix = row * p.length;
    t.prefix_length = p.length;
    t.own = 0;
    t.total = (int)p.length;
    t.limit = 0x3fffffff;
#else
    t.prefix = t.prefix_length = 0;
    t.own = row * p.key_heads * p.capacity + table[row];
    t.limit = (int)(p.cached + offset) - (int)table[row];
    t.total = t.limit + (int)t.count;
#endif
#endif
    return t;
}

// Where the features of a key head start.
__device__ __forceinline__ size_t head_offset(u32 key_head, const AttentionParams& p) {
#if SPAN == 2
    return (size_t)key_head * p.capacity * HEAD_DIM;
#else
    return (size_t)key_head * HEAD_DIM;
#endif
}

// The queries that see a tile of keys; those of a forest see keys up to their own number.
struct KeyTile {
    u32 first, count, queries, end;

    __device__ __forceinline__ bool sees(u32 query, u32 key) const {
        return query < end && (SPAN == 1 || query >= key);
    }
};

template <int TILE>
__device__ __forceinline__ KeyTile key_tile(const u32* table, const AttentionParams& p) {
#if SPAN == 0
    table += blockIdx.x * 5;
    return {table[0], table[1], table[2], table[3]};
#else
    const u32 tiles = (p.length + TILE - 1) / TILE, row = blockIdx.x / tiles, offset = blockIdx.x % tiles * TILE;
    return {row * p.length + offset, min((u32)TILE, p.length - offset), row * p.length, (row + 1) * p.length};
#endif
}
