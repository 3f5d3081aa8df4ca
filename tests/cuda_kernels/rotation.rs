//! Rotation of queries and keys, alone and with the write into the cache.

use spark::kernels::{
    HeadCounts, RotaryTable,
    cuda::launch::{
        AngleTable, CacheShape, Pitched, RotationShape,
        Storage::{self, Bf16, F32},
        Turn, rotate, rotate_append,
    },
    generic,
};

use crate::{
    emulator::{Buffer, run},
    numbers::{Plain, assert_close, random, tensor, tolerance, values},
};

/// Tokens as `rows` sequences, with a table row per token or one for all sequences.
struct Case {
    rows: usize,
    length: usize,
    heads: HeadCounts,
    head_dim: usize,
    table_rows: usize,
    storage: Storage,
}

impl Case {
    fn all() -> impl Iterator<Item = Case> {
        let shapes = [(1, 1, 1, 1, 2), (2, 5, 4, 2, 6), (3, 4, 6, 2, 80), (1, 9, 2, 1, 128)];
        shapes.into_iter().flat_map(|(rows, length, queries, keys, head_dim)| {
            [(1, F32), (rows, F32), (1, Bf16), (rows, Bf16)].map(|(table_rows, storage)| Case {
                rows,
                length,
                heads: HeadCounts { queries, keys },
                head_dim,
                table_rows,
                storage,
            })
        })
    }

    fn tokens(&self) -> usize {
        self.rows * self.length
    }

    fn matrix(&self, heads: usize, gap: usize) -> Pitched {
        let columns = heads * self.head_dim;
        Pitched { rows: self.tokens(), columns, pitch: columns + gap }
    }

    fn random(&self, heads: usize, seed: u64) -> Vec<f32> {
        random(self.tokens() * heads * self.head_dim, seed, self.storage)
    }

    /// Cosines and sines, `[table_rows · length, head_dim / 2]`.
    fn angles(&self) -> [Vec<f32>; 2] {
        let angles = random(self.table_rows * self.length * self.head_dim / 2, 9, F32);
        [angles.iter().map(|x| x.cos()).collect(), angles.iter().map(|x| x.sin()).collect()]
    }

    fn shape(&self, gap: usize) -> RotationShape {
        let Self { heads, head_dim, storage, .. } = *self;
        let from = [heads.queries, heads.keys].map(|heads| self.matrix(heads, gap).pitch);
        let table = AngleTable { positions: self.table_rows * self.length, pitch: head_dim / 2 };
        RotationShape { storage, tokens: self.tokens(), heads, head_dim, from, table }
    }

    /// What the generic form makes of a flat matrix.
    fn rotated(&self, x: &[f32], heads: usize) -> Vec<f32> {
        let shape = [self.table_rows, 1, self.length, self.head_dim / 2];
        let [cos, sin] = self.angles().map(|x| tensor::<Plain, 4>(&x, shape));
        let x = tensor::<Plain, 2>(x, [self.tokens(), heads * self.head_dim]);
        let x = generic::split_heads(x, self.rows, heads);
        values(generic::join_heads(generic::rotate(x, &RotaryTable { cos, sin })))
    }
}

#[test]
fn there_and_back() {
    for case in Case::all() {
        let [of_query, of_key] = [(case.heads.queries, 1), (case.heads.keys, 2)]
            .map(|(heads, seed)| (heads, case.random(heads, seed)));
        let gap = 8;
        let layouts = [of_query.0, of_key.0].map(|heads| case.matrix(heads, gap));
        let [query, key] = [(&of_query.1, layouts[0]), (&of_key.1, layouts[1])]
            .map(|(x, layout)| Buffer::matrix(x, layout, case.storage));
        let [cos, sin] = case.angles().map(|x| Buffer::numbers(&x, F32));
        let packed = [of_query.0, of_key.0].map(|heads| case.matrix(heads, 0));
        let [to_query, to_key] = packed.map(|layout| Buffer::room(layout, case.storage));
        let launch = rotate(&case.shape(gap), Turn::Forward, packed.map(|layout| layout.pitch));
        run(&launch, &[&query, &key, &cos, &sin, &to_query, &to_key]);
        for ((heads, x), (to, layout)) in
            [&of_query, &of_key].into_iter().zip([(&to_query, packed[0]), (&to_key, packed[1])])
        {
            let expected = case.rotated(x, *heads);
            assert_close("rotated", &to.read(layout, case.storage), &expected, tolerance(case.storage));
        }
        // In place, back to what it was.
        let launch = rotate(&case.shape(0), Turn::Back, packed.map(|layout| layout.pitch));
        run(&launch, &[&to_query, &to_key, &cos, &sin, &to_query, &to_key]);
        assert_close("back", &to_query.read(packed[0], case.storage), &of_query.1, tolerance(case.storage));
        assert_close("back", &to_key.read(packed[1], case.storage), &of_key.1, tolerance(case.storage));
    }
}

#[test]
fn into_the_cache() {
    for case in Case::all() {
        let Case { rows, length: new, heads, head_dim, storage, .. } = case;
        let (length, capacity, gap) = (3, new + 5, 8);
        let of = [(heads.queries, 1), (heads.keys, 2), (heads.keys, 3)]
            .map(|(heads, seed)| (heads, case.random(heads, seed)));
        let [query, key, value] =
            of.each_ref().map(|(heads, x)| Buffer::matrix(x, case.matrix(*heads, gap), storage));
        let [cos, sin] = case.angles().map(|x| Buffer::numbers(&x, F32));
        let to = case.matrix(heads.queries, 0);
        let rotated = Buffer::room(to, storage);
        let cache = CacheShape { storage, rows, heads, head_dim, capacity, pitches: [to.pitch, to.pitch] };
        let size = rows * heads.keys * capacity * head_dim;
        let [keys, values] = [4, 5].map(|seed| Buffer::numbers(&random(size, seed, storage), storage));
        let pitches = [case.matrix(heads.keys, gap).pitch, to.pitch];
        let launch = rotate_append(&case.shape(gap), &cache, length, pitches);
        run(&launch, &[&query, &key, &value, &cos, &sin, &rotated, &keys, &values]);

        let expected = case.rotated(&of[0].1, heads.queries);
        assert_close("query", &rotated.read(to, storage), &expected, tolerance(storage));
        let of_keys = case.rotated(&of[1].1, heads.keys);
        for (buffer, seed, flat) in [(&keys, 4, &of_keys), (&values, 5, &of[2].1)] {
            let mut expected = random(size, seed, storage);
            for (place, number) in expected.iter_mut().enumerate() {
                let (feature, position) = (place % head_dim, place / head_dim % capacity);
                let (head, row) =
                    (place / head_dim / capacity % heads.keys, place / head_dim / capacity / heads.keys);
                if (length..length + new).contains(&position) {
                    let token = row * new + position - length;
                    *number = flat[(token * heads.keys + head) * head_dim + feature];
                }
            }
            assert_close("cache", &buffer.read_numbers(storage), &expected, tolerance(storage));
        }
    }
}
