//! What a model would reply as a judge, without sampling: how likely each verdict is behind the judge prompt and the
//! beginning of a reply that the prompt asks for.

use std::collections::HashSet;

use anyhow::Result;
use burn::tensor::backend::Backend;
use rayon::prelude::*;

use super::{
    continuations::{Continuations, CountedTokens},
    pipeline::RolloutPipeline,
};
use crate::{
    data::Problem,
    judge::{asks_for_box, before_verdict},
    processor::{Processor, Prompt, UnfitText},
};

/// How likely each verdict on one problem is.
#[derive(Debug, Clone, PartialEq)]
pub struct VerdictOdds {
    /// The natural log-probability of each verdict, in the order of [`Problem::verdicts`].
    pub logprobs: Vec<f64>,
    /// Tokens of the prompt that was read for it.
    pub prompt_tokens: usize,
}

impl VerdictOdds {
    /// The probability of the first of two verdicts against the second; of a question that could not be put, one half.
    pub fn probability_of_first(odds: Option<&Self>) -> f64 {
        odds.and_then(Self::log_odds).map_or(0.5, probability)
    }

    /// The log-odds of the first of two verdicts; `None` of more verdicts, and where neither has a probability.
    pub fn log_odds(&self) -> Option<f64> {
        let &[first, second] = self.logprobs.as_slice() else { return None };
        Some(first - second).filter(|odds| !odds.is_nan())
    }
}

/// The probability that log-odds stand for.
pub fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// A judge prompt, and every way in which the verdicts may follow it as tokens.
struct AskedVerdict {
    prompt: Prompt,
    /// For each verdict, its spellings.
    spellings: Vec<Vec<Vec<u32>>>,
}

/// The odds of the verdicts on each problem; `None` for a problem that asks for no verdict, that no prompt can hold or
/// whose verdicts are not told apart by the tokenizer. `None` as a whole where the sampler cannot tell.
///
/// # Errors
/// When a problem cannot be rendered or the sampler fails.
pub fn verdict_odds<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    problems: &[&Problem],
) -> Result<Option<Vec<Option<VerdictOdds>>>> {
    verdict_odds_behind(pipeline, problems, &vec![None; problems.len()])
}

/// As [`verdict_odds`], behind the working that is given for a problem: an answer to the problem that is judged, with which
/// the reply begins.
///
/// # Errors
/// As [`verdict_odds`].
pub fn verdict_odds_behind<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    problems: &[&Problem],
    workings: &[Option<&str>],
) -> Result<Option<Vec<Option<VerdictOdds>>>> {
    let all = problems.par_iter().zip(workings);
    let asked: Vec<Option<AskedVerdict>> =
        all.map(|(problem, working)| asked(pipeline.processor, problem, *working)).collect::<Result<_>>()?;
    let continuations: Vec<Continuations<'_>> = asked
        .iter()
        .flatten()
        .map(|asked| Continuations {
            prompt: &asked.prompt.input,
            token_ids: asked.spellings.concat(),
            counted: CountedTokens::All,
        })
        .collect();
    let Some(found) = pipeline.logprobs(&continuations)? else { return Ok(None) };
    let mut found = found.into_iter();
    let of_asked = |asked: &Option<AskedVerdict>| {
        let asked = asked.as_ref()?;
        let mut rest = found.next()?.into_iter();
        let of_verdict = |spellings: &Vec<Vec<u32>>| log_sum(rest.by_ref().take(spellings.len()).collect());
        let logprobs = asked.spellings.iter().map(of_verdict).collect();
        Some(VerdictOdds { logprobs, prompt_tokens: asked.prompt.input.ids.len() })
    };
    Ok(Some(asked.iter().map(of_asked).collect()))
}

fn asked(processor: &Processor, problem: &Problem, working: Option<&str>) -> Result<Option<AskedVerdict>> {
    let verdicts = problem.verdicts();
    if verdicts.is_empty() {
        return Ok(None);
    }
    let mut prompt = match processor.prompt(problem) {
        Err(error) if error.is::<UnfitText>() => return Ok(None),
        prompt => prompt?,
    };
    if let Some(working) = working {
        prompt.input.ids.extend(processor.encode(&before_verdict(working))?);
    }
    let begun = if asks_for_box(&problem.question) { "\\boxed{" } else { "" };
    let spelled = verdicts.iter().map(|verdict| spellings(processor, begun, verdict));
    let spellings = spelled.collect::<Result<Vec<_>>>()?;
    Ok(are_told_apart(&spellings).then_some(AskedVerdict { prompt, spellings }))
}

/// Whether no two verdicts are written with the same tokens, as unknown texts are.
fn are_told_apart(spellings: &[Vec<Vec<u32>>]) -> bool {
    let mut known = HashSet::new();
    spellings.iter().flatten().all(|ids| !ids.is_empty() && known.insert(ids))
}

/// A verdict behind the beginning of a reply, as a tokenizer may write it: with and without a space before it, and as
/// one text or as two.
fn spellings(processor: &Processor, begun: &str, verdict: &str) -> Result<Vec<Vec<u32>>> {
    let before = processor.encode(begun)?;
    let mut spellings = Vec::new();
    for verdict in [verdict.to_owned(), format!(" {verdict}")] {
        spellings.push(processor.encode(&format!("{begun}{verdict}"))?);
        spellings.push([before.clone(), processor.encode(&verdict)?].concat());
    }
    spellings.sort();
    spellings.dedup();
    Ok(spellings)
}

/// The logarithm of the sum of numbers that are given by their logarithms.
pub fn log_sum(logs: Vec<f64>) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn tokenizers_of_every_sort_tell_the_verdicts_apart() {
        let names =
            ["llama_smollm2", "llama_pieces", "llama_all_biases", "qwen2_multi_head", "qwen3_wide_heads"];
        let shipped = ["models/tiny-vl".to_owned(), "models/tiny-text".to_owned()];
        for directory in names.map(|name| format!("tests/fixtures/checkpoints/{name}")).iter().chain(&shipped)
        {
            let processor = Processor::from_dir(Path::new(directory)).unwrap();
            for begun in ["", "\\boxed{"] {
                let spelled =
                    ["Yes", "No", "A", "B"].map(|verdict| spellings(&processor, begun, verdict).unwrap());
                assert!(are_told_apart(&spelled), "{directory}: {spelled:?}");
                let whole = processor.encode(&format!("{begun}Yes")).unwrap();
                assert!(spelled[0].contains(&whole), "{directory}");
                for ids in &spelled[0] {
                    let text = processor.decode(ids, false).unwrap().replace(' ', "");
                    assert_eq!(text, format!("{begun}Yes"), "{directory}");
                }
            }
        }
    }

    #[test]
    fn a_question_that_could_not_be_put_is_answered_by_a_coin() {
        let odds = |logprobs: &[f64]| VerdictOdds { logprobs: logprobs.to_vec(), prompt_tokens: 1 };
        assert!((VerdictOdds::probability_of_first(Some(&odds(&[0.0, 3f64.ln()]))) - 0.25).abs() < 1e-12);
        assert_eq!(VerdictOdds::probability_of_first(None), 0.5);
    }

    #[test]
    fn logarithms_are_summed_without_overflow() {
        assert_eq!(log_sum(vec![-1000.0, f64::NEG_INFINITY]), -1000.0);
        assert!((log_sum(vec![-1000.0, -1000.0]) - (2f64.ln() - 1000.0)).abs() < 1e-12);
        assert_eq!(log_sum(vec![f64::NEG_INFINITY; 2]), f64::NEG_INFINITY);
    }
}
