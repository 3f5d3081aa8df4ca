//! How long completions may be, by how long the data's own solutions are.

use std::path::Path;

use serde_json::Value;

use crate::{
    data::Problem,
    model::{ModelConfig, base_dir},
    processor::Tokenizer,
};

/// The limit where the data has answers without solutions.
const UNKNOWN: usize = 512;

/// References of at least so many tokens are solutions, not bare answers.
const SOLUTION: usize = 48;

/// Chat models explain more than a reference solution does.
const WORDIER: usize = 2;

/// The limit is a multiple of this, and in this range.
const MULTIPLE: usize = 64;
const RANGE: [usize; 2] = [128, 1024];

/// Columns that hold solutions beside the answer.
const COLUMNS: [&str; 4] = ["solution", "rationale", "reasoning", "explanation"];

/// Tokens of the longest text of each problem that may be a solution, in ascending order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ReferenceLengths(Vec<usize>);

impl ReferenceLengths {
    /// The lengths in this model's tokens; none where it has no tokenizer.
    pub(super) fn of(problems: &[Problem], model: &Path) -> Self {
        let places = std::iter::once(model.to_owned()).chain(base_dir(model).ok());
        let tokenizer = places.map(|dir| dir.join("tokenizer.json")).find(|file| file.exists());
        let Some(Ok(tokenizer)) = tokenizer.map(|file| Tokenizer::from_file(&file)) else {
            return Self::default();
        };
        let count = |text: &str| tokenizer.encode(text).map_or(0, |ids| ids.len());
        let mut lengths: Vec<usize> =
            problems.iter().map(|problem| solutions(problem).map(count).max().unwrap_or(0)).collect();
        lengths.sort_unstable();
        Self(lengths)
    }

    /// The limit, and why.
    pub(super) fn limit(&self, model: Option<&ModelConfig>) -> (usize, String) {
        let long = self.0.get(self.0.len().saturating_sub(1) * 95 / 100).copied().unwrap_or(0);
        let (wanted, why) = match long {
            0 => (UNKNOWN, "neither the data nor the tokenizer can be read yet".to_owned()),
            1..SOLUTION => (UNKNOWN, "the data has answers without solutions".to_owned()),
            _ => {
                let tokens = (WORDIER * long).next_multiple_of(MULTIPLE).clamp(RANGE[0], RANGE[1]);
                (
                    tokens,
                    format!(
                        "95 % of the reference solutions have at most {long} tokens, and models are wordier"
                    ),
                )
            }
        };
        let positions = model.and_then(|model| model.text.max_position_embeddings);
        match positions.map(|positions| (positions / 2).max(1)).filter(|half| *half < wanted) {
            Some(half) => (half, format!("half of what the model reads; {why}")),
            None => (wanted, why),
        }
    }
}

fn solutions(problem: &Problem) -> impl Iterator<Item = &str> {
    let columns = COLUMNS.iter().filter_map(|name| problem.columns.get(*name).and_then(Value::as_str));
    std::iter::once(&problem.answer).chain(&problem.alternatives).map(String::as_str).chain(columns)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn limit(lengths: &[usize]) -> usize {
        ReferenceLengths(lengths.to_vec()).limit(None).0
    }

    #[test]
    fn solutions_are_left_twice_their_length_and_bare_answers_say_nothing() {
        assert_eq!(limit(&[]), 512);
        assert_eq!(limit(&[1, 2, 3]), 512);
        assert_eq!(limit(&[50, 100, 230]), 256, "the 95th percentile of three is the second");
        assert_eq!(limit(&(0..=230).collect::<Vec<_>>()), 448);
        assert_eq!((limit(&[50; 9]), limit(&[5000; 9])), (128, 1024));
    }

    #[test]
    fn a_prompt_is_left_half_of_the_positions() {
        let model = ModelConfig::from_json(
            &json!({"model_type": "qwen2", "vocab_size": 10, "hidden_size": 8,
            "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
            "rms_norm_eps": 1e-6, "max_position_embeddings": 300}),
        );
        let (tokens, why) = ReferenceLengths::default().limit(Some(&model.unwrap()));
        assert_eq!(tokens, 150);
        assert!(why.starts_with("half of what the model reads"), "{why}");
    }

    #[test]
    fn solutions_are_found_in_answers_and_in_columns() {
        let problem = |answer: &str, column: Option<&str>| Problem {
            answer: answer.to_owned(),
            columns: column.map(|text| ("solution".to_owned(), json!(text))).into_iter().collect(),
            ..Problem::default()
        };
        let model = Path::new("models/tiny-text");
        let long = "12 + 3 = 15 ".repeat(9);
        let lengths = ReferenceLengths::of(
            &[problem("15", None), problem("15", Some(&long)), problem(&long, None)],
            model,
        );
        assert!(lengths.0[0] <= 2 && lengths.0[1] == lengths.0[2] && lengths.0[1] > 40, "{lengths:?}");
        assert_eq!(
            ReferenceLengths::of(&[problem("15", None)], Path::new("no/model")),
            ReferenceLengths::default()
        );
    }
}
