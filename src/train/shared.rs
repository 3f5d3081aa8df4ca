//! What the ranks of a run hold in common: the gradient of all their micro-batches, and the same weights.

use anyhow::{Result, bail};
use burn::{
    module::{AutodiffModule, Module, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::{
        Tensor, TensorData,
        backend::{AutodiffBackend, Backend},
    },
};

use super::optimizer::on_host;
use crate::distributed::Peers;

/// The sum of all ranks' gradients. A parameter has one where any rank has one.
///
/// # Errors
/// When a peer is lost.
pub fn of_all_ranks<B: AutodiffBackend, M: AutodiffModule<B>>(
    peers: &Peers,
    model: &M,
    gradients: GradientsParams,
) -> Result<GradientsParams> {
    if peers.world() == 1 {
        return Ok(gradients);
    }
    let mut own = Own { gradients: &gradients, found: Vec::new() };
    model.visit(&mut own);
    let presences =
        peers.gather(own.found.iter().map(|(_, found)| found.is_some()).collect::<Vec<bool>>())?;
    let learns = |place: usize| presences.iter().any(|present| present[place]);
    let mut flat = Vec::new();
    for (place, (size, found)) in own.found.into_iter().enumerate() {
        if learns(place) {
            flat.extend(found.unwrap_or_else(|| vec![0.0; size]));
        }
    }
    peers.sum(&mut flat)?;
    let mut sum = Summed { rest: &flat, learns: &learns, place: 0, gradients: GradientsParams::new() };
    model.visit(&mut sum);
    Ok(sum.gradients)
}

/// Fails unless all ranks hold the same weights, to the bit.
///
/// # Errors
/// When they do not, or a peer is lost.
pub fn check_same_weights<B: Backend, M: Module<B>>(peers: &Peers, model: &M) -> Result<()> {
    if peers.world() == 1 {
        return Ok(());
    }
    let mut hash = Hash(0);
    model.visit(&mut hash);
    let hashes = peers.gather(hash.0)?;
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

/// Every parameter's size, and its gradient on the host, by the parameter's place.
struct Own<'a> {
    gradients: &'a GradientsParams,
    found: Vec<(usize, Option<Vec<f32>>)>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Own<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let gradient = self.gradients.get::<B::InnerBackend, D>(param.id);
        self.found.push((param.val().dims().iter().product(), gradient.map(on_host)));
    }
}

/// Hands out a flat sum to the parameters that learn.
struct Summed<'a> {
    rest: &'a [f32],
    learns: &'a dyn Fn(usize) -> bool,
    place: usize,
    gradients: GradientsParams,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Summed<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        self.place += 1;
        if (self.learns)(self.place - 1) {
            let weights = param.val().inner();
            let dims = weights.dims();
            let (own, rest) = self.rest.split_at(dims.iter().product());
            self.rest = rest;
            let data = TensorData::new(own.to_vec(), dims);
            let gradient = Tensor::<B::InnerBackend, D>::from_data(data, &weights.device());
            self.gradients.register::<B::InnerBackend, D>(param.id, gradient);
        }
    }
}

struct Hash(u32);

impl<B: Backend> ModuleVisitor<B> for Hash {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        self.0 = crc32c::crc32c_append(self.0, param.val().into_data().as_bytes());
    }
}
