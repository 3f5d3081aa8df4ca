//! A checkpoint's tensors into a model, one at a time, or random values in their place.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use burn::{
    module::{Module, ModuleMapper, Param},
    tensor::{Tensor, TensorData, backend::Backend},
};
use serde::Deserialize;

use super::{
    INDEX_FILE, WEIGHTS_FILE,
    names::{ParameterPath, released_name},
    stored::{StoredTensor, open_tensors, spread},
};
use crate::{
    error::input_error,
    model::{config::ModelConfig, init::initial_values, policy::Model},
};

/// What a parameter is to hold.
pub(in crate::model) struct Wanted<'a> {
    /// The checkpoint's name.
    pub name: &'a str,
    /// In the checkpoint's layout.
    pub shape: &'a [usize],
    /// Whether the module holds the transpose.
    pub transposed: bool,
}

/// Fills parameters from `source`, which gives the values in the module's layout; a parameter it has
/// nothing for stays as it is.
struct Filler<S> {
    path: ParameterPath,
    /// Fill the adapters, or everything else.
    adapters: bool,
    source: S,
}

impl<S> Filler<S> {
    fn new(adapters: bool, source: S) -> Self {
        Self { path: ParameterPath::default(), adapters, source }
    }
}

impl<B: Backend, S: FnMut(&Wanted<'_>) -> Option<Vec<f32>>> ModuleMapper<B> for Filler<S> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        if self.path.is_adapter() != self.adapters {
            return param;
        }
        // The parameter is lazy: its own value is never made.
        let (id, device, shape) = (param.id, param.lazy_device(), param.lazy_shape());
        let transposed = self.path.is_transposed();
        let mut stored_shape = shape.to_vec();
        if transposed {
            stored_shape.reverse();
        }
        let wanted = Wanted { name: &self.path.name(), shape: &stored_shape, transposed };
        match (self.source)(&wanted) {
            None => param,
            Some(values) => {
                let tensor = Tensor::<B, D>::from_data(TensorData::new(values, shape), &device);
                Param::initialized(id, tensor.require_grad())
            }
        }
    }
}

/// A model with random weights that depend on the seed and the parameters' names alone.
pub fn random_model<B: Backend>(config: &ModelConfig, seed: u64, device: &B::Device) -> Model<B> {
    let source = drawn(move |name, shape| initial_values(name, shape, seed));
    Model::new(config, device).map(&mut Filler::new(false, source))
}

/// Fills the adapters of a model from a source of values in the module's layout.
pub(in crate::model) fn fill_adapters<B: Backend>(
    model: Model<B>,
    source: impl FnMut(&Wanted<'_>) -> Option<Vec<f32>>,
) -> Model<B> {
    model.map(&mut Filler::new(true, source))
}

/// A source that makes values by name and shape, in the checkpoint's layout.
pub(in crate::model) fn drawn(
    values: impl Fn(&str, &[usize]) -> Vec<f32>,
) -> impl Fn(&Wanted<'_>) -> Option<Vec<f32>> {
    move |wanted| {
        let values = values(wanted.name, wanted.shape);
        Some(if wanted.transposed { transposed(&values, wanted.shape[1]) } else { values })
    }
}

/// The transpose of a row-major matrix.
fn transposed(values: &[f32], columns: usize) -> Vec<f32> {
    let mut turned = vec![0.0; values.len()];
    spread(values, 0, columns, &mut turned, values.len() / columns);
    turned
}

/// Loads a Hugging Face directory: `model.safetensors`, or the shards that its index names.
///
/// # Errors
/// When a file is missing or malformed, or when tensors are missing, unused or misshapen: all of
/// them are named.
pub fn load_weights<B: Backend>(dir: &Path, device: &B::Device) -> Result<Model<B>> {
    let mut config = ModelConfig::from_dir(dir)?;
    let mut table = TensorTable::open(&weight_files(dir)?)?;
    if config.text.tie_word_embeddings {
        config.text.tie_word_embeddings = table.has_no_other_head()?;
    }
    let source = |wanted: &Wanted<'_>| table.take(wanted);
    let model = Model::new(&config, device).map(&mut Filler::new(false, source));
    table.finish().with_context(|| format!("in {}", dir.display()))?;
    Ok(model)
}

/// The files that hold a model's weights.
fn weight_files(dir: &Path) -> Result<Vec<PathBuf>> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: HashMap<String, String>,
    }
    let (single, index) = (dir.join(WEIGHTS_FILE), dir.join(INDEX_FILE));
    if single.exists() {
        return Ok(vec![single]);
    }
    let text = std::fs::read_to_string(&index).map_err(|error| {
        input_error(format!(
            "{}: cannot read the model's weights, nor is there {INDEX_FILE} ({error}); only safetensors are supported",
            single.display()
        ))
    })?;
    let parsed: Index =
        serde_json::from_str(&text).map_err(|error| input_error(format!("{}: {error}", index.display())))?;
    let names: BTreeSet<String> = parsed.weight_map.into_values().collect();
    let is_file_name = |name: &str| Path::new(name).file_name().is_some_and(|file| file == name);
    if let Some(name) = names.iter().find(|name| !is_file_name(name)) {
        return Err(input_error(format!(
            "{}: {name:?} is not the name of a file beside it",
            index.display()
        )));
    }
    let missing: Vec<&str> =
        names.iter().filter(|name| !dir.join(name).is_file()).map(String::as_str).collect();
    match missing.is_empty() {
        true => Ok(names.iter().map(|name| dir.join(name)).collect()),
        false => Err(input_error(format!(
            "{}: shards are missing: {}; fetch them again",
            dir.display(),
            missing.join(", ")
        ))),
    }
}

/// Stored tensors under the released names, and what was wrong with them.
pub(in crate::model) struct TensorTable {
    pub tensors: HashMap<String, StoredTensor>,
    complaints: Vec<String>,
}

impl TensorTable {
    fn open(files: &[PathBuf]) -> Result<Self> {
        let mut tensors = Vec::new();
        for file in files {
            tensors
                .extend(open_tensors(file)?.into_iter().map(|(name, tensor)| (released_name(&name), tensor)));
        }
        Ok(Self::new(tensors))
    }

    /// Whether the head is the embedding. Some files have a copy of it, which is dropped; one with other
    /// values counts, whatever the configuration says, as in transformers 5.
    fn has_no_other_head(&mut self) -> Result<bool> {
        let (head, embedding) = ("lm_head.weight", "model.embed_tokens.weight");
        let (Some(stored), Some(embedding)) = (self.tensors.get(head), self.tensors.get(embedding)) else {
            return Ok(true);
        };
        let is_same = stored.is_same(embedding)?;
        if is_same {
            self.tensors.remove(head);
        }
        Ok(is_same)
    }

    /// Tensors under released names; one that comes twice, in both layouts perhaps, is complained of.
    pub fn new(tensors: impl IntoIterator<Item = (String, StoredTensor)>) -> Self {
        let mut table = Self { tensors: HashMap::new(), complaints: Vec::new() };
        for (name, tensor) in tensors {
            if table.tensors.insert(name.clone(), tensor).is_some() {
                table.complaints.push(format!("twice: {name}"));
            }
        }
        table.complaints.sort();
        table
    }

    /// The values of a tensor; `None` and a complaint when it is not as expected.
    pub fn take(&mut self, &Wanted { name, shape, transposed }: &Wanted<'_>) -> Option<Vec<f32>> {
        let complaint = match self.tensors.remove(name) {
            None => format!("missing: {name} {shape:?}"),
            Some(tensor) if tensor.shape != shape => {
                format!("misshapen: {name} is {:?}, expected {shape:?}", tensor.shape)
            }
            Some(tensor) if !tensor.is_float() => {
                format!("unsupported: {name} is {:?}, expected F32, F16 or BF16", tensor.dtype)
            }
            Some(tensor) => match tensor.read(transposed) {
                Ok(values) => return Some(values),
                Err(error) => format!("unreadable: {name}: {error:#}"),
            },
        };
        self.complaints.push(complaint);
        None
    }

    /// # Errors
    /// When something was wrong, or a tensor is left over.
    pub fn finish(mut self) -> Result<()> {
        let mut unused: Vec<String> =
            self.tensors.into_keys().map(|name| format!("unused: {name}")).collect();
        unused.sort();
        self.complaints.extend(unused);
        if self.complaints.is_empty() {
            return Ok(());
        }
        Err(input_error(format!(
            "the weights do not fit the configuration:\n  {}",
            self.complaints.join("\n  ")
        )))
    }
}
