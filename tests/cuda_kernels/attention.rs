//! Attention over forests and rows, forward and backward.

use burn::tensor::Tensor;
use spark::kernels::{
    Forest, HeadCounts, Qkv, RotaryTable, Tree,
    cuda::launch::{
        AttentionShape, AttentionSpan, KernelLaunch, Pitched,
        Storage::{self, Bf16, F32},
        TILE_WORDS, TreeTiles, attention_backward_keys, attention_backward_query, attention_delta,
        attention_forward,
    },
    generic,
};

use crate::{
    emulator::{Buffer, run},
    numbers::{Differentiable, Plain, assert_close, leaf, random, tensor, tolerance, values},
};

/// What the queries see, before it is cut into tiles.
enum Sight {
    Forest(Vec<Tree>),
    Rows { rows: usize, length: usize },
}

impl Sight {
    fn tokens(&self) -> usize {
        match self {
            Sight::Forest(trees) => trees.iter().map(Tree::length).sum(),
            Sight::Rows { rows, length } => rows * length,
        }
    }

    /// The generic form, with a rotation by nothing.
    fn generic(
        &self,
        [query, key, value]: [Tensor<Differentiable, 2>; 3],
        heads: HeadCounts,
    ) -> Tensor<Differentiable, 2> {
        let half = query.dims()[1] / heads.queries / 2;
        let length = match self {
            Sight::Forest(_) => self.tokens(),
            Sight::Rows { length, .. } => *length,
        };
        let cos = tensor(&vec![1.0; length * half], [1, 1, length, half]);
        let rotary = RotaryTable { sin: cos.zeros_like(), cos };
        let inputs = Qkv { query, key, value, heads, rotary: &rotary };
        match self {
            Sight::Forest(trees) => generic::tree_attention(inputs, &Forest::new(trees)),
            Sight::Rows { rows, .. } => generic::self_attention(inputs, *rows),
        }
    }
}

fn tree(trunk: usize, branches: &[usize]) -> Tree {
    Tree { trunk, branches: branches.to_vec() }
}

#[test]
fn tiles_of_the_documentation() {
    let heads = HeadCounts { queries: 1, keys: 1 };
    let shape = AttentionShape { storage: F32, tokens: 40, heads, head_dim: 2, pitches: [2; 3] };
    let tiles = TreeTiles::new(&[tree(35, &[5])], &shape);
    let mut queries: Vec<&[u32]> = tiles.queries.chunks(TILE_WORDS).collect();
    queries.sort();
    assert_eq!(queries, [[0, 32, 0, 0, 0], [32, 3, 0, 0, 0], [35, 5, 0, 35, 35]]);
    let mut keys: Vec<&[u32]> = tiles.keys.chunks(TILE_WORDS).collect();
    keys.sort();
    assert_eq!(keys, [[0, 32, 0, 40, 0], [32, 3, 32, 40, 0], [35, 5, 35, 40, 0]]);
}

#[test]
fn forests_in_f32() {
    for (queries, keys, head_dim) in [(4, 2, 6), (1, 1, 64), (3, 1, 20)] {
        for gap in [0, 3] {
            check(&forest(), HeadCounts { queries, keys }, head_dim, F32, gap);
        }
    }
    check(&Sight::Forest(vec![tree(1, &[])]), HeadCounts { queries: 2, keys: 1 }, 256, F32, 0);
}

#[test]
fn forests_on_tensor_cores() {
    for (queries, keys, head_dim) in [(4, 2, 64), (2, 2, 80), (3, 1, 16), (2, 1, 128), (1, 1, 96)] {
        check(&forest(), HeadCounts { queries, keys }, head_dim, Bf16, 8);
    }
}

#[test]
fn forests_in_bf16_that_do_not_fit_tensor_cores() {
    check(&forest(), HeadCounts { queries: 2, keys: 1 }, 10, Bf16, 0);
    check(&forest(), HeadCounts { queries: 2, keys: 1 }, 64, Bf16, 3);
}

#[test]
fn rows_that_are_seen_whole() {
    for (storage, head_dim) in [(F32, 10), (Bf16, 80), (Bf16, 10)] {
        for (rows, length) in [(1, 1), (2, 70), (3, 64), (2, 33)] {
            check(&Sight::Rows { rows, length }, HeadCounts { queries: 2, keys: 1 }, head_dim, storage, 8);
        }
    }
}

/// Trunks and branches shorter and longer than tiles.
fn forest() -> Sight {
    Sight::Forest(vec![tree(70, &[67, 3, 30]), tree(2, &[]), tree(1, &[5, 4]), tree(64, &[64])])
}

/// Inputs and outputs of one case, in emulated memory.
struct Case {
    shape: AttentionShape,
    storage: Storage,
    query: Pitched,
    key: Pitched,
}

fn check(sight: &Sight, heads: HeadCounts, head_dim: usize, storage: Storage, gap: usize) {
    let tokens = sight.tokens();
    let layout =
        |heads: usize| Pitched { rows: tokens, columns: heads * head_dim, pitch: heads * head_dim + gap };
    let (query, key) = (layout(heads.queries), layout(heads.keys));
    let of = [(heads.queries, 1), (heads.keys, 2), (heads.keys, 3)]
        .map(|(heads, seed)| (heads, random(tokens * heads * head_dim, seed, storage)));
    let of_dy = random(tokens * heads.queries * head_dim, 4, storage);
    let leaves = of.each_ref().map(|(heads, x)| leaf(x, [tokens, heads * head_dim]));
    let output = sight.generic(leaves.clone(), heads);
    let direction = tensor(&of_dy, [tokens, heads.queries * head_dim]);
    let mut gradients = (output.clone() * direction).sum().backward();
    let expected = leaves.map(|leaf| values::<Plain, 2>(leaf.grad_remove(&mut gradients).unwrap()));

    let shape =
        AttentionShape { storage, tokens, heads, head_dim, pitches: [query.pitch, key.pitch, key.pitch] };
    let inputs = of.each_ref().map(|(heads, x)| Buffer::matrix(x, layout(*heads), storage));
    let case = Case { shape, storage, query, key };
    case.check(sight, inputs, &of_dy, &values(output), expected);
}

/// Runs a launch, with the table of tiles in its place where there is one.
fn go<'a>(launch: KernelLaunch, mut buffers: Vec<&'a Buffer>, table: Option<&'a Buffer>, place: usize) {
    if let Some(table) = table {
        buffers.insert(place, table);
    }
    run(&launch, &buffers);
}

impl Case {
    fn check(
        &self,
        sight: &Sight,
        inputs: [Buffer; 3],
        of_dy: &[f32],
        output: &[f32],
        expected: [Vec<f32>; 3],
    ) {
        let &Case { shape, storage, query, key } = self;
        let tiles = match sight {
            Sight::Forest(trees) => TreeTiles::new(trees, &shape),
            Sight::Rows { .. } => TreeTiles { queries: vec![], keys: vec![] },
        };
        let span = match *sight {
            Sight::Forest(_) => AttentionSpan::Forest(&tiles),
            Sight::Rows { rows, length } => AttentionSpan::Rows { rows, length },
        };
        let tables = [&tiles.queries, &tiles.keys].map(|words| Buffer::words(words));
        let table = |which: usize| matches!(sight, Sight::Forest(_)).then_some(&tables[which]);
        let [on_query, on_key, on_value] = &inputs;
        let scalars = || Buffer::empty(4 * shape.tokens * shape.heads.queries);
        let (y, log_sums, delta) = (Buffer::room(query, storage), scalars(), scalars());
        let launch = attention_forward(&shape, &span, query.pitch);
        go(launch, vec![on_query, on_key, on_value, &y, &log_sums], table(0), 3);
        assert_close("output", &y.read(query, storage), output, tolerance(storage));

        let dy = Buffer::matrix(of_dy, query, storage);
        run(&attention_delta(&shape, query.pitch, query.pitch), &[&y, &dy, &delta]);
        let [dq, dk, dv] = [query, key, key].map(|layout| Buffer::room(layout, storage));
        let kept = [on_query, on_key, on_value, &dy, &log_sums, &delta];
        let buffers = kept.iter().copied().chain([&dq]).collect();
        let launch = attention_backward_query(&shape, &span, [query.pitch, query.pitch]);
        go(launch, buffers, table(0), 6);
        let buffers = kept.iter().copied().chain([&dk, &dv]).collect();
        let pitches = [query.pitch, key.pitch, key.pitch];
        go(attention_backward_keys(&shape, &span, pitches), buffers, table(1), 6);
        for (what, layout, buffer, expected) in
            [("dq", query, &dq, &expected[0]), ("dk", key, &dk, &expected[1]), ("dv", key, &dv, &expected[2])]
        {
            assert_close(what, &buffer.read(layout, storage), expected, tolerance(storage));
        }
    }
}
