//! LoRA adapters against PEFT: what it saved does the same here, and what we train, save and merge stays
//! the same. tests/oracle/adapters.py wrote what is expected.

mod common;

use std::path::{Path, PathBuf};

use common::{Differentiable, Plain, expected_rows, greatest_difference};
use serde_json::Value;
use spark::{
    checkpoint::{WeightFormat, save_model_dir},
    data::ScoredRow,
    eval::completion_logprobs,
    model::{
        Model, ModelConfig, Sequence, base_dir, load_model,
        lora::{LoraConfig, Targets, merged, with_adapters},
        trainable,
        weights::{Precision, open_tensors},
    },
    processor::Processor,
    train::{AdamW, LearningRate, Parts, TrainConfig, Trainer, batch::Example},
};

const FORMAT: WeightFormat = WeightFormat { precision: Precision::F32, shard_bytes: usize::MAX };

fn adapter(name: &str) -> PathBuf {
    Path::new("tests/fixtures/adapters").join(name)
}

fn load(dir: &Path) -> Model<Plain> {
    load_model(dir, &Default::default()).unwrap()
}

/// The sequence that an adapter's oracle scored, and what it found.
fn scored(dir: &Path) -> (Sequence, Value) {
    let base = base_dir(dir).unwrap();
    let config = ModelConfig::from_dir(&base).unwrap();
    let processor = Processor::from_dir(&base).unwrap().for_model(config.clone());
    let (ScoredRow { chat, completion, .. }, expected) = expected_rows(dir).remove(0);
    let prompt = processor.chat(&chat).unwrap();
    (Sequence::new(&prompt.input, &processor.encode(&completion).unwrap(), &config), expected)
}

fn logprobs(model: &Model<Plain>, sequence: &Sequence) -> Vec<f32> {
    completion_logprobs(model, std::slice::from_ref(sequence)).remove(0)
}

fn floats(value: &Value) -> Vec<f32> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn adapters_that_peft_saved_do_the_same_here_and_merged() {
    let names = [
        "list",
        "all_linear_rslora",
        "vision_expression",
        "vision_all_linear",
        "vision_released_names",
        "deepstack_all_linear",
        "llama",
    ];
    for name in names {
        let dir = adapter(name);
        let (sequence, expected) = scored(&dir);
        let model = load(&dir);
        let difference = greatest_difference(&logprobs(&model, &sequence), &floats(&expected["logprobs"]));
        assert!(difference < 2e-4, "{name}: {difference}");
        let difference =
            greatest_difference(&logprobs(&merged(model), &sequence), &floats(&expected["logprobs"]));
        assert!(difference < 2e-4, "{name}, merged: {difference}");
        let base = load(&base_dir(&dir).unwrap());
        let without =
            greatest_difference(&logprobs(&base, &sequence), &floats(&expected["logprobs_without"]));
        assert!(without < 2e-4, "{name}, without: {without}");
    }
}

#[test]
fn a_rank_per_module_is_refused_by_name() {
    let error = load_model::<Plain>(&adapter("patterns"), &Default::default()).unwrap_err();
    assert!(format!("{error:#}").contains("rank_pattern"), "{error:#}");
}

#[test]
fn adapters_are_saved_under_the_names_that_peft_gave_them() {
    for name in ["list", "vision_all_linear", "vision_expression", "deepstack_all_linear", "llama"] {
        let dir = adapter(name);
        let saved = tempfile::tempdir().unwrap();
        save_model_dir(&load(&dir), &dir, saved.path(), FORMAT).unwrap();
        let tensors = |dir: &Path| {
            let mut tensors = open_tensors(&dir.join("adapter_model.safetensors")).unwrap();
            tensors.sort_by(|(left, _), (right, _)| left.cmp(right));
            tensors.into_iter().map(|(name, tensor)| (name, tensor.read(false).unwrap())).collect::<Vec<_>>()
        };
        assert!(tensors(saved.path()) == tensors(&dir), "{name}");
        let (sequence, _) = scored(&dir);
        assert_eq!(logprobs(&load(saved.path()), &sequence), logprobs(&load(&dir), &sequence), "{name}");
    }
}

/// A model with fresh adapters on some projections.
fn fresh(base: &Path, targets: Targets) -> anyhow::Result<Model<Plain>> {
    with_adapters(load(base), &LoraConfig { rank: 4, alpha: 8.0, targets, ..LoraConfig::default() }, 1)
}

#[test]
fn fresh_adapters_change_nothing_and_training_changes_only_them() {
    let dir = adapter("vision_expression");
    let base = base_dir(&dir).unwrap();
    let (sequence, _) = scored(&dir);
    let start = fresh(&base, Targets::default()).unwrap();
    let before = logprobs(&start, &sequence);
    assert_eq!(before, logprobs(&load(&base), &sequence));

    let policy = trainable::<Differentiable>(start, &["*.mlp.*".to_owned()]).unwrap();
    let config = TrainConfig {
        learning_rate: LearningRate { peak: 1e-2, warmup_steps: 0, ..LearningRate::default() },
        ..TrainConfig::default()
    };
    let mut trainer = Trainer::new(Parts::new(policy, AdamW::new(config.adamw)), &config).unwrap();
    let example = Example::to_imitate(sequence);
    for step in 1..=3 {
        trainer.imitate(std::slice::from_ref(&example), step).unwrap();
    }
    let trained = trainer.inference_model();
    let sum = |logprobs: Vec<f32>| logprobs.iter().sum::<f32>();
    let after = logprobs(&trained, &example.sequence);
    assert!(sum(after.clone()) > sum(before) + 1.0, "imitation makes the completion likelier");

    let saved = tempfile::tempdir().unwrap();
    save_model_dir(&trained, &base, saved.path(), FORMAT).unwrap();
    assert_eq!(logprobs(&load(saved.path()), &example.sequence), after);
    let saved_tensors = open_tensors(&saved.path().join("adapter_model.safetensors")).unwrap();
    for (name, tensor) in saved_tensors.iter().filter(|(name, _)| name.contains("lora_B")) {
        let is_zero = tensor.read(false).unwrap().iter().all(|&value| value == 0.0);
        assert_eq!(is_zero, name.contains(".mlp."), "{name}: frozen adapters stay zero, others learn");
    }
    let weight = |mut model: Model<Plain>| {
        let projections = model.projections_mut().into_iter();
        let first = projections.map(|(_, projection)| projection.weight.val().into_data());
        first.collect::<Vec<_>>()
    };
    for (trained, before) in weight(trained).iter().zip(weight(load(&base))) {
        trained.assert_eq(&before, true);
    }
}

#[test]
fn targets_that_name_nothing_and_adapters_on_adapters_are_refused() {
    let base = base_dir(&adapter("list")).unwrap();
    let nothing = fresh(&base, Targets::Names(vec!["qkv".into()])).unwrap_err().to_string();
    assert!(nothing.contains("lora.targets") && nothing.contains("qkv"), "{nothing}");
    let twice = fresh(&adapter("list"), Targets::default()).unwrap_err().to_string();
    assert!(twice.contains("spark merge"), "{twice}");
}

#[test]
fn frozen_names_must_exist_and_leave_something() {
    let model = || load(&base_dir(&adapter("vision_expression")).unwrap());
    let refused =
        |freeze: &str| trainable::<Differentiable>(model(), &[freeze.to_owned()]).unwrap_err().to_string();
    assert!(refused("vision.*").contains("\"vision.*\" matches no parameter"));
    assert!(refused("*").contains("nothing is left to learn"));
    let mut frozen = trainable::<Differentiable>(model(), &["visual.*".to_owned()]).unwrap();
    for (path, projection) in frozen.projections_mut() {
        assert_eq!(projection.weight.is_require_grad(), !path.starts_with("visual."), "{path}");
    }
}

/// Recipes say `visual.*` of every model that sees; a file of Qwen3-VL says `model.visual.*`.
#[test]
fn names_are_frozen_as_we_and_as_the_checkpoint_call_them() {
    let dir = base_dir(&adapter("deepstack_all_linear")).unwrap();
    let freeze = |pattern: &str| trainable::<Differentiable>(load(&dir), &[pattern.to_owned()]);
    for pattern in ["visual.*", "model.visual.*"] {
        let mut frozen = freeze(pattern).unwrap();
        for (path, projection) in frozen.projections_mut() {
            assert_eq!(
                projection.weight.is_require_grad(),
                !path.starts_with("visual."),
                "{pattern}: {path}"
            );
        }
    }
    assert!(freeze("model.language_model.layers.0.*").is_ok());
    assert!(freeze("model.vision.*").is_err());
}
