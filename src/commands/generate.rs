//! `spark generate`: completions of one prompt.

use std::path::{Path, PathBuf};

use anyhow::{Error, Result};
use serde_json::{Value, json};

use super::names;
use crate::{
    backend::{Job, run_job},
    cli::{CommonArgs, GenerateArgs},
    data::{ImageFiles, Problem, problem_to_ask},
    error::input_error,
    hub::ModelPart,
    interrupt::tell_interrupted,
    kernels::TrainBackend,
    model::weights::Precision,
    processor::{GenerationDefaults, PromptBound},
    random::Stream,
    rollout::{Completion, EngineConfig, Generate, LocalEngine, Request, Sampling},
    run::{inputs::load_to_compute_in, signals},
};

/// Samples and prints completions.
///
/// # Errors
/// Input errors that name the option or file.
pub(super) fn run(mut args: GenerateArgs, common: &CommonArgs) -> Result<()> {
    let in_range = args.temperature.is_none_or(|temperature| temperature >= 0.0)
        && args.top_p.is_none_or(|top_p| top_p > 0.0 && top_p <= 1.0)
        && args.repetition_penalty.is_none_or(|penalty| penalty > 0.0);
    if !in_range || args.samples == 0 || args.max_new_tokens == Some(0) {
        return Err(input_error(
            "--temperature must be at least 0, --top-p above 0 and at most 1, --repetition-penalty above 0, --n and --max-new-tokens at least 1",
        ));
    }
    args.model = names::model("--model", &args.model, ModelPart::Whole, common.quiet)?;
    let seed = common.seed.unwrap_or(0);
    run_job(common.backend.as_deref(), seed, GenerateJob { args, seed, dtype: common.dtype })
}

/// The model's own settings, but for those that the command line gives.
fn sampling(args: &GenerateArgs, model: &GenerationDefaults) -> Sampling {
    let own = Sampling::of_model(model);
    Sampling {
        temperature: args.temperature.unwrap_or(own.temperature),
        top_p: args.top_p.unwrap_or(own.top_p),
        top_k: args.top_k.unwrap_or(own.top_k),
        repetition_penalty: args.repetition_penalty.unwrap_or(own.repetition_penalty),
        max_new_tokens: args.max_new_tokens.unwrap_or(own.max_new_tokens),
    }
}

/// The prompt as a problem. Marks like `<image>` in it are the places of its images; without images it means itself.
fn asked(prompt: String, images: &[PathBuf]) -> Result<Problem> {
    if images.is_empty() {
        return Ok(Problem { id: "prompt".to_owned(), question: prompt, ..Problem::default() });
    }
    let Value::Object(row) = json!({"question": prompt, "images": images}) else {
        unreachable!("it is written as an object")
    };
    let files = ImageFiles { roots: &[Path::new("")], must_exist: true, store: None };
    problem_to_ask(&row, files, "prompt".to_owned())
        .map_err(|complaint| input_error(format!("--prompt and --image, as a row of data: {complaint}")))
}

/// What to tell of completions that were given up.
fn unprinted(error: Error) -> Error {
    tell_interrupted(error, |by| format!("{by}: no completion was finished, and nothing was printed"))
}

struct GenerateJob {
    args: GenerateArgs,
    seed: u64,
    dtype: Option<Precision>,
}

impl Job for GenerateJob {
    type Output = ();

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<()> {
        let Self { args, seed, dtype } = self;
        let arguments = args.template.arguments()?;
        let (model, processor) =
            load_to_compute_in::<B::InnerBackend>(&args.model, &arguments, dtype, &device)?;
        let mut sampling = sampling(&args, &processor.generation());
        // Unless it is asked for, the limit is no more than what the model reads beside the prompt.
        let new_tokens = args.max_new_tokens.unwrap_or(1);
        let bound = PromptBound::of_model(&model.config, new_tokens, "--max-new-tokens")?;
        let processor = processor.with_bound(bound);
        let problem = asked(args.prompt, &args.images)?;
        let prompt = processor.prompt(&problem)?;
        let most = model.config.text.max_position_embeddings.unwrap_or(usize::MAX);
        sampling.max_new_tokens = sampling.max_new_tokens.min(most - prompt.input.ids.len());
        let request = Request {
            prompt: &prompt.input,
            sampling,
            stop_ids: processor.eos_token_ids(),
            streams: (0..args.samples).map(|sample| Stream::new(&[seed, sample as u64])).collect(),
        };
        let interrupt = signals::listen("stopping")?;
        let engine = LocalEngine::with_model(model, EngineConfig::default()).stopped_by(interrupt);
        let completions = engine.generate(&[request], &|_| ()).map_err(unprinted)?.remove(0);
        completions.iter().try_for_each(Completion::check_finite)?;
        for (index, completion) in completions.iter().enumerate() {
            let text = processor.decode(&completion.token_ids, true)?;
            if args.json {
                let row = json!({
                    "index": index,
                    "text": text,
                    "token_ids": completion.token_ids,
                    "logprobs": completion.logprobs,
                    "prompt_tokens": prompt.input.ids.len(),
                    "finish_reason": completion.finish_reason,
                });
                print_line!("{row}")?;
            } else {
                print_line!("{text}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_in_a_prompt_are_the_places_of_its_images() {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("a.png");
        std::fs::write(&image, b"").unwrap();
        let images = [image.clone(), image];
        let problem = asked("Is <image> like <image>?".to_owned(), &images).unwrap();
        assert_eq!((problem.question.as_str(), problem.image_places), ("Is  like ?", vec![3, 9]));
        assert_eq!(asked("Is it?".to_owned(), &images).unwrap().image_places, Vec::<usize>::new());
        assert_eq!(asked("What is <image>?".to_owned(), &[]).unwrap().question, "What is <image>?");
        assert!(
            asked("Is <image> it?".to_owned(), &images).unwrap_err().to_string().contains("gives 2 images")
        );
    }
}
