//! Attention over a cache.

use burn::tensor::{Tensor, TensorData};
use spark::kernels::{Forest, HeadCounts, Kernels, Qkv, RotaryTable, Tree, Visibility, generic};

use super::tensors::{Precision, assert_close, plain, rotary};

/// Prefill of prompts with and without padding, then one token at a time until flex's cache has grown twice.
pub fn cached_attention<B: Kernels>(precision: Precision) {
    for starts in [[0, 2, 4], [0, 0, 0]] {
        for (queries, keys, head_dim) in [(1, 1, 2), (4, 2, 6), (6, 2, 20)] {
            decode::<B>(&starts, HeadCounts { queries, keys }, head_dim, precision);
        }
    }
}

fn decode<B: Kernels>(starts: &[usize], heads: HeadCounts, head_dim: usize, precision: Precision) {
    let (rows, prompt) = (starts.len(), 5);
    let (mut own, mut generic_cache, mut cached) = (None, None, 0);
    let later = Visibility::new(starts.to_vec(), prompt + 140);
    for (step, new) in std::iter::once(prompt).chain(std::iter::repeat_n(1, 140)).enumerate() {
        let seed = 1000 * head_dim as u64 + 10 * step as u64;
        let flat = |heads: usize, seed: u64| plain::<B, 2>([rows * new, heads * head_dim], seed, precision);
        let rotary = rotary::<B>([rows, 1, new, head_dim / 2], seed + 3);
        let first = Visibility::new(starts.to_vec(), prompt);
        let visibility = if step == 0 { &first } else { &later };
        let (query, key, value) =
            (flat(heads.queries, seed), flat(heads.keys, seed + 1), flat(heads.keys, seed + 2));
        let inputs = Qkv { query, key, value, heads, rotary: &rotary };
        let ours = B::cached_attention(inputs.clone(), visibility, &mut own);
        let theirs = generic::cached_attention(inputs, visibility, &mut generic_cache);
        // The outputs at padded positions are not used and may differ.
        let real: Vec<i32> = (0..rows * new)
            .filter(|token| cached + token % new >= starts[token / new])
            .map(|token| token as i32)
            .collect();
        let count = real.len();
        let index = Tensor::from_data(TensorData::new(real, [count]), &Default::default());
        let [ours, theirs] = [ours, theirs].map(|output: Tensor<B, 2>| output.select(0, index.clone()));
        assert_close(ours, theirs, precision);
        cached += new;
    }
    assert_eq!(own.unwrap().length, prompt + 140);
    let held = generic_cache.unwrap();
    assert_eq!((held.length, held.key.dims()[2]), (prompt + 140, prompt + 140));
}

/// A prompt, a few tokens behind it at once, and then one at a time give what the whole sequence gives.
pub fn decoding_gives_what_one_pass_gives<B: Kernels>(precision: Precision) {
    let (tokens, head_dim, heads) = (20, 8, HeadCounts { queries: 4, keys: 2 });
    let flat = |heads: usize, seed: u64| plain::<B, 2>([tokens, heads * head_dim], seed, precision);
    let [query, key, value] = [flat(heads.queries, 1), flat(heads.keys, 2), flat(heads.keys, 3)];
    let table = rotary::<B>([1, 1, tokens, head_dim / 2], 4);
    let trees = [Tree { trunk: tokens, branches: Vec::new() }];
    let (q, k, v) = (query.clone(), key.clone(), value.clone());
    let whole = Qkv { query: q, key: k, value: v, heads, rotary: &table };
    let whole = B::tree_attention(whole, &Forest::new(&trees));
    let (mut cache, mut cached, mut outputs) = (None, 0, Vec::new());
    for new in [7, 3].into_iter().chain(std::iter::repeat_n(1, tokens - 10)) {
        let part = |x: &Tensor<B, 2>| x.clone().narrow(0, cached, new);
        let turn = |x: &Tensor<B, 4>| x.clone().narrow(2, cached, new);
        let rotary = RotaryTable { cos: turn(&table.cos), sin: turn(&table.sin) };
        let (query, key, value) = (part(&query), part(&key), part(&value));
        let inputs = Qkv { query, key, value, heads, rotary: &rotary };
        outputs.push(B::cached_attention(inputs, &Visibility::new(vec![0], tokens), &mut cache));
        cached += new;
    }
    assert_close(Tensor::cat(outputs, 0), whole, precision);
}
