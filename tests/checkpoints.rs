//! Checkpoints of every shape against transformers, end to end: directory and messages in; token ids,
//! positions, log-probabilities and greedy continuations out. tests/oracle/checkpoints.py wrote what is
//! expected.

mod common;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::Tensor,
};
use common::{Differentiable, Plain, expected_rows, greatest_difference};
use serde_json::Value;
use spark::{
    checkpoint::{WeightFormat, save_model_dir},
    data::ScoredRow,
    eval::completion_logprobs,
    model::{
        Model, ModelConfig, PackedBatch, ParameterShape, Sequence, load_model,
        lora::LoraConfig,
        parameter_shapes, prompt_positions, trainable,
        weights::{ParameterPath, Precision, StoredTensor, open_tensors},
    },
    processor::{Processor, Prompt},
    random::Stream,
    rollout::{EngineConfig, Generate, LocalEngine, Request, Sampling},
};

/// A checkpoint as we load it.
struct Checkpoint {
    dir: PathBuf,
    model: Model<Plain>,
    processor: Processor,
}

/// A prompt as we render it, and what transformers makes of it.
struct Case {
    name: String,
    prompt: Prompt,
    completion: Vec<u32>,
    expected: Value,
}

fn checkpoints() -> Vec<Checkpoint> {
    let entries = fs::read_dir("tests/fixtures/checkpoints").unwrap().map(|entry| entry.unwrap().path());
    let mut dirs: Vec<PathBuf> = entries.filter(|dir| dir.join("expected.json").exists()).collect();
    dirs.sort();
    assert!(dirs.len() >= 32, "fixtures are missing");
    dirs.into_iter().map(Checkpoint::load).collect()
}

impl Checkpoint {
    fn load(dir: PathBuf) -> Self {
        let config = ModelConfig::from_dir(&dir).unwrap();
        let processor = Processor::from_dir(&dir).unwrap().for_model(config);
        Self { model: load_model(&dir, &Default::default()).unwrap(), processor, dir }
    }

    fn cases(&self) -> Vec<Case> {
        let case = |(row, expected): (ScoredRow, Value)| Case {
            name: format!("{}, {}", self.dir.display(), expected["name"]),
            prompt: self.processor.chat(&row.chat).unwrap(),
            completion: self.processor.encode(&row.completion).unwrap(),
            expected,
        };
        expected_rows(&self.dir).into_iter().map(case).collect()
    }

    /// The prompt goes through the engine, cache and all, as `spark generate` sends it.
    fn greedy(&self, prompt: &Prompt, tokens: usize) -> Vec<u32> {
        let penalty = self.processor.generation().repetition_penalty.unwrap_or(1.0);
        let engine = LocalEngine::with_model(self.model.clone(), EngineConfig::default());
        let request = Request {
            prompt: &prompt.input,
            sampling: Sampling { repetition_penalty: penalty, ..Sampling::greedy(tokens) },
            stop_ids: self.processor.eos_token_ids(),
            streams: vec![Stream::new(&[0])],
        };
        engine.generate(&[request], &|_| ()).unwrap().remove(0).remove(0).token_ids
    }
}

fn numbers<T: serde::de::DeserializeOwned>(value: &Value) -> Vec<T> {
    serde_json::from_value(value.clone()).unwrap()
}

/// `[[7, 2], [8, 1]]` is `7 7 8`.
fn run_lengths(value: &Value) -> Vec<u32> {
    let runs: Vec<(u32, usize)> = numbers(value);
    runs.into_iter().flat_map(|(id, count)| std::iter::repeat_n(id, count)).collect()
}

#[test]
fn token_ids_grids_and_positions_are_those_of_transformers() {
    for checkpoint in checkpoints() {
        for Case { name, prompt, completion, expected } in checkpoint.cases() {
            assert_eq!(prompt.input.ids, run_lengths(&expected["prompt_ids"]), "{name}");
            assert_eq!(completion, numbers::<u32>(&expected["completion_ids"]), "{name}");
            let grids: Vec<[usize; 3]> = prompt.input.images.iter().map(|image| image.grid_thw).collect();
            assert_eq!(grids, numbers::<[usize; 3]>(&expected["grid_thw"]), "{name}");
            if !expected["position_ids"].is_null() {
                let (positions, _) = prompt_positions(&prompt.input, &checkpoint.model.config);
                let axis = |axis: usize| positions.iter().map(|position| position[axis]).collect();
                let ours: Vec<Vec<u32>> = (0..3).map(axis).collect();
                assert_eq!(ours, numbers::<Vec<u32>>(&expected["position_ids"]), "{name}");
            }
        }
    }
}

#[test]
fn logprobs_are_those_of_transformers() {
    for checkpoint in checkpoints() {
        for Case { name, prompt, completion, expected } in checkpoint.cases() {
            let sequence = Sequence::new(&prompt.input, &completion, &checkpoint.model.config);
            let ours = completion_logprobs(&checkpoint.model, &[sequence]).remove(0);
            let difference = greatest_difference(&ours, &numbers(&expected["logprobs"]));
            println!("{name}: {difference:.1e}");
            assert!(difference <= 2e-4, "{name}: {difference}");
            if !expected["logprobs_native"].is_null() {
                let difference = greatest_difference(&ours, &numbers(&expected["logprobs_native"]));
                println!("{name}: {difference:.1e} from arithmetic in the stored type");
                assert!(difference <= 0.1, "{name}: {difference}");
            }
        }
    }
}

#[test]
fn greedy_continuations_are_those_of_transformers() {
    for checkpoint in checkpoints() {
        for Case { name, prompt, expected, .. } in checkpoint.cases() {
            let theirs: Vec<u32> = numbers(&expected["greedy"]);
            assert_eq!(checkpoint.greedy(&prompt, theirs.len()), theirs, "{name}");
        }
    }
}

/// Compares each parameter's gradient with the stored one.
struct GradientCheck<'a> {
    path: ParameterPath,
    gradients: &'a GradientsParams,
    expected: BTreeMap<String, StoredTensor>,
    checkpoint: &'a str,
}

impl ModuleVisitor<Differentiable> for GradientCheck<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Differentiable, D>>) {
        let (name, checkpoint) = (self.path.name(), self.checkpoint);
        let gradient = self.gradients.get::<Plain, D>(param.id).expect("every parameter has a gradient");
        let gradient = if self.path.is_transposed() { gradient.transpose() } else { gradient };
        let ours: Vec<f32> = gradient.into_data().to_vec().unwrap();
        let theirs = self.expected.remove(&name).expect(&name).read(false).unwrap();
        assert_eq!(ours.len(), theirs.len(), "{checkpoint}, {name}");
        let norm = |values: &mut dyn Iterator<Item = f32>| {
            values.map(|value| f64::from(value).powi(2)).sum::<f64>().sqrt()
        };
        let difference = norm(&mut ours.iter().zip(&theirs).map(|(ours, theirs)| ours - theirs));
        let norm = norm(&mut theirs.iter().copied());
        println!("{checkpoint}, {name}: {difference:.1e} of {norm:.1e}");
        assert!(difference <= 1e-4 * norm, "{checkpoint}, {name}: {difference:e} of {norm:e}");
    }
}

/// Of the mean negative log-probability of the first case's completion, down to patches and position embeddings, by
/// way of every decoder layer that features of images reach.
#[test]
fn gradients_are_those_of_transformers() {
    let mut compared = 0;
    for checkpoint in checkpoints() {
        let name = checkpoint.dir.file_name().unwrap().to_str().unwrap();
        let oracle = Path::new("tests/fixtures/qwen3_vl_gradients").join(format!("{name}.safetensors"));
        if !oracle.exists() {
            continue;
        }
        let Case { prompt, completion, .. } = checkpoint.cases().remove(0);
        assert!(!prompt.input.images.is_empty(), "{name}");
        let model = trainable::<Differentiable>(checkpoint.model.clone(), &[]).unwrap();
        let batch =
            PackedBatch::new(&[Sequence::new(&prompt.input, &completion, &model.config)], &model.config);
        let logprobs = model.target_logprobs(model.predicting(&batch), &batch.targets, 1.0).logprobs;
        let gradients = GradientsParams::from_grads(logprobs.mean().neg().backward(), &model);
        let expected = open_tensors(&oracle).unwrap().into_iter().collect();
        let path = ParameterPath::default();
        let mut check = GradientCheck { path, gradients: &gradients, expected, checkpoint: name };
        model.visit(&mut check);
        assert!(check.expected.is_empty(), "{name}: {:?}", check.expected.keys());
        compared += 1;
    }
    assert!(compared >= 8, "{compared} checkpoints");
}

/// What other programs load is what was released: the same names, in whatever layout we read it.
#[test]
fn qwen3_vl_is_saved_under_the_names_that_it_was_released_under() {
    let checkpoint = Checkpoint::load("tests/fixtures/checkpoints/vl3_transformers5".into());
    let saved = tempfile::tempdir().unwrap();
    let format = WeightFormat { precision: Precision::F32, shard_bytes: usize::MAX };
    save_model_dir(&checkpoint.model, &checkpoint.dir, saved.path(), format).unwrap();
    let names = |dir: &Path| -> BTreeMap<String, Vec<usize>> {
        let stored = open_tensors(&dir.join("model.safetensors")).unwrap().into_iter();
        stored.map(|(name, tensor)| (name, tensor.shape)).collect()
    };
    let ours = names(saved.path());
    assert_eq!(ours, names(&checkpoint.dir));
    assert!(ours.contains_key("model.visual.deepstack_merger_list.2.linear_fc2.bias"));
}

/// Counts published by the models' authors, or told by transformers (tests/oracle/parameter_counts.py).
#[test]
fn released_configurations_have_the_released_number_of_parameters() {
    let dir = Path::new("tests/fixtures/released_configs");
    let read =
        |name: &str| -> Value { serde_json::from_str(&fs::read_to_string(dir.join(name)).unwrap()).unwrap() };
    let counts = read("counts.json");
    assert!(counts.as_object().unwrap().len() >= 13);
    for (name, count) in counts.as_object().unwrap() {
        let config = ModelConfig::from_json(&read(&format!("{name}.json"))).unwrap();
        let shapes = parameter_shapes::<Plain>(&config, &LoraConfig::default(), &[]).unwrap();
        let ours: usize = shapes.iter().map(ParameterShape::elements).sum();
        assert_eq!(ours as u64, count.as_u64().unwrap(), "{name}");
    }
}

/// Load, save, load: nothing changes, in one file or in shards, whatever the names and types were.
#[test]
fn a_saved_checkpoint_is_the_same_model() {
    for checkpoint in checkpoints() {
        for shard_bytes in [usize::MAX, 40_000] {
            let saved = tempfile::tempdir().unwrap();
            let format = WeightFormat { precision: Precision::F32, shard_bytes };
            save_model_dir(&checkpoint.model, &checkpoint.dir, saved.path(), format).unwrap();
            assert_eq!(saved.path().join("model.safetensors").exists(), shard_bytes == usize::MAX);
            for name in companions(&checkpoint.dir) {
                let read = |dir: &Path| fs::read(dir.join(&name)).unwrap();
                assert!(read(saved.path()) == read(&checkpoint.dir), "{name:?} is carried over");
            }
            let again = Checkpoint::load(saved.path().to_owned());
            for Case { name, prompt, completion, .. } in checkpoint.cases() {
                let sequence = [Sequence::new(&prompt.input, &completion, &checkpoint.model.config)];
                let logprobs = |model| completion_logprobs(model, &sequence);
                assert_eq!(logprobs(&again.model), logprobs(&checkpoint.model), "{name}");
            }
        }
    }
}

/// What a directory has beside configuration and weights.
fn companions(dir: &Path) -> Vec<OsString> {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    let is_ours = |name: &OsString| {
        let name = name.to_string_lossy();
        !name.starts_with("model") && name != "config.json" && name != "expected.json"
    };
    names.filter(is_ours).collect()
}

/// bf16 weights are exact in f32, so writing them as bf16 loses nothing.
#[test]
fn weights_are_written_in_the_type_asked_for() {
    let checkpoint = Checkpoint::load("tests/fixtures/checkpoints/vl_released_3b".into());
    let saved = tempfile::tempdir().unwrap();
    let format = WeightFormat { precision: Precision::Bf16, shard_bytes: usize::MAX };
    save_model_dir(&checkpoint.model, &checkpoint.dir, saved.path(), format).unwrap();
    let tensors = |dir: &Path| -> BTreeMap<String, (String, Vec<f32>)> {
        let stored = open_tensors(&dir.join("model.safetensors")).unwrap().into_iter();
        stored
            .map(|(name, t)| (name, (format!("{:?} {:?}", t.dtype, t.shape), t.read(false).unwrap())))
            .collect()
    };
    assert!(tensors(saved.path()) == tensors(&checkpoint.dir));
    let config: Value =
        serde_json::from_str(&fs::read_to_string(saved.path().join("config.json")).unwrap()).unwrap();
    assert_eq!(config["torch_dtype"], "bfloat16");
}
