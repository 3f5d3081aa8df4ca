//! What a run's auxiliary objectives learn from: supervised pairs to replay, and answers to judge twice.

use anyhow::{Result, ensure};

use super::inputs::load_examples;
use crate::{
    config::RunConfig,
    data::{Kind, Problem, ShuffledCursor},
    error::input_error,
    judge::{JudgePrompts, asks_for_box},
    model::{ModelConfig, Sequence},
    processor::Processor,
    random::{Stream, hash_text},
    recycle::{Admission, Answers},
    rollout::RolloutGroup,
    train::{VerdictTriple, batch::Example},
    verify::Verifier,
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
    /// Says which answers certainly differ.
    pub verifier: &'a Verifier,
    pub model: &'a ModelConfig,
    /// How the judge prompts are worded.
    pub prompts: &'a JudgePrompts,
    /// How many of their wordings are used, from the first; all where there are fewer.
    pub wordings: usize,
    pub stream: Stream,
}

impl Triples<'_> {
    /// `most` triples of the groups, drawn at random. A problem whose prompts cannot be rendered gives none.
    ///
    /// # Errors
    /// When the tokenizer cannot encode a verdict.
    pub fn of(mut self, groups: &[RolloutGroup], most: usize) -> Result<Vec<VerdictTriple>> {
        let original = groups.iter().filter(|group| group.problem.kind == Kind::REASON);
        let all: Vec<Answers<'_>> =
            original.map(|group| Answers::of(group, Admission::default(), self.verifier)).collect();
        let mut mixed: Vec<(&Problem, [&str; 2])> = all
            .iter()
            .filter_map(|answers| Some((answers.problem, answers.first_pair(self.verifier)?)))
            .collect();
        self.stream.shuffle(&mut mixed);
        let mut triples = Vec::new();
        for (problem, [right, wrong]) in mixed.into_iter().take(most) {
            triples.extend(self.triple(problem, [(right, true), (wrong, false)])?);
        }
        Ok(triples)
    }

    /// The sequences of a pair and of its two answers, each with both verdicts. `answers` says of each whether
    /// it is right.
    fn triple(&mut self, problem: &Problem, mut answers: [(&str, bool); 2]) -> Result<Option<VerdictTriple>> {
        self.stream.shuffle(&mut answers);
        let [(first, first_is_right), (second, second_is_right)] = answers;
        let (prompts, question) = (self.prompts, &problem.question);
        let counts = [Kind::PAIRWISE, Kind::POINTWISE].map(|kind| self.wordings.min(prompts.trained(kind)));
        let drawn = self.stream.below(counts[0].max(counts[1]));
        let [of_pair, of_one] = counts.map(|count| drawn % count);
        let asked = [
            prompts.pairwise(question, [first, second], usize::from(second_is_right), of_pair),
            prompts.pointwise(question, first, first_is_right, of_one),
            prompts.pointwise(question, second, second_is_right, of_one),
        ];
        let mut sequences = Vec::with_capacity(6);
        for item in asked {
            let verdicts = item.label.verdicts();
            // An answer in which the model spelled out a special token cannot be shown.
            let boxed = asks_for_box(&item.prompt);
            let problem = prompts.problem(item, problem, problem.id.clone());
            let Ok(prompt) = self.processor.prompt(&problem) else { return Ok(None) };
            for verdict in verdicts {
                let reply = if boxed { format!("\\boxed{{{verdict}}}") } else { verdict };
                let tokens = self.processor.encode(&reply)?;
                sequences.push(Sequence::new(&prompt.input, &tokens, self.model));
            }
        }
        Ok(sequences.try_into().ok().map(VerdictTriple))
    }
}
