//! A model's tensors into safetensors files, one at a time: the values of a tensor are only fetched when
//! their turn comes to be written.

use std::{borrow::Cow, collections::HashMap, path::Path};

use anyhow::Result;
use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Tensor, TensorData, backend::Backend},
};
use safetensors::{Dtype, View};
use serde_json::json;

use super::{
    files::{INDEX_FILE, WEIGHTS_FILE},
    names::ParameterPath,
    precision::Precision,
    serialize::write_safetensors,
};
use crate::{model::forward::Model, packing::packed, storage::write_atomically};

/// A tensor in a checkpoint's layout whose values are fetched when they are written.
pub struct LazyTensor {
    pub name: String,
    shape: Vec<usize>,
    precision: Precision,
    values: Box<dyn Fn() -> TensorData>,
}

impl LazyTensor {
    /// A tensor to be written under `name`; the transpose of `tensor` where `transposed` says so.
    pub fn new<B: Backend, const D: usize>(
        name: String,
        tensor: Tensor<B, D>,
        transposed: bool,
        precision: Precision,
    ) -> Self {
        let tensor = if transposed { tensor.transpose() } else { tensor };
        Self { name, shape: tensor.dims().to_vec(), precision, values: Box::new(move || tensor.to_data()) }
    }
}

impl View for &LazyTensor {
    fn dtype(&self) -> Dtype {
        self.precision.stored()
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let data = (self.values)().convert_dtype(self.precision.element());
        Cow::Owned(data.as_bytes().to_vec())
    }

    fn data_len(&self) -> usize {
        self.shape.iter().product::<usize>() * self.dtype().bitsize() / 8
    }
}

/// Handles of parameters, in the order of the module tree.
struct Collector {
    path: ParameterPath,
    /// Collect the adapters, or everything else.
    adapters: bool,
    precision: Precision,
    tensors: Vec<LazyTensor>,
}

impl<B: Backend> ModuleVisitor<B> for Collector {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if self.path.is_adapter() == self.adapters {
            let (name, transposed) = (self.path.name(), self.path.is_transposed());
            self.tensors.push(LazyTensor::new(name, param.val(), transposed, self.precision));
        }
    }
}

/// The tensors of a model's adapters, under the released names of their projections.
pub(in crate::model) fn adapter_tensors<B: Backend>(
    model: &Model<B>,
    precision: Precision,
) -> Vec<LazyTensor> {
    tensors_of(model, true, precision)
}

/// A model's tensors under released names: its adapters', or all others.
fn tensors_of<B: Backend>(model: &Model<B>, adapters: bool, precision: Precision) -> Vec<LazyTensor> {
    let mut collector =
        Collector { path: ParameterPath::default(), adapters, precision, tensors: Vec::new() };
    model.visit(&mut collector);
    if !adapters {
        let family = model.config.family;
        collector.tensors.iter_mut().for_each(|tensor| tensor.name = family.stored_name(&tensor.name));
    }
    collector.tensors
}

/// Writes the weights of a model, without its adapters, into a directory: as one file, or as shards of
/// at most `shard_bytes` (one tensor at least) with an index.
///
/// # Errors
/// When a file cannot be written.
pub fn save_weights<B: Backend>(
    model: &Model<B>,
    dir: &Path,
    precision: Precision,
    shard_bytes: usize,
) -> Result<()> {
    let tensors = tensors_of(model, false, precision);
    let shards = shards(&tensors, shard_bytes);
    if let [all] = shards.as_slice() {
        return write_tensors(all, &dir.join(WEIGHTS_FILE));
    }
    let mut weight_map = HashMap::new();
    for (index, shard) in shards.iter().enumerate() {
        let file = format!("model-{:05}-of-{:05}.safetensors", index + 1, shards.len());
        write_tensors(shard, &dir.join(&file))?;
        weight_map.extend(shard.iter().map(|tensor| (tensor.name.clone(), file.clone())));
    }
    let total_size: usize = tensors.iter().map(|tensor| tensor.data_len()).sum();
    let index = json!({"metadata": {"total_size": total_size}, "weight_map": weight_map});
    write_atomically(&dir.join(INDEX_FILE), &serde_json::to_string_pretty(&index)?)
}

/// Runs of neighbouring tensors that stay within the limit in bytes, one tensor at least in each.
fn shards(tensors: &[LazyTensor], limit: usize) -> Vec<&[LazyTensor]> {
    let packs = packed(tensors.iter().map(|tensor| tensor.data_len()), limit);
    packs.into_iter().map(|pack| &tensors[pack]).collect()
}

/// Writes tensors as one safetensors file.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write_tensors(tensors: &[LazyTensor], path: &Path) -> Result<()> {
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let named = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor));
    write_safetensors(named.collect(), Some(metadata), path)
}
