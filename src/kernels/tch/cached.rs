//! Attention over a cache that room was made for once, and that new keys and values are written into.

use burn::{
    backend::{LibTorch, libtorch::TchTensor},
    tensor::Tensor as BurnTensor,
};
use tch::Tensor;

use super::{
    rotation::WideRotation,
    softmax::{attend, attend_masked},
    tensors::{from_tch, into_tch},
};
use crate::kernels::{
    attention::Qkv,
    cache::{KeyValues, Visibility},
};

/// See [`Kernels::cached_attention`](crate::kernels::Kernels::cached_attention).
pub(super) fn attention(
    inputs: Qkv<'_, LibTorch>,
    visibility: &Visibility<LibTorch>,
    cache: &mut Option<KeyValues<LibTorch>>,
) -> BurnTensor<LibTorch, 2> {
    let (rows, device) = (visibility.starts().len() as i64, inputs.query.device());
    let Qkv { query, key, value, heads, rotary } = inputs;
    let rotation = WideRotation::new(rotary);
    let by_head = |flat: BurnTensor<LibTorch, 2>, heads: usize| {
        into_tch(flat).tensor.unflatten(1, [heads as i64, -1]).unflatten(0, [rows, -1])
    };
    let query = rotation.turn(&by_head(query, heads.queries));
    let key = rotation.turn(&by_head(key, heads.keys)).transpose(1, 2);
    let value = by_head(value, heads.keys).transpose(1, 2);
    let new = key.size()[2];
    let held = append(cache.take(), [&key, &value], visibility.capacity() as i64);
    let cached = held.length - new as usize;
    let seen = |held: &TchTensor| held.tensor.narrow(2, 0, (cached as i64) + new);
    let (all_keys, all_values) = (seen(&held.key), seen(&held.value));
    let bias = || visibility.bias(cached, new as usize, &device).map(|bias| into_tch(bias).tensor);
    let output = if new == 1 {
        // Queries that share a head of keys stand as positions of that head, so that no key is repeated.
        let grouped = query.unflatten(2, [heads.keys as i64, -1]).squeeze_dim(1);
        attend_masked(&grouped, &all_keys, &all_values, bias().as_ref())
    } else if cached == 0 && visibility.starts().iter().all(|&start| start == 0) {
        attend(&query.transpose(1, 2), &key, &value, true).output.transpose(1, 2)
    } else {
        attend_masked(&query.transpose(1, 2), &all_keys, &all_values, bias().as_ref()).transpose(1, 2)
    };
    let CacheRoom { key, value, length } = held;
    *cache = Some(KeyValues { key: from_tch(key), value: from_tch(value), length });
    from_tch(TchTensor::new(output.reshape([rows * new, -1])))
}

/// A layer's cache as LibTorch's tensors, `[rows, key_heads, room, head_dim]`.
struct CacheRoom {
    key: TchTensor,
    value: TchTensor,
    length: usize,
}

/// The cache with new entries, `[rows, key_heads, new, head_dim]`, behind the old ones: in place where there is room
/// and nobody else holds it.
fn append(old: Option<KeyValues<LibTorch>>, [key, value]: [&Tensor; 2], capacity: i64) -> CacheRoom {
    let (old, cached) = match old {
        Some(KeyValues { key, value, length }) => ([key, value].map(|held| Some(into_tch(held))), length),
        None => ([None, None], 0),
    };
    let length = cached as i64 + key.size()[2];
    let [old_key, old_value] = old;
    let written = |old: Option<TchTensor>, new: &Tensor| {
        let held = match old {
            Some(old) if old.can_mut() && old.tensor.size()[2] >= length => old,
            old => with_room(old.as_ref(), new, cached as i64, capacity.max(length)),
        };
        held.tensor.narrow(2, cached as i64, length - cached as i64).copy_(new);
        held
    };
    CacheRoom { key: written(old_key, key), value: written(old_value, value), length: length as usize }
}

/// Room for so many entries, and a copy of the cached ones. Only entries that have been written are ever
/// read.
fn with_room(old: Option<&TchTensor>, new: &Tensor, cached: i64, room: i64) -> TchTensor {
    let [rows, heads, _, head_dim] = new.size()[..] else { unreachable!("heads have four dimensions") };
    let larger = Tensor::empty([rows, heads, room, head_dim], (new.kind(), new.device()));
    if let Some(old) = old {
        larger.narrow(2, 0, cached).copy_(&old.tensor.narrow(2, 0, cached));
    }
    TchTensor::new(larger)
}
