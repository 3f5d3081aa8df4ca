//! Values and gradients against the generic form: f32 and bf16, packed rows and rows with gaps.

use burn::{
    backend::{Autodiff, autodiff::checkpoint::strategy::NoCheckpointing},
    tensor::{DType, Tensor, TensorData, Tolerance},
};
use burn_flex::Flex;

use super::memory::in_both_layouts;
use crate::{
    kernels::{
        Forest, HeadCounts, Qkv, RotaryTable, Tree,
        cuda::host::{autodiff, plain},
        generic,
        tensors::cast,
    },
    random::Stream,
};

pub type Recorded = Autodiff<Flex, NoCheckpointing>;
type Matrix = Tensor<Recorded, 2>;

/// Normal numbers that bf16 holds without rounding.
pub fn random<const D: usize>(shape: [usize; D], seed: u64) -> Tensor<Recorded, D> {
    let mut stream = Stream::new(&[seed]);
    let values: Vec<f32> =
        (0..shape.iter().product()).map(|_| half::bf16::from_f64(stream.normal()).to_f32()).collect();
    Tensor::<Recorded, D>::from_data(TensorData::new(values, shape), &Default::default()).require_grad()
}

/// Both forms of an operation give the same output, and the same gradients for a random one; the own form in both
/// types, the generic one in f32.
fn assert_agrees<const N: usize>(
    inputs: [Matrix; N],
    own: impl Fn([Matrix; N]) -> Matrix,
    generic: impl Fn([Matrix; N]) -> Matrix,
) {
    let expected = outcome(&inputs, &generic);
    in_both_layouts(|| {
        let wide = outcome(&inputs, &own);
        assert_close(&wide, &expected, Tolerance::absolute(3e-5));
        let narrow =
            outcome(&inputs, |inputs| cast(own(inputs.map(|input| cast(input, DType::BF16))), DType::F32));
        assert_close(&narrow, &expected, Tolerance::rel_abs(0.02, 0.05));
    });
}

/// An output, and the gradients of the inputs.
fn outcome<const N: usize>(
    inputs: &[Matrix; N],
    operation: impl Fn([Matrix; N]) -> Matrix,
) -> Vec<TensorData> {
    let output = operation(inputs.clone());
    let direction = random(output.dims(), 77).detach();
    let mut gradients = (output.clone() * direction).sum().backward();
    let gradients = inputs.iter().map(|input| input.grad_remove(&mut gradients).unwrap().into_data());
    std::iter::once(output.into_data()).chain(gradients).collect()
}

fn assert_close(own: &[TensorData], expected: &[TensorData], tolerance: Tolerance<f32>) {
    assert_eq!(own.len(), expected.len());
    for (own, expected) in own.iter().zip(expected) {
        own.assert_approx_eq::<f32>(expected, tolerance);
    }
}

#[test]
fn rms_norm() {
    for (rows, size) in [(1, 1), (3, 7), (70, 40)] {
        let weight = |weight: Matrix| weight.squeeze_dim(0);
        assert_agrees(
            [random([rows, size], 1), random([1, size], 2)],
            |[x, w]| autodiff::rms_norm(x, weight(w), 1e-6),
            |[x, w]| generic::rms_norm(x, weight(w), 1e-6),
        );
    }
}

#[test]
fn gated_silu() {
    for (rows, size) in [(1, 1), (5, 3), (70, 33)] {
        assert_agrees(
            [random([rows, size], 1), random([rows, size], 2)],
            |[gate, up]| autodiff::gated_silu(gate, up),
            |[gate, up]| generic::gated_silu(gate, up),
        );
    }
}

#[test]
fn project() {
    for (rows, input, output) in [(1, 1, 1), (1, 7, 5), (9, 4, 6)] {
        let bias = |bias: Matrix| Some(bias.squeeze_dim(0));
        let [x, weight] = [random([rows, input], 1), random([input, output], 2)];
        assert_agrees(
            [x.clone(), weight.clone()],
            |[x, weight]| autodiff::project(x, weight, None),
            |[x, weight]| generic::project(x, weight, None),
        );
        assert_agrees(
            [x.clone(), weight.clone(), random([1, output], 3)],
            |[x, weight, b]| autodiff::project(x, weight, bias(b)),
            |[x, weight, b]| generic::project(x, weight, bias(b)),
        );
        // A weight that is a view of its transpose is read where it lies.
        assert_agrees(
            [x.clone(), random([output, input], 4)],
            |[x, weight]| autodiff::project(x, weight.transpose(), None),
            |[x, weight]| generic::project(x, weight.transpose(), None),
        );
        assert_agrees(
            [x, random([output, input], 4)],
            |[x, weight]| autodiff::project_transposed(x, weight),
            |[x, weight]| generic::project_transposed(x, weight),
        );
    }
}

#[test]
fn self_attention() {
    for (rows, length, heads, key_heads, head_dim) in
        [(1, 1, 1, 1, 2), (2, 5, 4, 2, 6), (3, 17, 3, 1, 16), (1, 70, 2, 2, 32)]
    {
        for table_rows in if rows > 1 { vec![rows, 1] } else { vec![1] } {
            let counts = HeadCounts { queries: heads, keys: key_heads };
            let rotary = rotary([table_rows, 1, length, head_dim / 2], 9);
            let matrix = |heads: usize, seed: u64| random([rows * length, heads * head_dim], seed);
            assert_agrees(
                [matrix(heads, 1), matrix(key_heads, 2), matrix(key_heads, 3)],
                |inputs| autodiff::self_attention(qkv(inputs, counts, &rotary), rows),
                |inputs| generic::self_attention(qkv(inputs, counts, &rotary), rows),
            );
        }
    }
}

#[test]
fn tree_attention() {
    let tree = |trunk: usize, branches: &[usize]| Tree { trunk, branches: branches.to_vec() };
    let forests = [
        vec![tree(1, &[])],
        vec![tree(5, &[]), tree(2, &[]), tree(33, &[])],
        vec![tree(4, &[3, 1, 2]), tree(70, &[40]), tree(1, &[5, 4])],
    ];
    for (trees, (heads, key_heads, head_dim)) in
        forests.iter().flat_map(|forest| [(4, 2, 6), (3, 1, 16)].map(|sizes| (forest, sizes)))
    {
        let tokens: usize = trees.iter().map(Tree::length).sum();
        let counts = HeadCounts { queries: heads, keys: key_heads };
        let rotary = rotary([1, 1, tokens, head_dim / 2], 9);
        let matrix = |heads: usize, seed: u64| random([tokens, heads * head_dim], seed);
        assert_agrees(
            [matrix(heads, 1), matrix(key_heads, 2), matrix(key_heads, 3)],
            |inputs| autodiff::tree_attention(qkv(inputs, counts, &rotary), &Forest::new(trees)),
            |inputs| generic::tree_attention(qkv(inputs, counts, &rotary), &Forest::new(trees)),
        );
    }
}

#[test]
fn target_logprobs() {
    for (tokens, vocabulary) in [(1, 2), (7, 33), (20, 300)] {
        let targets: Vec<u32> = (0..tokens as u32).map(|token| token * 7 % vocabulary as u32).collect();
        let column = |logprobs: Tensor<Recorded, 1>| logprobs.unsqueeze_dim::<2>(1);
        assert_agrees(
            [random([tokens, vocabulary], 1)],
            |[scores]| column(autodiff::target_logprobs(scores, &targets, 0.7).logprobs),
            |[scores]| column(generic::target_logprobs(scores, &targets, 0.7).logprobs),
        );
        let scores = random([tokens, vocabulary], 2).inner();
        let own = plain::target_logprobs(scores.clone(), &targets, 0.7).entropy.into_data();
        let expected = generic::target_logprobs(scores, &targets, 0.7).entropy.into_data();
        own.assert_approx_eq::<f32>(&expected, Tolerance::absolute(3e-5));
    }
}

/// What is recorded for gradients has the same values as what is not.
#[test]
fn without_gradients_the_values_are_the_same() {
    let same = |plain: Tensor<Flex, 2>, recorded: Matrix| {
        assert_eq!(plain.into_data(), recorded.inner().into_data());
    };
    let [x, gate] = [random([6, 8], 1), random([6, 8], 2)];
    let weight = || random([8], 3);
    same(
        plain::rms_norm(x.clone().inner(), weight().inner(), 1e-6),
        autodiff::rms_norm(x.clone(), weight(), 1e-6),
    );
    same(plain::gated_silu(gate.clone().inner(), x.clone().inner()), autodiff::gated_silu(gate, x.clone()));
    let square = || random([8, 8], 4);
    let product = plain::project(x.clone().inner(), square().inner(), Some(weight().inner()));
    same(product, autodiff::project(x.clone(), square(), Some(weight())));
    let product = plain::project_transposed(x.clone().inner(), square().inner());
    same(product, autodiff::project_transposed(x, square()));
    let recorded = rotary([1, 1, 6, 2], 9);
    let heads = HeadCounts { queries: 2, keys: 1 };
    let inputs = || [2, 1, 1].map(|heads| random([6, 4 * heads], heads as u64));
    let unrecorded = RotaryTable { cos: recorded.cos.clone().inner(), sin: recorded.sin.clone().inner() };
    let plain_inputs = || {
        let [query, key, value] = inputs().map(Tensor::inner);
        Qkv { query, key, value, heads, rotary: &unrecorded }
    };
    let own = autodiff::self_attention(qkv(inputs(), heads, &recorded), 1);
    same(plain::self_attention(plain_inputs(), 1), own);
    let trees = [Tree { trunk: 3, branches: vec![2, 1] }];
    let own = autodiff::tree_attention(qkv(inputs(), heads, &recorded), &Forest::new(&trees));
    same(plain::tree_attention(plain_inputs(), &Forest::new(&trees)), own);
}

/// Views whose rows have gaps, and whose elements have.
#[test]
fn views_are_read_as_they_lie() {
    let wide = random([4, 6], 5);
    let halves = |wide: Matrix| [wide.clone().narrow(1, 0, 3), wide.narrow(1, 3, 3)];
    assert_agrees(
        [wide.clone()],
        |[wide]| {
            let [gate, up] = halves(wide);
            autodiff::gated_silu(gate, up)
        },
        |[wide]| {
            let [gate, up] = halves(wide);
            generic::gated_silu(gate, up)
        },
    );
    assert_agrees(
        [wide, random([4, 6], 6)],
        |[gate, up]| autodiff::gated_silu(gate.transpose(), up.transpose()),
        |[gate, up]| generic::gated_silu(gate.transpose(), up.transpose()),
    );
}

/// Queries, keys and values with their rotation.
fn qkv<'a>(
    [query, key, value]: [Matrix; 3],
    heads: HeadCounts,
    rotary: &'a RotaryTable<Recorded>,
) -> Qkv<'a, Recorded> {
    Qkv { query, key, value, heads, rotary }
}

fn rotary(shape: [usize; 4], seed: u64) -> RotaryTable<Recorded> {
    let angles = random(shape, seed).detach();
    RotaryTable { cos: angles.clone().cos(), sin: angles.sin() }
}
