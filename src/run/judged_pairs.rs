//! Judge prompts about a step's own answers, with every verdict as a reply: what objectives learn from that sample no
//! verdict. Knows sequences and labels; what is learnt from them is the trainer's affair.

use anyhow::Result;

use crate::{
    data::{Kind, Problem},
    judge::{AnswerForm, Item, JudgePrompts, asks_for_box, before_verdict},
    model::{ModelConfig, Sequence},
    processor::Processor,
    random::Stream,
    recycle::{Admission, Answers, LabelledAnswer},
    rollout::RolloutGroup,
    train::{VerdictPair, VerdictTriple},
    verify::Verifier,
};

/// A judge prompt with each of its verdicts as the reply.
struct JudgedPrompt {
    replies: [Sequence; 2],
    /// Which of the two is true.
    right: usize,
}

/// A right and a wrong answer to one problem, in random order: judged as a pair, then one by one. So each verdict of
/// each kind is true equally often.
pub struct JudgedPair([JudgedPrompt; 3]);

impl JudgedPair {
    /// Every verdict, true or not.
    pub fn all(self) -> VerdictTriple {
        let [pair, first, second] = self.0.map(|prompt| prompt.replies);
        let ([a, b], [c, d], [e, f]) = (pair, first, second);
        VerdictTriple([a, b, c, d, e, f])
    }

    /// Of each judge prompt, the true verdict before the false one.
    pub fn true_first(self) -> impl Iterator<Item = VerdictPair> {
        self.0.into_iter().map(|JudgedPrompt { replies: [first, second], right }| {
            VerdictPair(if right == 0 { [first, second] } else { [second, first] })
        })
    }
}

/// What is judged of the answers to one problem.
struct MixedAnswers<'a> {
    problem: &'a Problem,
    /// A right and a wrong answer as they are shown, and whether each is right.
    shown: [(&'a str, bool); 2],
    /// Other answers to the problem, of which one stands before each verdict.
    workings: Vec<&'a str>,
}

/// Makes judged pairs of a step's answers to original problems.
pub struct JudgedPairs<'a> {
    pub processor: &'a Processor,
    /// Says which answers certainly differ.
    pub verifier: &'a Verifier,
    pub model: &'a ModelConfig,
    /// How the judge prompts are worded.
    pub prompts: &'a JudgePrompts,
    /// How many of their wordings are used, from the first; all where there are fewer.
    pub wordings: usize,
    /// What they show of an answer.
    pub form: AnswerForm,
    /// Whether the verdict stands behind working: another answer to the problem.
    pub working: bool,
    pub stream: Stream,
}

impl JudgedPairs<'_> {
    /// `most` pairs of the groups, drawn at random. A problem whose prompts cannot be rendered gives none.
    ///
    /// # Errors
    /// When the tokenizer cannot encode a verdict.
    pub fn of(mut self, groups: &[RolloutGroup], most: usize) -> Result<Vec<JudgedPair>> {
        let original = groups.iter().filter(|group| group.problem.kind == Kind::REASON);
        let all: Vec<Answers<'_>> =
            original.map(|group| Answers::of(group, Admission::default(), self.verifier)).collect();
        let mut mixed: Vec<MixedAnswers<'_>> = all.iter().filter_map(|answers| self.mixed(answers)).collect();
        self.stream.shuffle(&mut mixed);
        let mut pairs = Vec::new();
        for mixed in mixed.into_iter().take(most) {
            pairs.extend(self.pair(mixed)?);
        }
        Ok(pairs)
    }

    /// The answers of a problem that are judged; `None` where there are none, or no other one that could be the working.
    fn mixed<'g>(&self, answers: &'g Answers<'_>) -> Option<MixedAnswers<'g>> {
        let pair = answers.first_pair(self.form, self.verifier)?;
        let is_other = |answer: &&LabelledAnswer<'_>| {
            pair.iter().all(|shown| !std::ptr::eq(shown.rollout, answer.rollout))
        };
        let others = answers.right.iter().chain(&answers.wrong).filter(is_other);
        let workings: Vec<&str> = match self.working {
            true => others.map(|answer| answer.rollout.text.as_str()).collect(),
            false => Vec::new(),
        };
        let [right, wrong] = pair.map(|answer| answer.shown_as(self.form));
        (!self.working || !workings.is_empty()).then_some(MixedAnswers {
            problem: answers.problem,
            shown: [(right, true), (wrong, false)],
            workings,
        })
    }

    fn pair(&mut self, mixed: MixedAnswers<'_>) -> Result<Option<JudgedPair>> {
        let MixedAnswers { problem, shown: mut answers, workings } = mixed;
        self.stream.shuffle(&mut answers);
        let [(first, first_is_right), (second, second_is_right)] = answers;
        let (prompts, question) = (self.prompts, &problem.question);
        let counts = [Kind::PAIRWISE, Kind::POINTWISE].map(|kind| self.wordings.min(prompts.trained(kind)));
        let drawn = self.stream.below(counts[0].max(counts[1]));
        let [of_pair, of_one] = counts.map(|count| drawn % count);
        let asked = [
            (
                prompts.pairwise(question, [first, second], usize::from(second_is_right), of_pair),
                first_is_right,
            ),
            (prompts.pointwise(question, first, first_is_right, of_one), first_is_right),
            (prompts.pointwise(question, second, second_is_right, of_one), second_is_right),
        ];
        let mut judged = Vec::with_capacity(asked.len());
        for (item, is_first_verdict) in asked {
            let working = self.stream.choose(&workings).copied();
            let Some(replies) = self.replies(item, problem, working)? else { return Ok(None) };
            judged.push(JudgedPrompt { replies, right: usize::from(!is_first_verdict) });
        }
        Ok(judged.try_into().ok().map(JudgedPair))
    }

    /// Both verdicts on an item; `None` where it cannot be rendered, as with an answer or a working in which the model
    /// spelled out a special token.
    fn replies(
        &self,
        item: Item,
        original: &Problem,
        working: Option<&str>,
    ) -> Result<Option<[Sequence; 2]>> {
        let (verdicts, boxed) = (item.label.verdicts(), asks_for_box(&item.prompt));
        let problem = self.prompts.problem(item, original, original.id.clone());
        let Ok(mut prompt) = self.processor.prompt(&problem) else { return Ok(None) };
        if let Some(working) = working {
            prompt.input.ids.extend(self.processor.encode(&before_verdict(working))?);
            if prompt.input.check(self.model).is_err() {
                return Ok(None);
            }
        }
        let mut replies = Vec::with_capacity(verdicts.len());
        for verdict in verdicts {
            let reply = if boxed { format!("\\boxed{{{verdict}}}") } else { verdict };
            replies.push(Sequence::new(&prompt.input, &self.processor.encode(&reply)?, self.model));
        }
        Ok(replies.try_into().ok())
    }
}
