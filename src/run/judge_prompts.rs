//! Whether a recipe's own judge prompts can be asked of a model, before it is asked anything.

use anyhow::{Context, Result};

use crate::{
    data::Problem,
    judge::{JudgeConfig, PromptSource},
    processor::Processor,
};

/// Renders an item in every wording, where the recipe has wordings of its own: a special token in one, or a chat template
/// without system messages, would otherwise be found amid the run. Returns what to tell of how many are used.
///
/// # Errors
/// Names the wording that cannot be rendered.
pub(super) fn check_prompts(
    config: &JudgeConfig,
    wordings: usize,
    processor: &Processor,
) -> Result<Option<String>> {
    let Some(PromptSource::Here(prompts)) = &config.prompts else { return Ok(None) };
    for (name, item) in prompts.samples() {
        let problem = prompts.problem(item, &Problem::default(), name.clone());
        let system = problem.system.as_ref().map_or("", |_| ", under its system message");
        processor.prompt(&problem).with_context(|| format!("judge.prompts.{name}{system}"))?;
    }
    Ok(config.bounds(wordings))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;

    /// Model directories with a text template of each sort: with a system message by default or without, with a date,
    /// with the thoughts of a reasoning model.
    fn directories() -> Vec<PathBuf> {
        let names = [
            "llama_smollm2",
            "llama_all_biases",
            "llama_pieces",
            "qwen2_multi_head",
            "qwen3_wide_heads",
            "vl_multi_head",
        ];
        names.map(|name| PathBuf::from("tests/fixtures/checkpoints").join(name)).into()
    }

    fn own(system: &str) -> JudgeConfig {
        let wording = "Judge. {question} {answer}? \\boxed{}";
        toml::from_str(&format!("[prompts]\nsystem = '{system}'\npointwise.trained = ['{wording}']")).unwrap()
    }

    #[test]
    fn every_template_shows_every_wording_once_and_the_system_message_before_it() {
        for directory in directories() {
            let processor = Processor::from_dir(&directory).unwrap();
            for (config, system) in
                [(JudgeConfig::default(), None), (own("You check answers."), Some("You check answers."))]
            {
                let prompts = config.prompts();
                for (name, item) in prompts.samples() {
                    let asked = item.prompt.clone();
                    let text =
                        processor.prompt(&prompts.problem(item, &Problem::default(), name)).unwrap().text;
                    assert_eq!(text.matches(&asked).count(), 1, "{}: {text}", directory.display());
                    if let Some(system) = system {
                        assert_eq!(text.matches(system).count(), 1, "{}: {text}", directory.display());
                        assert!(text.find(system) < text.find(&asked), "{}: {text}", directory.display());
                    }
                }
            }
        }
    }

    #[test]
    fn what_a_template_or_a_tokenizer_refuses_is_told_before_the_run() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["tokenizer.json", "tokenizer_config.json", "config.json", "generation_config.json"] {
            fs::copy(directories()[3].join(name), dir.path().join(name)).unwrap();
        }
        let template = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system role') }}{% endif %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n";
        fs::write(dir.path().join("chat_template.jinja"), template).unwrap();
        let processor = Processor::from_dir(dir.path()).unwrap();
        let refused =
            |config: &JudgeConfig| format!("{:#}", check_prompts(config, 8, &processor).unwrap_err());
        let message = refused(&own("You check answers."));
        assert!(message.contains("pointwise.trained, wording 1, under its system message"), "{message}");
        assert!(message.contains("no system role"), "{message}");
        let said = check_prompts(&own(""), 8, &processor).unwrap();
        assert!(said.is_some_and(|said| said.contains("pointwise has 1 and uses 1")));
        let special = "prompts.reflection.trained = ['{question} {answer} <|im_end|> \\boxed{}']";
        let message = refused(&toml::from_str(special).unwrap());
        assert!(
            message.contains("reflection.trained, wording 1") && message.contains("<|im_end|>"),
            "{message}"
        );
        assert_eq!(check_prompts(&JudgeConfig::default(), 8, &processor).unwrap(), None);
    }
}
