//! Attention over rows and over forests.

use burn::{backend::Autodiff, tensor::Tensor};
use spark::kernels::{Forest, HeadCounts, Kernels, Qkv, Tree, generic};

use super::tensors::{Precision, assert_close, assert_same, leaf, plain, rotary};

pub fn self_attention<B: Kernels>(precision: Precision)
where
    Autodiff<B>: Kernels,
{
    for (rows, length, queries, keys, head_dim) in
        [(1, 1, 1, 1, 2), (2, 5, 4, 2, 6), (3, 17, 3, 1, 8), (1, 40, 2, 2, 32)]
    {
        for table_rows in [rows, 1] {
            let heads = HeadCounts { queries, keys };
            let rotary = rotary::<Autodiff<B>>([table_rows, 1, length, head_dim / 2], 9);
            let matrix =
                |heads: usize, seed: u64| leaf::<B, 2>([rows * length, heads * head_dim], seed, precision);
            let qkv = |[query, key, value]: [Tensor<Autodiff<B>, 2>; 3]| Qkv {
                query,
                key,
                value,
                heads,
                rotary: &rotary,
            };
            assert_same(
                [matrix(queries, 1), matrix(keys, 2), matrix(keys, 3)],
                precision,
                |inputs| Autodiff::<B>::self_attention(qkv(inputs), rows),
                |inputs| generic::self_attention(qkv(inputs), rows),
            );
        }
    }
}

/// With and without branches, of equal and of very different lengths.
pub fn tree_attention<B: Kernels>(precision: Precision)
where
    Autodiff<B>: Kernels,
{
    let tree = |trunk: usize, branches: &[usize]| Tree { trunk, branches: branches.to_vec() };
    let forests = [
        vec![tree(1, &[])],
        vec![tree(5, &[]), tree(2, &[]), tree(3, &[])],
        vec![tree(6, &[]), tree(6, &[])],
        vec![tree(4, &[3, 1, 2]), tree(2, &[]), tree(1, &[5, 4])],
        vec![tree(3, &[4, 4]), tree(3, &[4, 4])],
        vec![tree(2, &[40, 1, 39, 33]), tree(17, &[2, 1])],
    ];
    for (trees, (queries, keys, head_dim)) in forests
        .iter()
        .flat_map(|forest| [(1, 1, 2), (4, 2, 6), (3, 1, 8), (3, 1, 36)].map(|sizes| (forest, sizes)))
    {
        let tokens: usize = trees.iter().map(Tree::length).sum();
        let heads = HeadCounts { queries, keys };
        let rotary = rotary::<Autodiff<B>>([1, 1, tokens, head_dim / 2], 9);
        let shape = |heads: usize| [tokens, heads * head_dim];
        let matrix = |heads: usize, seed: u64| leaf::<B, 2>(shape(heads), seed, precision);
        let qkv = |[query, key, value]: [Tensor<Autodiff<B>, 2>; 3]| Qkv {
            query,
            key,
            value,
            heads,
            rotary: &rotary,
        };
        assert_same(
            [matrix(queries, 1), matrix(keys, 2), matrix(keys, 3)],
            precision,
            |inputs| Autodiff::<B>::tree_attention(qkv(inputs), &Forest::new(trees)),
            |inputs| generic::tree_attention(qkv(inputs), &Forest::new(trees)),
        );
        let rotary = super::tensors::rotary::<B>([1, 1, tokens, head_dim / 2], 9);
        let matrix = |heads: usize, seed: u64| plain::<B, 2>(shape(heads), seed, precision);
        // Made for each call: burn-tch's `swap_dims` gives a view that passes for the only owner of its memory, so that
        // the generic rotation writes over what it is given.
        let inputs = || {
            let (query, key, value) = (matrix(queries, 1), matrix(keys, 2), matrix(keys, 3));
            Qkv { query, key, value, heads, rotary: &rotary }
        };
        // One forest serves all layers.
        let forest = Forest::new(trees);
        let expected = generic::tree_attention(inputs(), &forest);
        assert_close(B::tree_attention(inputs(), &forest), expected.clone(), precision);
        assert_close(B::tree_attention(inputs(), &forest), expected, precision);
    }
}
