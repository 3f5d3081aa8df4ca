//! How long the prompts of a run may be: what the recipe says, or what model and memory allow.

use anyhow::Result;
use burn::tensor::backend::Backend;

use crate::{
    config::RunConfig,
    error::input_error,
    metrics::usable_memory_bytes,
    model::{ModelConfig, ParameterCounts, parameter_shapes},
    plan::{Machine, ProcessBase, PromptSizes, RecipeSettings, Workload, longest_prompt},
    processor::PromptBound,
};

/// Tokens of a prompt where neither the model nor the recipe says how many there may be.
const MOST_TOKENS: usize = 1 << 20;

/// The bound on a run's prompts. Memory is counted where it is the process's own; what a device has nobody tells.
///
/// # Errors
/// When the recipe asks for more than the model reads, or the model has no room for a prompt beside the completions.
pub fn prompt_bound<B: Backend>(
    config: &RunConfig,
    model: &ModelConfig,
    device: &B::Device,
) -> Result<Option<PromptBound>> {
    let of_model = stated_bound(config, model)?;
    if config.data.max_prompt_tokens.is_some() {
        return Ok(of_model);
    }
    let most = of_model.as_ref().map_or(MOST_TOKENS, |bound| bound.tokens);
    let of_memory = match usable_memory_bytes().filter(|_| has_one_memory::<B>(device)) {
        Some(memory) => memory_bound::<B>(config, model, memory, most)?,
        None => None,
    };
    Ok(of_memory.or(of_model))
}

/// What the recipe says, or what the model's positions leave beside the longest completions of the recipe.
///
/// # Errors
/// When they leave nothing, or less than the recipe says; the message names the setting.
pub fn stated_bound(config: &RunConfig, model: &ModelConfig) -> Result<Option<PromptBound>> {
    let of_model = model_bound(config, model)?;
    match config.data.max_prompt_tokens {
        Some(tokens) => of_recipe(tokens, of_model).map(Some),
        None => Ok(of_model),
    }
}

fn model_bound(config: &RunConfig, model: &ModelConfig) -> Result<Option<PromptBound>> {
    let (train, eval) = (config.train.sampling.max_new_tokens, config.eval.max_new_tokens);
    let (setting, longest) =
        if eval > train { ("eval.max_new_tokens", eval) } else { ("train.max_new_tokens", train) };
    PromptBound::of_model(model, longest, setting)
}

fn of_recipe(tokens: usize, of_model: Option<PromptBound>) -> Result<PromptBound> {
    match of_model.filter(|bound| bound.tokens < tokens) {
        Some(PromptBound { tokens: most, because }) => {
            Err(input_error(format!("data.max_prompt_tokens = {tokens}: at most {most}, as {because}")))
        }
        None => {
            let because = format!("data.max_prompt_tokens = {tokens}; raise it or shorten the prompt");
            Ok(PromptBound { tokens, because })
        }
    }
}

/// What memory allows, where that is less than `most`.
fn memory_bound<B: Backend>(
    config: &RunConfig,
    model: &ModelConfig,
    memory: u64,
    most: usize,
) -> Result<Option<PromptBound>> {
    let shapes = parameter_shapes::<B>(model, &config.lora, &config.model.freeze)?;
    let workload = Workload {
        model,
        parameters: ParameterCounts::new(&shapes),
        recipe: RecipeSettings::new(config, None),
        prompts: PromptSizes::assumed(0, 0, 0),
        base: ProcessBase::default(),
        machine: Machine::new("flex", config.model.dtype),
    };
    let tokens = longest_prompt(&workload, memory, most as u64).map(|tokens| tokens as usize);
    Ok(tokens.filter(|&tokens| tokens < most).map(|tokens| PromptBound {
        tokens,
        because: format!(
            "by the plan's arithmetic (spark plan --prompt-tokens {tokens}) longer ones do not fit into the {} MiB of memory; shorten the prompt, lower rollout.max_rows, or set data.max_prompt_tokens",
            memory >> 20
        ),
    }))
}

/// Whether tensors lie in the process's own memory.
fn has_one_memory<B: Backend>(device: &B::Device) -> bool {
    B::name(device).contains("flex")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn model(positions: usize) -> ModelConfig {
        ModelConfig::from_json(&json!({"model_type": "qwen2", "vocab_size": 10, "hidden_size": 8,
            "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
            "rms_norm_eps": 1e-6, "max_position_embeddings": positions}))
        .unwrap()
    }

    fn config(max_prompt_tokens: Option<usize>) -> RunConfig {
        let mut config = RunConfig::default();
        (config.train.sampling.max_new_tokens, config.eval.max_new_tokens) = (30, 40);
        config.data.max_prompt_tokens = max_prompt_tokens;
        config
    }

    #[test]
    fn the_longest_completions_are_left_room_for() {
        let bound = model_bound(&config(None), &model(100)).unwrap().unwrap();
        assert_eq!(bound.tokens, 60);
        assert!(bound.because.contains("eval.max_new_tokens takes 40"), "{}", bound.because);
        let message = model_bound(&config(None), &model(40)).unwrap_err().to_string();
        assert!(message.contains("eval.max_new_tokens = 40"), "{message}");
    }

    #[test]
    #[cfg(feature = "flex")]
    fn a_recipe_may_ask_for_less_than_the_model_reads() {
        let bound = |tokens, positions| {
            prompt_bound::<burn_flex::Flex>(&config(tokens), &model(positions), &Default::default())
        };
        assert_eq!(bound(Some(50), 100).unwrap().unwrap().tokens, 50);
        assert_eq!(bound(None, 100).unwrap().unwrap().tokens, 60);
        let message = bound(Some(61), 100).unwrap_err().to_string();
        assert!(message.contains("data.max_prompt_tokens = 61: at most 60"), "{message}");
    }

    #[test]
    #[cfg(feature = "flex")]
    fn memory_bounds_prompts_of_models_that_read_more() {
        let bound = |memory| {
            memory_bound::<burn_flex::Flex>(&config(None), &model(1 << 30), memory, 1 << 20).unwrap()
        };
        let [little, much] = [1 << 30, 4 << 30].map(|memory| bound(memory).unwrap());
        assert!(little.tokens < much.tokens, "{} {}", little.tokens, much.tokens);
        assert!(little.because.contains("1024 MiB"), "{}", little.because);
        assert_eq!(bound(1 << 10), None, "it is not the prompts that do not fit");
    }
}
