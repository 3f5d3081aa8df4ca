//! What LibTorch's kernels write in place and what they leave alone, told by where tensors lie.

use burn::{
    backend::{LibTorch, libtorch::TchTensor},
    tensor::{Tensor, TensorPrimitive},
};
use spark::kernels::{HeadCounts, Kernels, Qkv, RotaryTable, Visibility};

use super::{
    optimizer::step,
    tensors::{BRAIN, in_f32, plain, rotary},
};

fn place<const D: usize>(tensor: &Tensor<LibTorch, D>) -> usize {
    tensor.clone().into_primitive().tensor().tensor.data_ptr() as usize
}

#[test]
fn a_tensor_of_libtorch_is_not_copied_on_its_way_into_burn_and_out() {
    let tensor = tch::Tensor::randn([3, 4], (tch::Kind::Float, tch::Device::Cpu));
    let before = tensor.data_ptr() as usize;
    let burn = Tensor::<LibTorch, 2>::from_primitive(TensorPrimitive::Float(TchTensor::new(tensor)));
    assert_eq!(place(&burn), before);
}

#[test]
fn weights_and_moments_are_updated_where_they_are() {
    let weights = in_f32::<LibTorch, 1>([100_000], 1);
    let gradient = || in_f32::<LibTorch, 1>([100_000], 2);
    let (weights, moments) = <LibTorch>::adamw(weights, gradient(), None, &step(1));
    let places = [place(&weights), place(&moments.first), place(&moments.second)];
    let (weights, moments) = <LibTorch>::adamw(weights, gradient(), Some(moments), &step(2));
    assert_eq!([place(&weights), place(&moments.first), place(&moments.second)], places);
}

#[test]
fn weights_that_someone_else_holds_are_left_alone() {
    let weights = in_f32::<LibTorch, 1>([1000], 1);
    let held = weights.clone().reshape([10, 100]);
    let before = held.to_data();
    let (updated, _) = <LibTorch>::adamw(weights, in_f32([1000], 2), None, &step(1));
    held.to_data().assert_eq(&before, true);
    assert_ne!(updated.to_data().to_vec::<f32>().unwrap(), before.to_vec::<f32>().unwrap());
}

#[test]
fn a_cache_stays_where_room_was_made_for_it() {
    let (rows, head_dim, heads) = (3, 8, HeadCounts { queries: 4, keys: 2 });
    let mut cache = None;
    let mut run = |new: usize, capacity: usize| {
        let flat =
            |heads: usize, seed: u64| plain::<LibTorch, 2>([rows * new, heads * head_dim], seed, BRAIN);
        let rotary: RotaryTable<LibTorch> = rotary([rows, 1, new, head_dim / 2], 4);
        let (query, key, value) = (flat(heads.queries, 1), flat(heads.keys, 2), flat(heads.keys, 3));
        let inputs = Qkv { query, key, value, heads, rotary: &rotary };
        <LibTorch>::cached_attention(inputs, &Visibility::new(vec![0, 1, 2], capacity), &mut cache);
        let held = cache.as_ref().unwrap();
        ([place(&held.key), place(&held.value)], held.key.dims()[2], held.length)
    };
    assert_eq!(run(5, 5).1, 5);
    let (places, room, length) = run(1, 40);
    assert_eq!((room, length), (40, 6));
    for length in 7..=40 {
        assert_eq!(run(1, 40), (places, 40, length));
    }
}

#[test]
fn kernels_do_not_write_over_what_they_are_given() {
    let (rows, head_dim, heads) = (2, 8, HeadCounts { queries: 2, keys: 1 });
    let flat = |heads: usize, seed: u64| in_f32::<LibTorch, 2>([rows * 3, heads * head_dim], seed);
    let [query, key, value] = [flat(2, 1), flat(1, 2), flat(1, 3)];
    let before = [&query, &key, &value].map(|tensor| tensor.to_data());
    let rotary: RotaryTable<LibTorch> = rotary([rows, 1, 3, head_dim / 2], 4);
    let held = [query.clone(), key.clone(), value.clone()];
    let inputs = Qkv { query, key, value, heads, rotary: &rotary };
    let _ = <LibTorch>::cached_attention(inputs.clone(), &Visibility::new(vec![0, 0], 4), &mut None);
    let _ = <LibTorch>::self_attention(inputs, rows);
    let _ = <LibTorch>::gated_silu(held[0].clone(), held[0].clone());
    let _ = <LibTorch>::rms_norm(held[1].clone(), in_f32([head_dim], 5), 1e-6);
    for (held, before) in held.iter().zip(before) {
        held.to_data().assert_eq(&before, true);
    }
}
