//! What a run's auxiliary objectives learn from: supervised pairs to replay, and answers to judge twice.

use anyhow::{Result, ensure};

use super::inputs::load_examples;
use crate::{
    config::RunConfig,
    data::{Kind, Problem, ShuffledCursor},
    error::input_error,
    judge,
    model::{ModelConfig, Sequence},
    processor::Processor,
    random::{Stream, hash_text},
    rollout::{FinishReason, Rollout, RolloutGroup},
    train::{VerdictTriple, batch::Example},
};

/// The pairs that a run replays, none where it does not.
pub struct Replay(Vec<Example>);

impl Replay {
    /// # Errors
    /// Input errors that name the file, or the setting.
    pub fn load(config: &RunConfig) -> Result<Self> {
        let auxiliary = &config.train.auxiliary;
        if auxiliary.replay == 0.0 {
            return Ok(Self(Vec::new()));
        }
        let examples = load_examples(&auxiliary.replay_data, config)?;
        ensure!(
            !examples.is_empty() && auxiliary.replay_batch > 0,
            input_error(
                "train.auxiliary.replay needs pairs: set replay_data to a file and replay_batch above 0"
            )
        );
        Ok(Self(examples))
    }

    /// Where drawing begins; `None` where nothing is replayed.
    pub fn cursor(&self, seed: u64) -> Option<ShuffledCursor> {
        let seed = seed ^ hash_text("replay");
        (!self.0.is_empty()).then(|| ShuffledCursor::new(seed, self.0.len()))
    }

    /// The next pairs of a cursor over as many as there are.
    pub fn draw(&self, cursor: Option<&mut ShuffledCursor>, count: usize) -> Vec<Example> {
        let drawn = cursor.map_or_else(Vec::new, |cursor| cursor.next(count));
        drawn.into_iter().map(|index| self.0[index].clone()).collect()
    }
}

/// Makes triples of a right and a wrong answer to the same original problem, in random order.
pub struct Triples<'a> {
    pub processor: &'a Processor,
    pub model: &'a ModelConfig,
    /// Of the judge prompts, from the first.
    pub wordings: usize,
    pub stream: Stream,
}

impl Triples<'_> {
    /// `most` triples of the groups, drawn at random. A problem whose prompts cannot be rendered gives none.
    ///
    /// # Errors
    /// When the tokenizer cannot encode a verdict.
    pub fn of(mut self, groups: &[RolloutGroup], most: usize) -> Result<Vec<VerdictTriple>> {
        let mut mixed: Vec<(&Problem, [&str; 2])> = groups
            .iter()
            .filter(|group| group.problem.kind == Kind::REASON)
            .filter_map(|group| Some((&group.problem, [answer(group, true)?, answer(group, false)?])))
            .collect();
        self.stream.shuffle(&mut mixed);
        let mut triples = Vec::new();
        for (problem, answers) in mixed.into_iter().take(most) {
            triples.extend(self.triple(problem, answers)?);
        }
        Ok(triples)
    }

    fn triple(&mut self, problem: &Problem, mut answers: [&str; 2]) -> Result<Option<VerdictTriple>> {
        self.stream.shuffle(&mut answers);
        let [first, second] = answers;
        let wording = self.stream.below(self.wordings);
        let question = &problem.question;
        let asked = [
            (Kind::PAIRWISE, judge::pairwise(question, first, second, wording), ["A", "B"]),
            (Kind::POINTWISE, judge::pointwise(question, first, wording), ["Yes", "No"]),
            (Kind::POINTWISE, judge::pointwise(question, second, wording), ["Yes", "No"]),
        ];
        let mut sequences = Vec::with_capacity(6);
        for (kind, question, verdicts) in asked {
            // An answer in which the model spelled out a special token cannot be shown.
            let Ok(prompt) = self.processor.prompt(&Problem { kind, question, ..problem.clone() }) else {
                return Ok(None);
            };
            for verdict in verdicts {
                let tokens = self.processor.encode(&format!("\\boxed{{{verdict}}}"))?;
                sequences.push(Sequence::new(&prompt.input, &tokens, self.model));
            }
        }
        Ok(sequences.try_into().ok().map(VerdictTriple))
    }
}

/// The first finished right or wrong answer of a group.
fn answer(group: &RolloutGroup, right: bool) -> Option<&str> {
    let shown = |rollout: &&Rollout| {
        let Rollout { completion, verdict, .. } = rollout;
        completion.finish_reason == FinishReason::Stop
            && if right { verdict.is_correct() } else { verdict.reward <= 0.0 }
    };
    group.rollouts.iter().filter(shown).find_map(|rollout| rollout.verdict.extracted.as_deref())
}
