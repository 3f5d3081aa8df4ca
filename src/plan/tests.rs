//! The plan against counts by hand, and against what must hold between plans.

use serde_json::{Value, json};

use super::*;
use crate::{
    kernels::KernelForm,
    model::{BlockShape, ModelConfig},
    rollout::EngineConfig,
};

const GENERIC: Machine = Machine { kernels: KernelForm::Generic, one_memory: false, workers: 1 };
const FLEX: Machine = Machine { kernels: KernelForm::HandWritten, one_memory: true, workers: 2 };

fn qwen2(change: impl FnOnce(&mut Value)) -> ModelConfig {
    let mut config = json!({"model_type": "qwen2", "vocab_size": 100, "hidden_size": 8,
        "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "rms_norm_eps": 1e-6, "tie_word_embeddings": true});
    change(&mut config);
    ModelConfig::from_json(&config).unwrap()
}

fn recipe() -> RecipeSettings {
    RecipeSettings {
        prompts: [4, 2],
        samples_per_prompt: 8,
        max_new_tokens: 20,
        micro_batch_tokens: 100,
        activation_checkpointing: false,
        logits_chunk: 0,
        reference: false,
        average: false,
        entropy_bonus: false,
        rollout: EngineConfig { max_rows: 20, workers: 0, dtype: None },
        evaluation: None,
        precision: Precision::F32,
        frozen_in_it: false,
    }
}

fn workload(model: &ModelConfig, recipe: RecipeSettings) -> Workload<'_> {
    Workload {
        model,
        parameters: ParameterCounts { total: 1000, trainable: 1000, largest: 800, reference: 1000 },
        recipe,
        prompts: PromptSizes::assumed(10, 0, 0),
        base: ProcessBase::default(),
        machine: GENERIC,
    }
}

fn bytes(moment: &PlannedMoment, name: &str) -> u64 {
    moment.footprints.iter().find(|found| found.name == name).map_or(0, |found| found.bytes)
}

#[test]
fn computing_again_keeps_the_inputs_of_layers_and_of_one_layer_everything() {
    let model = qwen2(|_| ());
    let text = |recipe| bytes(&MemoryPlan::new(&workload(&model, recipe)).update, "activations, text");
    let again = RecipeSettings { activation_checkpointing: true, ..recipe() };
    // Of 100 tokens: every block but one is replaced by its input.
    let block = BlockShape::text(&model.text, KernelForm::Generic, 30).kept();
    let layers = model.text.num_hidden_layers as u64;
    assert_eq!(text(recipe()) - text(again), 4 * 100 * ((layers - 1) * block - layers * 8));
}

#[test]
fn the_cache_holds_keys_and_values_of_every_decoded_row() {
    let model = qwen2(|_| ());
    let plan = MemoryPlan::new(&workload(&model, recipe()));
    // 2 groups of 8 rows fit 20 places; 30 tokens each.
    assert_eq!(bytes(&plan.sampling, "KV cache"), 4 * 2 * 2 * 4 * (16 * 30));
}

#[test]
fn an_evaluation_reads_as_many_prompts_as_there_are_places() {
    let model = qwen2(|_| ());
    let evaluation = EvaluationSettings { problems: 50, judge_items: 10, samples: 1, max_new_tokens: 1 };
    let evaluated = RecipeSettings { evaluation: Some(evaluation), ..recipe() };
    let mut long = workload(&model, evaluated);
    long.prompts = PromptSizes::assumed(100, 0, 0);
    let plan = MemoryPlan::new(&long);
    let evaluation = plan.evaluation.as_ref().unwrap();
    // 20 prompts at once, where a step reads 2.
    let block = BlockShape::text(&model.text, KernelForm::Generic, 100).forward();
    assert_eq!(evaluation.at, "while the prompts are read");
    assert_eq!(bytes(evaluation, "prefill activations"), 4 * 20 * 100 * block);
    assert_eq!(plan.peak().0, "evaluation");
}

#[test]
fn long_prompts_are_read_a_block_of_tokens_at_a_time() {
    let model = qwen2(|_| ());
    let reading = |tokens: u64| {
        let evaluation = EvaluationSettings { problems: 50, judge_items: 0, samples: 1, max_new_tokens: 1 };
        let evaluated = RecipeSettings { evaluation: Some(evaluation), ..recipe() };
        let mut long = workload(&model, evaluated);
        (long.prompts, long.machine) = (PromptSizes::assumed(tokens, 0, 0), FLEX);
        bytes(MemoryPlan::new(&long).evaluation.as_ref().unwrap(), "prefill activations")
    };
    // 20 prompts of 400 tokens are 8,000; of longer ones, 8 pass with 1,024 tokens each, in each of two batches.
    let block = BlockShape::text(&model.text, KernelForm::HandWritten, 0).forward();
    assert_eq!(reading(400), 2 * 4 * 20 * 400 * block);
    assert_eq!([reading(2000), reading(200_000)], [2 * 4 * 8192 * block; 2]);
}

#[test]
fn the_longest_prompt_is_the_last_that_fits() {
    let model = qwen2(|_| ());
    let workload = Workload { machine: FLEX, ..workload(&model, recipe()) };
    let needed = |tokens: u64| {
        let prompts = PromptSizes::assumed(tokens, 0, 0);
        MemoryPlan::new(&Workload { prompts, ..workload.clone() }).peak().1.bytes
    };
    let memory = needed(5000);
    assert!(needed(5001) > memory);
    assert_eq!(longest_prompt(&workload, memory, 100_000), Some(5000));
    assert_eq!(longest_prompt(&workload, memory, 3000), Some(3000));
    assert_eq!(longest_prompt(&workload, 1000, 100_000), None);
}

#[test]
fn on_flex_attention_holds_the_scores_of_a_head_on_every_thread() {
    let model = qwen2(|_| ());
    let update = |tokens: u64| {
        let prompts = PromptSizes::assumed(tokens, 0, 0);
        let long = Workload { prompts, machine: FLEX, ..workload(&model, recipe()) };
        bytes(&MemoryPlan::new(&long).update, "scores of attention heads")
    };
    // Two threads, each with the scores of 1,020 positions and their gradient.
    assert_eq!(update(1000), 2 * 2 * 1020 * 1020 * 4);
}

#[test]
fn a_penalty_adds_a_model_and_frozen_parameters_have_neither_gradients_nor_moments() {
    let model = qwen2(|_| ());
    let update = |recipe| MemoryPlan::new(&workload(&model, recipe)).update;
    assert_eq!(bytes(&update(recipe()), "reference model"), 0);
    assert_eq!(bytes(&update(RecipeSettings { reference: true, ..recipe() }), "reference model"), 4000);
    assert_eq!(bytes(&update(RecipeSettings { average: true, ..recipe() }), "average of the weights"), 4000);
    let mut frozen = workload(&model, recipe());
    frozen.parameters.trainable = 10;
    assert_eq!(bytes(&MemoryPlan::new(&frozen).update, "optimizer moments"), 80);
}

#[test]
fn on_flex_all_lies_in_one_memory_and_elsewhere_the_host_is_counted_apart() {
    let model = qwen2(|_| ());
    let generic = MemoryPlan::new(&workload(&model, recipe()));
    assert_eq!(generic.sampling.host_bytes, PROCESS_BYTES);
    assert!(generic.peak().1.bytes < PROCESS_BYTES);
    let own = MemoryPlan::new(&Workload { machine: FLEX, ..workload(&model, recipe()) });
    assert!(own.sampling.host_bytes == 0 && own.sampling.bytes > PROCESS_BYTES);
}

#[test]
fn on_flex_phases_leave_their_heaps_behind_unless_blocks_are_mapped() {
    let model = qwen2(|config| {
        config["hidden_size"] = json!(256);
        config["num_key_value_heads"] = json!(4);
    });
    let kept = |max_new_tokens| {
        let rollout = EngineConfig { max_rows: 128, workers: 2, dtype: None };
        let recipe = RecipeSettings { prompts: [32, 0], max_new_tokens, rollout, ..recipe() };
        let plan = MemoryPlan::new(&Workload { machine: FLEX, ..workload(&model, recipe) });
        let cache = bytes(&plan.sampling, "KV cache");
        (cache, bytes(&plan.update, "kept by the heaps of other moments"))
    };
    // 128 rows of 200 tokens: a layer's keys of one thread are 25 MiB; of 300 tokens, 37.5 MiB.
    let ((small, left), (large, mapped)) = (kept(190), kept(290));
    assert_eq!(small, (8 * 25) << 20);
    assert!(left > small && large > small && mapped < small, "{left} {mapped}");
}

#[test]
fn the_remedy_is_one_that_helps() {
    let model = qwen2(|_| ());
    let remedy = |micro_batch_tokens| {
        let recipe = RecipeSettings { micro_batch_tokens, ..recipe() };
        let moment = MemoryPlan::new(&workload(&model, recipe)).update;
        moment.footprints.iter().find(|found| found.name == "activations, text").unwrap().remedy
    };
    assert!(remedy(100).contains("train.micro_batch_tokens"));
    assert!(remedy(1).contains("a single row already"));
}

#[test]
fn sixteen_bits_add_a_copy_and_halve_cache_and_reference() {
    let model = qwen2(|_| ());
    let with = |precision| RecipeSettings { reference: true, precision, ..recipe() };
    let exact = MemoryPlan::new(&workload(&model, with(Precision::F32)));
    let half = MemoryPlan::new(&workload(&model, with(Precision::Bf16)));
    assert_eq!(bytes(&half.update, "the copy that computes"), 2 * 1000);
    assert_eq!(bytes(&half.update, "weights"), bytes(&exact.update, "weights"));
    for (name, moment, other) in
        [("reference model", &half.update, &exact.update), ("KV cache", &half.sampling, &exact.sampling)]
    {
        assert_eq!(2 * bytes(moment, name), bytes(other, name));
    }
    // Adapters: 100 of 1,000 learn, the others are kept in 16 bits and copied nowhere.
    let recipe = RecipeSettings { frozen_in_it: true, ..with(Precision::Bf16) };
    let parameters = ParameterCounts { total: 1000, trainable: 100, largest: 80, reference: 0 };
    let plan = MemoryPlan::new(&Workload { parameters, ..workload(&model, recipe) });
    assert_eq!(bytes(&plan.update, "weights"), 100 * 4 + 900 * 2);
    assert_eq!(bytes(&plan.update, "the copy that computes"), 100 * 2);
}
