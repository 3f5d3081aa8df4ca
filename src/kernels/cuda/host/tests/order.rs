//! What is asked of the device, in which order, and what is written in place.

use burn::tensor::{DType, Tensor, Tolerance};
use burn_flex::Flex;

use super::{
    agreement::{Recorded, random},
    memory::recorded,
};
use crate::kernels::{
    AdamWStep, Forest, HeadCounts, Qkv, RotaryTable, Tree, Visibility,
    cuda::host::{autodiff, plain},
    generic,
};

fn step(update: u64) -> AdamWStep {
    AdamWStep {
        beta1: 0.9,
        beta2: 0.95,
        epsilon: 1e-8,
        weight_decay: 0.1,
        learning_rate: 1e-2,
        scale: 0.5,
        corrections: [0.9f64, 0.95].map(|beta| 1.0 - beta.powi(update as i32)),
    }
}

#[test]
fn adamw_writes_in_place_what_is_its_own() {
    for (count, dtype) in [(1, DType::F32), (33, DType::BF16), (3000, DType::F32)] {
        let start = random([count], 1).inner();
        let (mut own, mut expected) = ((Tensor::zeros_like(&start) + start.clone(), None), (start, None));
        for update in 1..4 {
            let gradient = random([count], 10 + update).inner();
            let narrow = gradient.clone().cast(burn::tensor::FloatDType::from(dtype));
            let ((weights, moments), asked) = recorded(|| plain::adamw(own.0, narrow, own.1, &step(update)));
            assert_eq!(asked, ["adamw"], "nothing is copied");
            own = (weights, Some(moments));
            let (weights, moments) = generic::adamw(expected.0, gradient, expected.1, &step(update));
            expected = (weights, Some(moments));
            own.0.to_data().assert_approx_eq::<f32>(&expected.0.to_data(), Tolerance::absolute(1e-6));
        }
        let (held, moments) = (own.0.clone(), own.1);
        let (_, asked) = recorded(|| plain::adamw(own.0, random([count], 3).inner(), moments, &step(4)));
        assert_eq!(asked, ["copy", "adamw"], "weights that are read elsewhere are copied");
        held.to_data().assert_approx_eq::<f32>(&expected.0.to_data(), Tolerance::absolute(1e-6));
    }
}

#[test]
fn the_cache_is_written_where_it_lies() {
    let heads = HeadCounts { queries: 2, keys: 1 };
    let visibility = Visibility::<Flex>::new(vec![0, 0], 8);
    let (mut cache, mut asked) = (None, Vec::new());
    for new in [3, 1, 1] {
        let angles = random([2, 1, new, 2], 9).inner();
        let rotary = RotaryTable { cos: angles.clone().cos(), sin: angles.sin() };
        let flat = |heads: usize| random([2 * new, 4 * heads], 1).inner();
        let inputs = Qkv { query: flat(2), key: flat(1), value: flat(1), heads, rotary: &rotary };
        let (_, more) = recorded(|| plain::cached_attention(inputs, &visibility, &mut cache));
        asked.push(more);
    }
    assert_eq!(asked[0], ["rotate_append", "attention_forward"]);
    assert_eq!(asked[1..], [["rotate_append", "decode_attention", "decode_combine"]; 2]);
}

#[test]
fn attention_rotates_once_and_back_once() {
    let trees = [Tree { trunk: 3, branches: vec![2, 1] }];
    let angles = random([1, 1, 6, 2], 9).detach();
    let rotary = RotaryTable { cos: angles.clone().cos(), sin: angles.sin() };
    let heads = HeadCounts { queries: 2, keys: 1 };
    let [query, key, value] = [2, 1, 1].map(|heads| random([6, 4 * heads], heads as u64));
    let inputs = Qkv { query, key, value, heads, rotary: &rotary };
    let (output, asked) = recorded(|| autodiff::tree_attention::<Flex, _>(inputs, &Forest::new(&trees)));
    assert_eq!(asked, ["rotate", "attention_forward"]);
    let (_, asked) = recorded(|| output.sum().backward());
    let gradients = ["attention_delta", "attention_backward_query", "attention_backward_keys"];
    assert_eq!(asked[asked.len() - 4..], [&gradients[..], &["rotate"]].concat());
}

/// A frozen weight, as under adapters, costs no product for a gradient that nobody needs.
#[test]
fn only_gradients_that_are_needed_are_computed() {
    let [x, weight] = [random([3, 4], 1), random([4, 5], 2)];
    let products = |x: Tensor<Recorded, 2>, weight: Tensor<Recorded, 2>| {
        let output = autodiff::project::<Flex, _>(x, weight, None);
        let asked = recorded(|| output.sum().backward()).1;
        asked.iter().filter(|asked| *asked == "multiply").count()
    };
    let frozen = |tensor: &Tensor<Recorded, 2>| Tensor::from_inner(tensor.clone().inner());
    assert_eq!(products(x.clone(), weight.clone()), 2);
    assert_eq!(products(x.clone(), frozen(&weight)), 1);
    assert_eq!(products(frozen(&x), weight), 1);
}
