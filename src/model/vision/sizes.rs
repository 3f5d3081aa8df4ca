//! Images of one size go through a tower as one batch; what comes out is put back into the images' own order.

use burn::tensor::{Tensor, backend::Backend};

use crate::{
    kernels::generic::{cat, index_tensor},
    model::input::ImagePatches,
};

/// Runs the images of each size together. `forward` makes as many matrices `[cells, width]` of every group, cells of its
/// images one after the other; each is returned whole, in the order of all images.
///
/// # Panics
/// When there are no images.
pub fn features_by_size<B: Backend>(
    images: &[&ImagePatches],
    patches_per_cell: usize,
    device: &B::Device,
    forward: impl Fn([usize; 3], &[&ImagePatches]) -> Vec<Tensor<B, 2>>,
) -> Vec<Tensor<B, 2>> {
    let by_size = groups(images);
    let mut parts: Vec<Vec<Tensor<B, 2>>> = Vec::new();
    for (size, members) in &by_size {
        let same_size: Vec<&ImagePatches> = members.iter().map(|&index| images[index]).collect();
        let outputs = forward(*size, &same_size);
        parts.resize_with(outputs.len(), Vec::new);
        parts.iter_mut().zip(outputs).for_each(|(parts, output)| parts.push(output));
    }
    let joined = parts.into_iter().map(|parts| cat(parts, 0));
    if by_size.len() == 1 {
        return joined.collect();
    }
    let order = index_tensor(&restore_order(images, &by_size, patches_per_cell), device);
    joined.map(|features| features.select(0, order.clone())).collect()
}

/// Numbers of the images of each size.
fn groups(images: &[&ImagePatches]) -> Vec<([usize; 3], Vec<usize>)> {
    let mut by_size: Vec<([usize; 3], Vec<usize>)> = Vec::new();
    for (index, image) in images.iter().enumerate() {
        match by_size.iter_mut().find(|(size, _)| *size == image.grid_thw) {
            Some((_, members)) => members.push(index),
            None => by_size.push((image.grid_thw, vec![index])),
        }
    }
    by_size
}

/// For each cell in the images' own order, its row among the features grouped by size.
fn restore_order(
    images: &[&ImagePatches],
    by_size: &[([usize; 3], Vec<usize>)],
    patches_per_cell: usize,
) -> Vec<usize> {
    let mut starts = vec![0; images.len()];
    let mut next = 0;
    for &index in by_size.iter().flat_map(|(_, members)| members) {
        starts[index] = next;
        next += images[index].patches() / patches_per_cell;
    }
    let cells = |index: usize| starts[index]..starts[index] + images[index].patches() / patches_per_cell;
    (0..images.len()).flat_map(cells).collect()
}
