//! The plan against counts by hand, and against what must hold between plans.

use serde_json::{Value, json};

use super::{
    activations::{Block, vision_kept},
    *,
};
use crate::{
    model::ModelConfig,
    rollout::{EngineConfig, Sampling},
    train::{KlConfig, TrainConfig},
};

fn qwen2(change: impl FnOnce(&mut Value)) -> ModelConfig {
    let mut config = json!({"model_type": "qwen2", "vocab_size": 100, "hidden_size": 8,
        "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "rms_norm_eps": 1e-6, "tie_word_embeddings": true});
    change(&mut config);
    ModelConfig::from_json(&config).unwrap()
}

fn sampling(max_new_tokens: usize) -> Sampling {
    Sampling { max_new_tokens, ..TrainConfig::default().sampling }
}

fn penalty(coefficient: f64) -> KlConfig {
    KlConfig { coefficient, ..KlConfig::default() }
}

fn train() -> TrainConfig {
    TrainConfig {
        prompts_per_step: 4,
        recycled_per_step: 2,
        samples_per_prompt: 8,
        micro_batch_tokens: 100,
        sampling: sampling(20),
        kl: penalty(0.0),
        ..TrainConfig::default()
    }
}

fn workload<'a>(model: &'a ModelConfig, train: &'a TrainConfig) -> Workload<'a> {
    Workload {
        model,
        parameters: Parameters { total: 1000, trainable: 1000, largest: 800, reference: 1000 },
        train,
        rollout: EngineConfig { max_rows: 20, workers: 2 },
        prompt: PromptSize { text_tokens: 10, image_tokens: 0 },
        image_cache_bytes: 0,
        kernels: KernelForm::Generic,
        precision: Precision::F32,
        frozen_in_it: false,
    }
}

fn bytes(moment: &Moment, name: &str) -> u64 {
    moment.items.iter().find(|item| item.name == name).map_or(0, |item| item.bytes)
}

#[test]
fn sizes_follow_the_engine_and_the_packing_of_micro_batches() {
    let (model, train) = (qwen2(|_| ()), train());
    let sizes = Sizes::new(&workload(&model, &train));
    // 6 prompts x 8 rows of 30 tokens; 2 groups of 8 fit 20 rows, on two threads; 4 completions of 20 tokens fit
    // 100 tokens behind a prompt of 10.
    assert_eq!((sizes.rows, sizes.sequence), (48, 30));
    assert_eq!((sizes.decoded_prompts, sizes.decoded_rows, sizes.threads), (4, 32, 2));
    assert_eq!((sizes.micro_rows, sizes.micro_batches, sizes.micro_tokens()), (4, 12, 90));
    // A group is 170 tokens.
    let train = TrainConfig { micro_batch_tokens: 400, ..train };
    let sizes = Sizes::new(&workload(&model, &train));
    assert_eq!((sizes.micro_rows, sizes.micro_batches, sizes.micro_tokens()), (16, 3, 340));
}

#[test]
fn a_layer_keeps_what_its_operations_need_again() {
    let text = qwen2(|_| ()).text;
    // Keys are 2 heads of 2. x, norm, x', norm'; gate, up, product; q, k, v, output; a logarithm per head.
    let own = Block::text(&text, KernelForm::HandWritten, 30).kept();
    assert_eq!(own, 4 * 8 + 3 * 24 + (8 + 4 + 4 + 8) + 4);
    let generic = Block::text(&text, KernelForm::Generic, 30).kept();
    assert_eq!(generic, 6 * 8 + 5 * 24 + (8 + 4 + 4 + 8) + 3 * 4 * 30);
}

#[test]
fn computing_again_keeps_the_inputs_of_layers_and_a_chunk_of_scores() {
    let (model, train) = (qwen2(|_| ()), train());
    let text = |train: &TrainConfig| {
        let plan = Plan::new(&workload(&model, train));
        bytes(&plan.update, "activations, text")
    };
    let again = TrainConfig { activation_checkpointing: true, ..train.clone() };
    // Of 90 tokens: every block but one is replaced by its input.
    let block = Block::text(&model.text, KernelForm::Generic, 30).kept();
    let layers = model.text.num_hidden_layers as u64;
    assert_eq!(text(&train) - text(&again), 4 * 90 * ((layers - 1) * block - layers * 8));
}

#[test]
fn the_cache_holds_keys_and_values_of_every_decoded_row() {
    let (model, train) = (qwen2(|_| ()), train());
    let plan = Plan::new(&workload(&model, &train));
    assert_eq!(bytes(&plan.sampling, "KV cache"), 4 * 2 * 2 * 4 * (32 * 30));
}

#[test]
fn a_penalty_adds_a_model_and_frozen_parameters_have_neither_gradients_nor_moments() {
    let (model, plain) = (qwen2(|_| ()), train());
    let penalised = TrainConfig { kl: penalty(0.1), ..plain.clone() };
    assert_eq!(bytes(&Plan::new(&workload(&model, &plain)).update, "reference model"), 0);
    assert_eq!(bytes(&Plan::new(&workload(&model, &penalised)).update, "reference model"), 4000);
    let averaged = TrainConfig { ema_decay: 0.9, ..plain.clone() };
    assert_eq!(bytes(&Plan::new(&workload(&model, &averaged)).update, "average of the weights"), 4000);
    let mut frozen = workload(&model, &plain);
    frozen.parameters.trainable = 10;
    assert_eq!(bytes(&Plan::new(&frozen).update, "optimizer moments"), 80);
}

#[test]
fn on_flex_all_lies_in_one_memory_and_elsewhere_the_host_is_counted_apart() {
    let (model, train) = (qwen2(|_| ()), train());
    let generic = Plan::new(&workload(&model, &train));
    assert!(generic.sampling.host_bytes > PROCESS_BYTES && generic.peak().bytes < PROCESS_BYTES);
    let kernels = KernelForm::HandWritten;
    let own = Plan::new(&Workload { kernels, ..workload(&model, &train) });
    assert!(own.sampling.host_bytes == 0 && own.sampling.bytes > PROCESS_BYTES);
}

#[test]
fn heaps_of_several_threads_have_holes_and_keep_what_was_freed() {
    // 128 rows of 200 tokens per thread: blocks of 25 MiB, two places in a heap of 64, half of one a hole.
    let model = qwen2(|config| {
        config["hidden_size"] = json!(256);
        config["num_key_value_heads"] = json!(4);
    });
    let train = TrainConfig { prompts_per_step: 32, sampling: sampling(190), ..train() };
    let plan = |workers| {
        let rollout = EngineConfig { max_rows: 128, workers };
        Plan::new(&Workload { rollout, kernels: KernelForm::HandWritten, ..workload(&model, &train) })
    };
    const MIB: u64 = 1 << 20;
    let (room, left) = ("room between the cache's blocks", "heaps of the sampling threads");
    let two = plan(2);
    assert_eq!(bytes(&two.sampling, "KV cache"), 8 * 25 * MIB);
    let expected = 8.0 * 25.0 * (64.0 / 37.5 - 1.0);
    assert!((bytes(&two.sampling, room) as f64 / MIB as f64 - expected).abs() < 0.1);
    assert!(bytes(&two.update, left) > (200 + 141) * MIB);
    let one = plan(1);
    assert_eq!((bytes(&one.sampling, room), bytes(&one.update, left)), (0, 0));
}

#[test]
fn an_image_takes_the_slots_of_its_windows() {
    let model = qwen2(|config| {
        config["model_type"] = json!("qwen2_5_vl");
        config["image_token_id"] = json!(1);
        config["rope_scaling"] = json!({"mrope_section": [0, 0, 1]});
        config["vision_config"] = json!({"depth": 2, "hidden_size": 16, "intermediate_size": 20,
            "num_heads": 2, "out_hidden_size": 8, "patch_size": 2, "spatial_merge_size": 2,
            "temporal_patch_size": 1, "window_size": 8, "fullatt_block_indexes": [1]});
    });
    // 4 cells: one window of 2 x 2 cells, 16 patches of 3 x 2 x 2 values. 3 cells: windows of 2 and 1.
    let whole = ImageSize::new(&model, 4).unwrap();
    assert_eq!((whole.slots, whole.window, whole.pixels, whole.ragged), (16, 16, 192, false));
    let ragged = ImageSize::new(&model, 3).unwrap();
    assert_eq!((ragged.slots, ragged.window, ragged.ragged), (16, 8, true));
    let vision = model.vision.as_ref().unwrap();
    let block = 8 * 16 + 3 * 20 + 2;
    assert_eq!(vision_kept(vision, KernelForm::HandWritten, &whole), 16 * (12 + 2 * block + 4 * 16));
    assert!(ImageSize::new(&qwen2(|_| ()), 4).is_none());
}

#[test]
fn the_remedy_is_one_that_helps() {
    let (model, mut train) = (qwen2(|_| ()), train());
    let remedy = |train: &TrainConfig| {
        let plan = Plan::new(&workload(&model, train));
        let moment = plan.update;
        moment.items.iter().find(|item| item.name == "activations, text").unwrap().remedy
    };
    assert!(remedy(&train).contains("train.micro_batch_tokens"));
    train.micro_batch_tokens = 1;
    assert!(remedy(&train).contains("a single row already"));
}

#[test]
fn sixteen_bits_add_a_copy_and_halve_cache_and_reference() {
    let model = qwen2(|_| ());
    let train = TrainConfig { kl: penalty(0.1), ..train() };
    let exact = Plan::new(&workload(&model, &train));
    let half = Plan::new(&Workload { precision: Precision::Bf16, ..workload(&model, &train) });
    assert_eq!(bytes(&half.update, "the copy that computes"), 2 * 1000);
    assert_eq!(bytes(&half.update, "weights"), bytes(&exact.update, "weights"));
    for (name, moment, other) in
        [("reference model", &half.update, &exact.update), ("KV cache", &half.sampling, &exact.sampling)]
    {
        assert_eq!(2 * bytes(moment, name), bytes(other, name));
    }
    // Adapters: 100 of 1,000 learn, the others are kept in 16 bits and copied nowhere.
    let parameters = Parameters { total: 1000, trainable: 100, largest: 80, reference: 0 };
    let adapters =
        Workload { parameters, frozen_in_it: true, precision: Precision::Bf16, ..workload(&model, &train) };
    let plan = Plan::new(&adapters);
    assert_eq!(bytes(&plan.update, "weights"), 100 * 4 + 900 * 2);
    assert_eq!(bytes(&plan.update, "the copy that computes"), 100 * 2);
}
