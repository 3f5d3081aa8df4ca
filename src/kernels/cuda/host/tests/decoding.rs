//! The cache and the drawing of tokens, against the generic form.

use burn::tensor::{DType, Tensor, TensorData, Tolerance};
use burn_flex::Flex;

use super::{agreement::random, memory::in_both_layouts};
use crate::kernels::{
    HeadCounts, Qkv, RotaryTable, RowDraw, Visibility, cuda::host::plain, generic, tensors::cast,
};

/// Padded prompts, one token at a time past the first capacity, and then several at once.
#[test]
fn cached_attention() {
    for (heads, key_heads, head_dim) in [(4, 2, 6), (6, 2, 16)] {
        for dtype in [DType::F32, DType::BF16] {
            let sizes = HeadCounts { queries: heads, keys: key_heads };
            in_both_layouts(|| decode(sizes, head_dim, dtype));
        }
    }
}

fn decode(heads: HeadCounts, head_dim: usize, dtype: DType) {
    let starts = [0, 2, 4];
    let (rows, prompt) = (starts.len(), 5);
    let (mut own, mut expected_cache, mut cached) = (None, None, 0);
    let later = Visibility::new(starts.to_vec(), 30);
    let first = Visibility::new(starts.to_vec(), prompt);
    for (step, new) in [prompt].into_iter().chain([1; 16]).chain([3, 1]).enumerate() {
        let flat = |heads: usize, seed: u64| {
            random([rows * new, heads * head_dim], 100 * step as u64 + seed).inner()
        };
        let angles = random([rows, 1, new, head_dim / 2], 100 * step as u64).inner();
        let rotary = RotaryTable::<Flex> { cos: angles.clone().cos(), sin: angles.sin() };
        let [query, key, value] = [flat(heads.queries, 1), flat(heads.keys, 2), flat(heads.keys, 3)];
        let inputs = Qkv { query, key, value, heads, rotary: &rotary };
        let narrow = Qkv {
            query: cast(inputs.query.clone(), dtype),
            key: cast(inputs.key.clone(), dtype),
            value: cast(inputs.value.clone(), dtype),
            heads,
            rotary: &rotary,
        };
        let visibility = match step {
            0 => &first,
            _ if new > 1 => &Visibility::new(starts.to_vec(), 30),
            _ => &later,
        };
        let ours = plain::cached_attention(narrow, visibility, &mut own);
        let theirs = generic::cached_attention(inputs, visibility, &mut expected_cache);
        let real: Vec<i32> = (0..rows * new)
            .filter(|token| cached + token % new >= starts[token / new])
            .map(|token| token as i32)
            .collect();
        let count = real.len();
        let index = Tensor::from_data(TensorData::new(real, [count]), &Default::default());
        let [ours, theirs] =
            [ours, theirs].map(|output| cast(output, DType::F32).select(0, index.clone()).into_data());
        let tolerance =
            if dtype == DType::F32 { Tolerance::absolute(3e-5) } else { Tolerance::rel_abs(0.02, 0.05) };
        ours.assert_approx_eq::<f32>(&theirs, tolerance);
        cached += new;
    }
    let own = own.unwrap();
    assert_eq!((own.length, own.key.dims()[2]), (prompt + 20, 30));
}

/// The same uniform number draws the same token.
#[test]
fn draw_tokens() {
    for (rows, vocabulary) in [(1, 5), (3, 33), (2, 700)] {
        let scores = random([rows, vocabulary], 1).inner().mul_scalar(2.0);
        let seen: Vec<u32> = (0..vocabulary as u32).step_by(3).collect();
        let plain_row = |scores: usize, uniform: f64| RowDraw {
            scores,
            uniform: Some(uniform),
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            repetition_penalty: 1.0,
            seen: &[],
        };
        let draws: Vec<RowDraw<'_>> = [0.001, 0.31, 0.62, 0.93]
            .into_iter()
            .flat_map(|uniform| (0..rows).map(move |row| plain_row(row, uniform)))
            .flat_map(|row| {
                [
                    row,
                    RowDraw { temperature: 0.3, ..row },
                    RowDraw { temperature: 0.0, ..row },
                    RowDraw { top_k: 3, ..row },
                    RowDraw { top_p: 0.6, temperature: 1.4, ..row },
                    RowDraw { repetition_penalty: 1.7, seen: &seen, ..row },
                    RowDraw { repetition_penalty: 0.5, seen: &seen, top_k: 5, top_p: 0.9, ..row },
                ]
            })
            .collect();
        in_both_layouts(|| {
            let own = plain::draw_tokens(scores.clone(), &draws);
            let expected = generic::draw_tokens(scores.clone(), &draws);
            assert_eq!(own.ids.into_data(), expected.ids.into_data());
            own.logprobs
                .into_data()
                .assert_approx_eq::<f32>(&expected.logprobs.into_data(), Tolerance::absolute(3e-5));
        });
    }
}
