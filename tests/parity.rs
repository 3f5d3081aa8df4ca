//! Model, loss and advantages against other implementations: numbers written by `tests/oracle/`.

mod common;

use std::{collections::HashMap, fs, path::Path, sync::Arc};

use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::Tensor,
};
use common::{Differentiable, Plain};
use serde_json::Value;
use spark::{
    model::{
        ImagePatches, Model, ModelInput, PackedBatch, Sequence, index_tensor, load_model, prompt_positions,
        trainable,
        weights::{ParameterPath, StoredTensor, open_tensors},
    },
    random::Stream,
    rollout::{EngineConfig, Generate, LocalEngine, Request, Sampling},
    train::{
        LossInput, NormalizationConfig,
        advantage::group_advantages,
        batch::{Example, micro_batches, token_weights},
        objective::{KlEstimator, KlPenalty, PolicyGradient, total},
    },
};

const DIRECTORY: &str = "tests/fixtures/tiny_qwen2_5_vl";

fn fixture(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// GRPO's loss: the clipped surrogate and a penalty against the reference.
fn grpo(coefficient: f64, input: &LossInput<Differentiable>) -> Tensor<Differentiable, 1> {
    let penalty = KlPenalty { coefficient, estimator: KlEstimator::K3 };
    total(&[Arc::new(PolicyGradient::default()), Arc::new(penalty)], input).loss.unwrap()
}

fn floats(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(items) => items.iter().flat_map(floats).collect(),
        number => vec![number.as_f64().unwrap() as f32],
    }
}

fn ids(value: &Value) -> Vec<u32> {
    floats(value).into_iter().map(|id| id as u32).collect()
}

fn model<B: spark::kernels::Kernels>() -> Model<B> {
    load_model(Path::new(DIRECTORY), &Default::default()).unwrap()
}

fn cases() -> Vec<(String, ModelInput, Value)> {
    let cases = fixture(&format!("{DIRECTORY}/cases.json"))["cases"].as_array().unwrap().clone();
    cases
        .into_iter()
        .map(|case| {
            let mut pixels = floats(&case["pixel_values"]);
            let grids = case["grid_thw"].as_array().unwrap();
            let images = grids.iter().map(|grid| {
                let grid_thw: [usize; 3] = serde_json::from_value(grid.clone()).unwrap();
                let patch_dim = 96;
                let rest = pixels.split_off(grid_thw.iter().product::<usize>() * patch_dim);
                Arc::new(ImagePatches { grid_thw, pixels: std::mem::replace(&mut pixels, rest) })
            });
            let input = ModelInput { images: images.collect(), ids: ids(&case["input_ids"]) };
            (case["name"].as_str().unwrap().to_owned(), input, case)
        })
        .collect()
}

/// Log-probabilities of all tokens but the first.
fn logprobs<B: spark::kernels::Kernels>(model: &Model<B>, input: &ModelInput) -> Tensor<B, 1> {
    let batch = PackedBatch::new(&[Sequence::new(input, &[], &model.config)], &model.config);
    let rows: Vec<usize> = (0..input.ids.len() - 1).collect();
    let hidden = model.forward(&batch).select(0, index_tensor(&rows, &Default::default()));
    model.target_logprobs(hidden, &input.ids[1..], 1.0).logprobs
}

fn assert_close(name: &str, ours: &[f32], theirs: &[f32], tolerance: f32) {
    assert_eq!(ours.len(), theirs.len(), "{name}");
    for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert!((ours - theirs).abs() <= tolerance, "{name}[{index}]: {ours}, expected {theirs}");
    }
}

#[test]
fn positions_features_and_logprobs_are_those_of_transformers() {
    let model = model::<Plain>();
    for (name, input, case) in cases() {
        let positions = prompt_positions(&input, &model.config).0;
        let per_axis: Vec<u32> = (0..3).flat_map(|axis| positions.iter().map(move |p| p[axis])).collect();
        assert_eq!(per_axis, ids(&case["position_ids"]), "{name}");
        if !input.images.is_empty() {
            let images: Vec<&ImagePatches> = input.images.iter().map(AsRef::as_ref).collect();
            let features = model.image_features(&images).unwrap();
            let features: Vec<f32> = features.into_data().to_vec().unwrap();
            assert_close(&name, &features, &floats(&case["image_features"]), 2e-4);
        }
        let ours: Vec<f32> = logprobs(&model, &input).into_data().to_vec().unwrap();
        assert_close(&name, &ours, &floats(&case["logprobs"]), 2e-4);
    }
}

#[test]
fn greedy_continuations_are_those_of_transformers() {
    let model = model::<Plain>();
    let engine = LocalEngine::with_model(model, EngineConfig::default());
    for (name, input, case) in cases() {
        let request = Request {
            prompt: &input,
            sampling: Sampling::greedy(8),
            stop_ids: &[],
            streams: vec![Stream::new(&[0])],
        };
        let completion = engine.generate(&[request], &|_| ()).unwrap().remove(0).remove(0);
        assert_eq!(completion.token_ids, ids(&case["greedy"]), "{name}");
    }
}

/// Collects each parameter's gradient under the checkpoint's name, in the checkpoint's layout.
struct Collector<'a> {
    path: ParameterPath,
    gradients: &'a GradientsParams,
    found: Vec<(String, Vec<f32>)>,
}

impl ModuleVisitor<Differentiable> for Collector<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Differentiable, D>>) {
        let gradient = self.gradients.get::<Plain, D>(param.id).expect("every parameter has a gradient");
        let gradient = if self.path.is_transposed() { gradient.transpose() } else { gradient };
        self.found.push((self.path.name(), gradient.into_data().to_vec().unwrap()));
    }
}

/// Clipped ratios, the k3 penalty, three completions of a prompt with an image: the whole objective, down
/// to the patch embedding.
#[test]
fn the_gradient_of_the_grpo_loss_is_pytorchs_for_every_parameter() {
    const ORACLE: &str = "tests/fixtures/grpo_gradients";
    let model = trainable::<Differentiable>(model(), &[]).unwrap();
    let inputs = fixture(&format!("{ORACLE}/inputs.json"));
    let (_, prompt, _) = cases().into_iter().find(|(name, ..)| *name == inputs["case"]).unwrap();
    assert_eq!(prompt.ids, ids(&inputs["prompt_ids"]));
    let completions: Vec<Vec<u32>> = inputs["completions"].as_array().unwrap().iter().map(ids).collect();
    let advantages = floats(&inputs["advantages"]);
    let old = inputs["old_logprobs"].as_array().unwrap();
    let examples: Vec<Example> = (0..completions.len())
        .map(|index| Example {
            old_logprobs: floats(&old[index]),
            advantage: f64::from(advantages[index]),
            ..Example::to_imitate(Sequence::new(&prompt, &completions[index], &model.config))
        })
        .collect();
    let weights = token_weights(&examples, NormalizationConfig::default(), 0);
    let micro = micro_batches(&examples, &weights, 1000, &model.config).remove(0);

    let device = Default::default();
    let tensor = |values: &[f32]| Tensor::<Differentiable, 1>::from_floats(values, &device);
    let hidden = model.predicting(&micro.batch);
    let reference: Vec<Vec<f32>> =
        inputs["reference_logprobs"].as_array().unwrap().iter().map(floats).collect();
    let logprobs = model.target_logprobs(hidden, &micro.batch.targets, 1.0).logprobs;
    let (old, advantages) = (tensor(&micro.old_logprobs), tensor(&micro.advantages));
    let input = LossInput {
        reference_logprobs: Some(tensor(&reference.concat())),
        ..LossInput::new(logprobs, old, advantages, tensor(&micro.weights), micro.lengths.clone())
    };
    let loss = grpo(0.04, &input);
    assert_close("loss", &[loss.clone().into_scalar()], &floats(&inputs["loss"]), 1e-5);

    let gradients = GradientsParams::from_grads(loss.backward(), &model);
    let mut collector =
        Collector { path: ParameterPath::default(), gradients: &gradients, found: Vec::new() };
    model.visit(&mut collector);
    let expected: HashMap<String, StoredTensor> =
        open_tensors(&Path::new(ORACLE).join("gradients.safetensors")).unwrap().into_iter().collect();
    assert_eq!(collector.found.len(), expected.len());
    for (name, ours) in collector.found {
        let theirs = expected[&name].read(false).unwrap();
        let squares =
            |values: &mut dyn Iterator<Item = f32>| values.map(|v| f64::from(v).powi(2)).sum::<f64>();
        let difference = squares(&mut ours.iter().zip(&theirs).map(|(ours, theirs)| ours - theirs)).sqrt();
        let norm = squares(&mut theirs.iter().copied()).sqrt();
        println!("{name}: {:.1e}", difference / norm);
        assert!(difference <= 1e-4 * norm, "{name}: {difference:e} of {norm:e}");
    }
}

#[test]
fn the_grpo_loss_and_its_gradient_are_pytorchs() {
    let oracle = fixture("tests/fixtures/grpo_loss.json");
    let mask = floats(&oracle["mask"]);
    let columns = oracle["mask"][0].as_array().unwrap().len();
    let present: Vec<usize> = (0..mask.len()).filter(|&token| mask[token] > 0.0).collect();
    let lengths: Vec<f32> = mask.chunks(columns).map(|row| row.iter().sum()).collect();
    let device = Default::default();
    let kept = |values: Vec<f32>| -> Vec<f32> { present.iter().map(|&token| values[token]).collect() };
    let tensor =
        |values: Vec<f32>| Tensor::<Differentiable, 1>::from_floats(kept(values).as_slice(), &device);
    let per_token = |values: Vec<f32>| values.into_iter().flat_map(|v| vec![v; columns]).collect::<Vec<_>>();
    for (name, expected) in oracle["objectives"].as_object().unwrap() {
        let weights = match name.starts_with("token") {
            true => vec![1.0 / lengths.iter().sum::<f32>(); mask.len()],
            false => per_token(lengths.iter().map(|length| 1.0 / (length * lengths.len() as f32)).collect()),
        };
        let beta = expected["beta"].as_f64().unwrap();
        let logprobs = tensor(floats(&oracle["new"])).require_grad();
        let input = LossInput {
            reference_logprobs: (beta > 0.0).then(|| tensor(floats(&oracle["reference"]))),
            ..LossInput::new(
                logprobs.clone(),
                tensor(floats(&oracle["old"])),
                tensor(per_token(floats(&oracle["advantages"]))),
                tensor(weights),
                lengths.iter().map(|&length| length as usize).collect(),
            )
        };
        let loss = grpo(beta, &input);
        assert_close(name, &[loss.clone().into_scalar()], &floats(&expected["loss"]), 1e-5);
        let gradient = logprobs.grad(&loss.backward()).unwrap().into_data().to_vec::<f32>().unwrap();
        assert_close(name, &gradient, &kept(floats(&expected["gradient"])), 1e-5);
    }
    let rewards: Vec<f64> = floats(&oracle["group"]["rewards"]).into_iter().map(f64::from).collect();
    for (epsilon, key) in [(1e-4, "advantages_epsilon_1e-4"), (1e-9, "advantages_epsilon_1e-9")] {
        let ours: Vec<f32> = group_advantages(&rewards, epsilon).into_iter().map(|a| a as f32).collect();
        assert_close(key, &ours, &floats(&oracle["group"][key]), 1e-5);
    }
}
