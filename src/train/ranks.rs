//! What the ranks of a run hold in common: the gradient of all their micro-batches, and the same weights.

use anyhow::{Result, bail};
use burn::{
    module::{AutodiffModule, Module},
    optim::GradientsParams,
    tensor::backend::{AutodiffBackend, Backend},
};

use super::{
    parameters::{gradients_of, visit_gradients, visit_parameters},
    tensors::on_host,
};
use crate::distributed::Peers;

/// The sum of all ranks' gradients. A parameter has one where any rank has one.
///
/// # Errors
/// When a peer is lost.
pub(super) fn sum_over_ranks<B: AutodiffBackend, M: AutodiffModule<B>>(
    peers: &Peers,
    model: &M,
    gradients: GradientsParams,
) -> Result<GradientsParams> {
    if peers.world() == 1 {
        return Ok(gradients);
    }
    let mut own: Vec<(usize, Option<Vec<f32>>)> = Vec::new();
    visit_gradients::<B, M>(model, &gradients, |_, size, gradient| own.push((size, gradient.map(on_host))));
    let presences = peers.gather(own.iter().map(|(_, found)| found.is_some()).collect::<Vec<bool>>())?;
    let learns = |place: usize| presences.iter().any(|present| present[place]);
    let mut flat = Vec::new();
    for (place, (size, found)) in own.into_iter().enumerate() {
        if learns(place) {
            flat.extend(found.unwrap_or_else(|| vec![0.0; size]));
        }
    }
    peers.sum(&mut flat)?;
    let (mut place, mut rest) = (0, flat.as_slice());
    Ok(gradients_of::<B, M>(model, |size| {
        place += 1;
        learns(place - 1).then(|| {
            let (values, after) = rest.split_at(size);
            rest = after;
            values.to_vec()
        })
    }))
}

/// Fails unless all ranks hold the same weights, to the bit.
///
/// # Errors
/// When they do not, or a peer is lost.
pub fn check_same_weights<B: Backend, M: Module<B>>(peers: &Peers, model: &M) -> Result<()> {
    if peers.world() == 1 {
        return Ok(());
    }
    let mut hash = 0;
    visit_parameters::<B, M>(model, |_, weights, _| {
        hash = crc32c::crc32c_append(hash, weights.into_data().as_bytes());
    });
    let hashes = peers.gather(hash)?;
    match hashes.iter().position(|other| *other != hashes[0]) {
        None => Ok(()),
        Some(rank) => bail!(
            "rank {rank} holds other weights than rank 0 ({:08x}, {:08x}): the same devices, drivers and binary \
             everywhere give the same",
            hashes[rank],
            hashes[0]
        ),
    }
}
