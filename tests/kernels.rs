//! Hand-written kernels against the generic form, values and gradients, over odd shapes too.

mod common;

use burn::tensor::{Tensor, TensorData, backend::Backend};
use common::Differentiable;
use spark::{
    kernels::{AdamWStep, Forest, HeadCounts, Kernels, Qkv, RotaryTable, RowDraw, Tree, Visibility, generic},
    random::Stream,
};

type Matrix = Tensor<Differentiable, 2>;

fn random<const D: usize>(shape: [usize; D], seed: u64) -> Tensor<Differentiable, D> {
    let mut stream = Stream::new(&[seed]);
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| stream.normal() as f32).collect();
    Tensor::<Differentiable, D>::from_data(TensorData::new(values, shape), &Default::default()).require_grad()
}

fn assert_close<const D: usize>(left: Tensor<Differentiable, D>, right: Tensor<Differentiable, D>) {
    left.into_data().assert_approx_eq::<f32>(&right.into_data(), burn::tensor::Tolerance::absolute(2e-5));
}

/// The inputs of attention from flat queries, keys and values.
fn qkv<B: Backend>(
    [query, key, value]: [Tensor<B, 2>; 3],
    heads: HeadCounts,
    rotary: &RotaryTable<B>,
) -> Qkv<'_, B> {
    Qkv { query, key, value, heads, rotary }
}

/// Both forms of an operation give the same output, and the same gradients for a random one.
fn assert_same<const N: usize>(
    inputs: [Matrix; N],
    own: impl Fn([Matrix; N]) -> Matrix,
    generic: impl Fn([Matrix; N]) -> Matrix,
) {
    let outputs = [own(inputs.clone()), generic(inputs.clone())];
    let direction = random(outputs[0].dims(), 77).detach();
    let [own, generic] = outputs.map(|output| {
        let mut gradients = (output.clone() * direction.clone()).sum().backward();
        (output, inputs.clone().map(|input| input.grad_remove(&mut gradients).unwrap()))
    });
    assert_close(own.0, generic.0);
    for (own, generic) in own.1.into_iter().zip(generic.1) {
        assert_close::<2>(Tensor::from_inner(own), Tensor::from_inner(generic));
    }
}

#[test]
fn rms_norm() {
    for (rows, size) in [(1, 1), (3, 7), (130, 32), (64, 96)] {
        let weight = |weight: Matrix| weight.squeeze_dim(0);
        assert_same(
            [random([rows, size], 1), random([1, size], 2)],
            |[x, w]| Differentiable::rms_norm(x, weight(w), 1e-6),
            |[x, w]| generic::rms_norm(x, weight(w), 1e-6),
        );
    }
}

#[test]
fn gated_silu() {
    for (rows, size) in [(1, 1), (5, 3), (700, 33)] {
        assert_same(
            [random([rows, size], 1).mul_scalar(5.0).detach().require_grad(), random([rows, size], 2)],
            |[gate, up]| Differentiable::gated_silu(gate, up),
            |[gate, up]| generic::gated_silu(gate, up),
        );
    }
}

#[test]
fn self_attention() {
    for (rows, length, heads, key_heads, head_dim) in
        [(1, 1, 1, 1, 2), (2, 5, 4, 2, 6), (3, 17, 3, 1, 8), (1, 40, 2, 2, 32)]
    {
        for table_rows in [rows, 1] {
            let counts = HeadCounts { queries: heads, keys: key_heads };
            let angles = random([table_rows, 1, length, head_dim / 2], 9).detach();
            let rotary = RotaryTable { cos: angles.clone().cos(), sin: angles.sin() };
            let matrix = |heads: usize, seed: u64| random([rows * length, heads * head_dim], seed);
            assert_same(
                [matrix(heads, 1), matrix(key_heads, 2), matrix(key_heads, 3)],
                |inputs| Differentiable::self_attention(qkv(inputs, counts, &rotary), rows),
                |inputs| generic::self_attention(qkv(inputs, counts, &rotary), rows),
            );
        }
    }
}

/// A single row, which is decoded by itself, and several.
#[test]
fn project() {
    use common::Plain;
    // The last is large enough to be shared by all cores.
    for (rows, input, output) in [(1, 1, 1), (1, 7, 33), (3, 5, 2), (1, 2049, 2051)] {
        let x = random([rows, input], 1).inner();
        let weight = random([input, output], 2).inner().div_scalar((input as f64).sqrt());
        let bias = random([output], 3).inner();
        for bias in [None, Some(bias)] {
            let own = Plain::project(x.clone(), weight.clone(), bias.clone());
            let theirs = burn::tensor::module::linear(x.clone(), weight.clone(), bias);
            own.into_data()
                .assert_approx_eq::<f32>(&theirs.into_data(), burn::tensor::Tolerance::absolute(2e-5));
        }
    }
}

/// Several updates, so that moments are begun and carried on; 20,000 elements are more than one task's.
#[test]
fn adamw() {
    use common::Plain;
    for count in [1, 33, 20_000] {
        let start = random([count], 1).inner();
        let (mut own, mut theirs) = ((start.clone(), None), (start, None));
        for update in 1..4 {
            let gradient = random([count], 10 + update).inner();
            let corrections = [0.9f64, 0.95].map(|beta| 1.0 - beta.powi(update as i32));
            let step = AdamWStep {
                beta1: 0.9,
                beta2: 0.95,
                epsilon: 1e-8,
                weight_decay: 0.1,
                learning_rate: 1e-2,
                scale: 0.5,
                corrections,
            };
            let (weights, moments) = Plain::adamw(own.0, gradient.clone(), own.1, &step);
            own = (weights, Some(moments));
            let (weights, moments) = generic::adamw(theirs.0, gradient, theirs.1, &step);
            theirs = (weights, Some(moments));
            own.0
                .to_data()
                .assert_approx_eq::<f32>(&theirs.0.to_data(), burn::tensor::Tolerance::absolute(1e-6));
        }
    }
}

/// With and without branches.
#[test]
fn tree_attention() {
    let tree = |trunk: usize, branches: &[usize]| Tree { trunk, branches: branches.to_vec() };
    let forests = [
        vec![tree(1, &[])],
        vec![tree(5, &[]), tree(2, &[]), tree(3, &[])],
        vec![tree(4, &[3, 1, 2]), tree(2, &[]), tree(1, &[5, 4])],
    ];
    for (trees, (heads, key_heads, head_dim)) in forests
        .iter()
        .flat_map(|forest| [(1, 1, 2), (4, 2, 6), (3, 1, 8), (3, 1, 36)].map(|sizes| (forest, sizes)))
    {
        let tokens: usize = trees.iter().map(Tree::length).sum();
        let counts = HeadCounts { queries: heads, keys: key_heads };
        let angles = random([1, 1, tokens, head_dim / 2], 9).detach();
        let rotary = RotaryTable { cos: angles.clone().cos(), sin: angles.sin() };
        let matrix = |heads: usize, seed: u64| random([tokens, heads * head_dim], seed);
        assert_same(
            [matrix(heads, 1), matrix(key_heads, 2), matrix(key_heads, 3)],
            |inputs| Differentiable::tree_attention(qkv(inputs, counts, &rotary), &Forest::new(trees)),
            |inputs| generic::tree_attention(qkv(inputs, counts, &rotary), &Forest::new(trees)),
        );
    }
}

#[test]
fn target_logprobs() {
    for (tokens, vocabulary) in [(1, 2), (7, 33), (50, 300)] {
        let targets: Vec<u32> = (0..tokens as u32).map(|token| token * 7 % vocabulary as u32).collect();
        let column = |logprobs: Tensor<Differentiable, 1>| logprobs.unsqueeze_dim::<2>(1);
        assert_same(
            [random([tokens, vocabulary], 1).mul_scalar(3.0).detach().require_grad()],
            |[scores]| column(Differentiable::target_logprobs(scores, &targets, 0.7).logprobs),
            |[scores]| column(generic::target_logprobs(scores, &targets, 0.7).logprobs),
        );
        let scores = random([tokens, vocabulary], 2);
        assert_close(
            Differentiable::target_logprobs(scores.clone(), &targets, 0.7).entropy,
            generic::target_logprobs(scores, &targets, 0.7).entropy,
        );
    }
}

#[test]
fn kernels_read_views_that_are_not_contiguous() {
    let wide = random([4, 6], 5);
    let views = || [wide.clone().narrow(1, 0, 3), wide.clone().narrow(1, 3, 3)];
    let [gate, up] = views();
    let [generic_gate, generic_up] = views();
    assert_close(Differentiable::gated_silu(gate, up), generic::gated_silu(generic_gate, generic_up));
}

/// Prefill of padded prompts, then one token at a time until the cache has grown twice.
#[test]
fn cached_attention() {
    use common::Plain;
    for (heads, key_heads, head_dim) in [(1, 1, 2), (4, 2, 6), (6, 2, 20)] {
        let (rows, prompt) = (3, 5);
        let starts = [0, 2, 4];
        let counts = HeadCounts { queries: heads, keys: key_heads };
        let (mut own, mut generic_cache) = (None, None);
        let later = Visibility::new(starts.to_vec(), prompt + 140);
        let mut cached = 0;
        for (step, new) in std::iter::once(prompt).chain(std::iter::repeat_n(1, 140)).enumerate() {
            let seed = 1000 * head_dim as u64 + 10 * step as u64;
            let flat = |heads: usize, seed: u64| random([rows * new, heads * head_dim], seed).inner();
            let inputs = [flat(heads, seed), flat(key_heads, seed + 1), flat(key_heads, seed + 2)];
            let angle = |seed: u64| random([rows, 1, new, head_dim / 2], seed).inner();
            let angles = angle(seed + 3);
            let rotary = RotaryTable::<Plain> { cos: angles.clone().cos(), sin: angles.sin() };
            let first = Visibility::new(starts.to_vec(), prompt);
            let visibility = if step == 0 { &first } else { &later };
            let inputs = qkv(inputs, counts, &rotary);
            let ours = Plain::cached_attention(inputs.clone(), visibility, &mut own);
            let theirs = generic::cached_attention(inputs, visibility, &mut generic_cache);
            // The outputs at padded positions are not used and may differ.
            let real: Vec<i32> = (0..rows * new)
                .filter(|token| cached + token % new >= starts[token / new])
                .map(|token| token as i32)
                .collect();
            let count = real.len();
            let index = Tensor::from_data(TensorData::new(real, [count]), &Default::default());
            let [ours, theirs] = [ours, theirs].map(|output| output.select(0, index.clone()).into_data());
            ours.assert_approx_eq::<f32>(&theirs, burn::tensor::Tolerance::absolute(2e-5));
            cached += new;
        }
        assert_eq!(own.unwrap().length, prompt + 140);
        let held = generic_cache.unwrap();
        assert_eq!((held.length, held.key.dims()[2]), (prompt + 140, prompt + 140));
    }
}

/// Rows that are drawn in every way.
fn draws(uniform: f64, seen: &[u32]) -> Vec<RowDraw<'_>> {
    let plain = RowDraw {
        scores: 0,
        uniform: Some(uniform),
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        repetition_penalty: 1.0,
        seen: &[],
    };
    vec![
        plain,
        RowDraw { temperature: 0.3, ..plain },
        RowDraw { temperature: 0.0, ..plain },
        RowDraw { top_k: 3, ..plain },
        RowDraw { top_p: 0.6, temperature: 1.4, ..plain },
        RowDraw { top_p: 0.8, top_k: 4, ..plain },
        RowDraw { top_p: 1e-6, ..plain },
        RowDraw { top_k: 1_000_000, ..plain },
        RowDraw { repetition_penalty: 1.7, seen, ..plain },
        RowDraw { repetition_penalty: 1.7, seen, temperature: 0.0, ..plain },
        RowDraw { repetition_penalty: 0.5, seen, top_k: 5, top_p: 0.9, ..plain },
    ]
}

/// The same uniform number draws the same token, from vocabularies that fill their cubes and that do not.
#[test]
fn draw_tokens() {
    use common::Plain;
    for vocabulary in [1, 2, 7, 8, 33, 300, 1001] {
        let scores = random([4, vocabulary], 5).inner().mul_scalar(3.0);
        let seen: Vec<u32> =
            [0, 5, 5, 300, 31].into_iter().filter(|&id| (id as usize) < vocabulary).collect();
        for number in 0..40 {
            let uniform = f64::from(number) / 40.0 + 0.003;
            let rows: Vec<RowDraw<'_>> = draws(uniform, &seen)
                .into_iter()
                .enumerate()
                .map(|(place, row)| RowDraw { scores: place % 4, ..row })
                .collect();
            let own = Plain::draw_tokens(scores.clone(), &rows);
            let theirs = generic::draw_tokens(scores.clone(), &rows);
            let ids =
                |ids: Tensor<Plain, 1, burn::tensor::Int>| ids.into_data().iter::<u32>().collect::<Vec<_>>();
            assert_eq!(ids(own.ids), ids(theirs.ids), "vocabulary {vocabulary}, uniform {uniform}");
            own.logprobs.into_data().assert_approx_eq::<f32>(
                &theirs.logprobs.into_data(),
                burn::tensor::Tolerance::absolute(2e-5),
            );
        }
    }
}

/// Probabilities by hand: softmax of 0, 2, 1, −1 at temperatures 1 and 0.5, and what top-k and top-p leave of it.
#[test]
fn tokens_come_as_often_as_the_softmax_says() {
    use common::Plain;
    let plain = draws(0.0, &[])[0];
    let of = |row: RowDraw<'static>| {
        let count = 4000;
        let rows: Vec<_> = (0..count)
            .map(|number| RowDraw { uniform: Some((f64::from(number) + 0.5) / f64::from(count)), ..row })
            .collect();
        let scores = Tensor::<Plain, 2>::from_floats([[0.0, 2.0, 1.0, -1.0]], &Default::default());
        for drawn in [Plain::draw_tokens(scores.clone(), &rows), generic::draw_tokens(scores, &rows)] {
            let mut found = [0.0; 4];
            drawn.ids.into_data().iter::<u32>().for_each(|id| found[id as usize] += 1.0 / f64::from(count));
            let expected = match (row.temperature, row.top_k, row.top_p) {
                (0.5, ..) => [0.0159, 0.8650, 0.1171, 0.0021],
                (_, 2, _) | (_, _, 0.7) => [0.0, 0.7311, 0.2689, 0.0],
                (_, _, 0.6) => [0.0, 1.0, 0.0, 0.0],
                _ => [0.0871, 0.6439, 0.2369, 0.0321],
            };
            let close = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-3);
            assert!(close, "{row:?}: {found:?}");
        }
    };
    of(plain);
    of(RowDraw { temperature: 0.5, ..plain });
    of(RowDraw { top_k: 2, ..plain });
    of(RowDraw { top_p: 0.7, ..plain });
    of(RowDraw { top_p: 0.6, ..plain });
}
