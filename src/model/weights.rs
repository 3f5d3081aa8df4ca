//! Weights to and from Hugging Face safetensors. One name table serves both ways: the module tree,
//! whose field names are the checkpoint's, and the few exceptions below.

use std::{collections::HashMap, fs::File, path::Path};

use anyhow::{Context, Result};
use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId},
    tensor::{DType, Tensor, TensorData, backend::Backend},
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use super::{config::ModelConfig, init::initial_values, qwen::Qwen};
use crate::error::input_error;

/// The file that holds all weights of an unsharded model.
pub const WEIGHTS_FILE: &str = "model.safetensors";

/// Where a parameter is in the module tree, and what that makes of it in a checkpoint.
#[derive(Debug, Default)]
pub struct ParameterPath {
    names: Vec<String>,
    containers: Vec<String>,
}

impl ParameterPath {
    /// Follows [`ModuleVisitor::enter_module`].
    pub fn enter(&mut self, name: &str, container: &str) {
        self.names.push(name.to_owned());
        self.containers.push(container.to_owned());
    }

    /// Follows [`ModuleVisitor::exit_module`].
    pub fn exit(&mut self) {
        self.names.pop();
        self.containers.pop();
    }

    /// The checkpoint's name.
    pub fn name(&self) -> String {
        let name = self.names.join(".");
        name.replace("merger.mlp_in.", "merger.mlp.0.").replace("merger.mlp_out.", "merger.mlp.2.")
    }

    /// Whether the checkpoint stores the transpose: Burn's linear layers are `[input, output]`.
    pub fn is_transposed(&self) -> bool {
        self.names.last().is_some_and(|name| name == "weight")
            && self.containers.last().is_some_and(|container| container == "Struct:Linear")
    }
}

/// Fills every parameter from `source(name, checkpoint shape)`, f32 values in the checkpoint's layout.
struct Filler<S> {
    path: ParameterPath,
    source: S,
}

impl<B: Backend, S: FnMut(&str, &[usize]) -> Vec<f32>> ModuleMapper<B> for Filler<S> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let device = param.lazy_device();
        let (id, old, mapper) = param.consume();
        let mut shape = old.dims();
        let transposed = self.path.is_transposed();
        if transposed {
            shape.reverse();
        }
        let values = (self.source)(&self.path.name(), &shape);
        let tensor = Tensor::<B, D>::from_data(TensorData::new(values, shape), &device);
        let tensor = if transposed { contiguous(tensor.transpose()) } else { tensor };
        Param::from_mapped_value(id, tensor.require_grad(), mapper)
    }
}

/// The same values in row-major memory.
fn contiguous<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Tensor<B, D> {
    let device = tensor.device();
    Tensor::from_data(tensor.into_data(), &device)
}

/// A model with random weights that depend on the seed and the parameters' names alone.
pub fn random_model<B: Backend>(config: &ModelConfig, seed: u64, device: &B::Device) -> Qwen<B> {
    let source = |name: &str, shape: &[usize]| initial_values(name, shape, seed);
    Qwen::new(config, device).map(&mut Filler { path: ParameterPath::default(), source })
}

/// Loads a Hugging Face directory.
///
/// # Errors
/// When a file is missing or malformed, or when tensors are missing, unused or misshapen: all of
/// them are named.
pub fn load_model<B: Backend>(dir: &Path, device: &B::Device) -> Result<Qwen<B>> {
    let config = ModelConfig::from_dir(dir)?;
    let path = dir.join(WEIGHTS_FILE);
    let file = File::open(&path).map_err(|error| {
        input_error(format!("{}: cannot read the model's weights ({error})", path.display()))
    })?;
    // SAFETY: the map is read-only and lives for this call; a file changed meanwhile gives wrong
    // numbers, not memory that is not ours.
    let map = unsafe { memmap2::Mmap::map(&file) }.with_context(|| format!("mapping {}", path.display()))?;
    let tensors = SafeTensors::deserialize(&map)
        .map_err(|error| input_error(format!("{}: not a safetensors file: {error}", path.display())))?;
    let mut table = TensorTable::new(&tensors);
    let source = |name: &str, shape: &[usize]| table.take(name, shape);
    let model = Qwen::new(&config, device).map(&mut Filler { path: ParameterPath::default(), source });
    table.check().with_context(|| format!("in {}", path.display()))?;
    Ok(model)
}

/// The checkpoint's tensors under our names, and what was wrong with them.
struct TensorTable<'a> {
    views: HashMap<String, TensorView<'a>>,
    problems: Vec<String>,
}

impl<'a> TensorTable<'a> {
    fn new(tensors: &SafeTensors<'a>) -> Self {
        let views = tensors.iter().map(|(name, view)| (canonical_name(name), view)).collect();
        Self { views, problems: Vec::new() }
    }

    /// The values of a tensor; zeros and a noted problem when it is not as expected.
    fn take(&mut self, name: &str, shape: &[usize]) -> Vec<f32> {
        let problem = match self.views.remove(name) {
            None => format!("missing: {name} {shape:?}"),
            Some(view) if view.shape() != shape => {
                format!("misshapen: {name} is {:?}, expected {shape:?}", view.shape())
            }
            Some(view) => match to_f32(&view) {
                Some(values) => return values,
                None => format!("unsupported: {name} is {:?}, expected F32, F16 or BF16", view.dtype()),
            },
        };
        self.problems.push(problem);
        vec![0.0; shape.iter().product()]
    }

    fn check(mut self) -> Result<()> {
        let mut unused: Vec<&String> = self.views.keys().filter(|name| name != &"lm_head.weight").collect();
        unused.sort();
        self.problems.extend(unused.into_iter().map(|name| format!("unused: {name}")));
        if self.problems.is_empty() {
            return Ok(());
        }
        Err(input_error(format!("the weights do not fit config.json:\n  {}", self.problems.join("\n  "))))
    }
}

/// The released layout's name of a tensor, whichever layout it comes in.
fn canonical_name(name: &str) -> String {
    match name.strip_prefix("model.language_model.") {
        Some(rest) => format!("model.{rest}"),
        None if name.starts_with("model.visual.") => name["model.".len()..].to_owned(),
        None => name.to_owned(),
    }
}

/// A tensor's values; `None` unless they are F32, F16 or BF16.
pub fn to_f32(view: &TensorView<'_>) -> Option<Vec<f32>> {
    let bytes = view.data();
    match view.dtype() {
        Dtype::F32 => {
            Some(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
        }
        Dtype::BF16 => {
            Some(bytes.chunks_exact(2).map(|b| half::bf16::from_le_bytes([b[0], b[1]]).to_f32()).collect())
        }
        Dtype::F16 => {
            Some(bytes.chunks_exact(2).map(|b| half::f16::from_le_bytes([b[0], b[1]]).to_f32()).collect())
        }
        _ => None,
    }
}

/// Every parameter's checkpoint name, shape and f32 bytes, in the order of the module tree.
struct Collector {
    path: ParameterPath,
    tensors: Vec<NamedTensor>,
}

/// One f32 tensor in a checkpoint's layout.
pub struct NamedTensor {
    pub name: String,
    pub shape: Vec<usize>,
    /// Little-endian f32.
    pub bytes: Vec<u8>,
}

impl NamedTensor {
    /// From a tensor's data, whatever float type it has.
    pub fn new(name: String, data: TensorData) -> Self {
        let data = data.convert_dtype(DType::F32);
        Self { name, shape: data.shape.to_vec(), bytes: data.as_bytes().to_vec() }
    }
}

impl<B: Backend> ModuleVisitor<B> for Collector {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let tensor = param.val();
        let tensor = if self.path.is_transposed() { tensor.transpose() } else { tensor };
        self.tensors.push(NamedTensor::new(self.path.name(), tensor.into_data()));
    }
}

/// Writes the weights of a model as one safetensors file.
///
/// # Errors
/// When the file cannot be written.
pub fn save_weights<B: Backend>(model: &Qwen<B>, path: &Path) -> Result<()> {
    let mut collector = Collector { path: ParameterPath::default(), tensors: Vec::new() };
    model.visit(&mut collector);
    write_tensors(&collector.tensors, path)
}

/// Writes named f32 tensors as one safetensors file.
///
/// # Errors
/// When the file cannot be written.
pub fn write_tensors(tensors: &[NamedTensor], path: &Path) -> Result<()> {
    let views = tensors.iter().map(|tensor| {
        let view = TensorView::new(Dtype::F32, tensor.shape.clone(), &tensor.bytes);
        view.map(|view| (tensor.name.as_str(), view))
    });
    let views = views.collect::<Result<Vec<_>, _>>()?;
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    safetensors::serialize_to_file(views, Some(metadata), path)
        .with_context(|| format!("writing {}", path.display()))
}

/// The names of all parameters by id, for what is kept per parameter outside the model.
pub fn parameter_names<B: Backend, M: Module<B>>(model: &M) -> HashMap<ParamId, String> {
    struct Names(ParameterPath, HashMap<ParamId, String>);
    impl<B: Backend> ModuleVisitor<B> for Names {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.0.enter(name, container);
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.0.exit();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            self.1.insert(param.id, self.0.name());
        }
    }
    let mut names = Names(ParameterPath::default(), HashMap::new());
    model.visit(&mut names);
    names.1
}
