//! Recycled problems from one group. The label is what verification found, never a guess.

use super::{PairSelection, RecycleConfig, balance::Offer, candidates::Candidates};
use crate::{
    data::{Kind, Problem, ReplyForm},
    judge,
    random::Stream,
    rollout::Rollout,
};

/// The items of one kind that a group can truthfully give, at most one of which is made.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Labelled Yes or A, or shows a right answer to reflect on.
    pub positive: Option<Problem>,
    /// Labelled No or B, or shows a wrong answer to reflect on.
    pub negative: Option<Problem>,
}

impl Draft {
    /// The labels it can have; `None` where it holds no item.
    pub fn offer(&self) -> Option<Offer> {
        match (&self.positive, &self.negative) {
            (Some(_), Some(_)) => Some(Offer::Either),
            (Some(_), None) => Some(Offer::Only(true)),
            (None, Some(_)) => Some(Offer::Only(false)),
            (None, None) => None,
        }
    }

    /// Whether its item with this label asks for a critique.
    pub fn asks_for_critique(&self, label: bool) -> bool {
        let item = if label { &self.positive } else { &self.negative };
        item.as_ref().is_some_and(|item| matches!(item.reply, ReplyForm::Critique { .. }))
    }

    /// Its item with this label.
    pub fn item(self, label: bool) -> Option<Problem> {
        if label { self.positive } else { self.negative }
    }
}

/// A choice among several candidates, whose right one may stand anywhere.
#[derive(Debug, Clone)]
pub struct ChoiceDraft {
    question: String,
    right: String,
    wrong: Vec<String>,
    wording: usize,
    /// The item but for what it asks.
    item: Problem,
}

impl ChoiceDraft {
    /// How many it shows.
    pub fn candidates(&self) -> usize {
        self.wrong.len() + 1
    }

    /// The item with the right candidate in this place.
    pub fn item(self, place: usize) -> Problem {
        let mut shown: Vec<&str> = self.wrong.iter().map(String::as_str).collect();
        shown.insert(place, &self.right);
        Problem {
            question: judge::choice(&self.question, &shown, self.wording),
            answer: char::from(b'A' + place as u8).to_string(),
            reply: ReplyForm::Choice(shown.len() as u8),
            ..self.item
        }
    }
}

/// Drafts items of one step.
pub struct Drafter<'a> {
    pub config: &'a RecycleConfig,
    pub step: u64,
    pub stream: &'a mut Stream,
}

impl Drafter<'_> {
    /// "Is this answer correct?", of a right answer and of a wrong one.
    pub fn pointwise(&mut self, group: &Candidates<'_>) -> Draft {
        let [positive, negative] = [(true, "Yes"), (false, "No")].map(|(right, label)| {
            let shown = self.evidence(group, right)?;
            let question = judge::pointwise(&group.problem.question, shown, self.wording());
            Some(self.judge_item(group, Kind::POINTWISE, question, label, "yes_no"))
        });
        Draft { positive, negative }
    }

    /// "Which of these two is correct?", with the right one as A and as B.
    pub fn pairwise(&mut self, group: &Candidates<'_>) -> Draft {
        let [positive, negative] = [(true, "A"), (false, "B")].map(|(right_is_a, label)| {
            let whole = self.stream.chance(self.config.solution_share);
            let pair = self.pair(group, right_is_a)?;
            // One bare answer beside one whole solution would tell them apart.
            let whole = whole || pair.iter().any(|rollout| rollout.verdict.extracted.is_none());
            let [a, b] = pair.map(|rollout| shown(rollout, whole));
            let question = judge::pairwise(&group.problem.question, a, b, self.wording());
            Some(self.judge_item(group, Kind::PAIRWISE, question, label, "choice"))
        });
        Draft { positive, negative }
    }

    /// "Here is a possibly wrong answer: judge it and solve the problem", of a right answer and of a
    /// wrong one; the reference and its verifier stay the problem's.
    pub fn reflection(&mut self, group: &Candidates<'_>) -> Draft {
        let share = self.config.critique_share;
        let critiques = share > 0.0 && self.stream.chance(share);
        let [positive, negative] = [true, false].map(|right| {
            let shown = self.evidence(group, right)?;
            let wording = self.wording();
            let id = self.item_id(group, Kind::REFLECTION);
            let original = &group.problem.question;
            let (question, reply) = match critiques {
                true => (judge::critique(original, shown, wording), ReplyForm::Critique { right }),
                false => (judge::reflection(original, shown, wording), ReplyForm::Answer),
            };
            Some(Problem { id, kind: Kind::REFLECTION, question, reply, ..group.problem.clone() })
        });
        Draft { positive, negative }
    }

    /// "Which of these is correct?" among as many candidates as the group can supply; `None` where that is
    /// no more than a pair.
    pub fn choice(&mut self, group: &Candidates<'_>) -> Option<ChoiceDraft> {
        let wrong = group.different_wrong(self.config.choice_candidates - 1, self.stream);
        let right = group.pick(true, self.stream).filter(|right| right.verdict.extracted.is_some())?;
        let whole = self.stream.chance(self.config.solution_share);
        (wrong.len() > 1).then(|| ChoiceDraft {
            question: group.problem.question.clone(),
            right: shown(right, whole).to_owned(),
            wrong: wrong.into_iter().map(|rollout| shown(rollout, whole).to_owned()).collect(),
            wording: self.wording(),
            item: self.judge_item(group, Kind::PAIRWISE, String::new(), "", "choice"),
        })
    }

    /// A right and a wrong completion, in the order in which they are shown.
    fn pair<'g>(&mut self, group: &Candidates<'g>, right_is_a: bool) -> Option<[&'g Rollout; 2]> {
        let (right, wrong) = match self.config.pair_selection {
            // The first shown has the label's sort, so that both positions take the same path.
            PairSelection::Random => {
                let a = group.pick(right_is_a, self.stream)?;
                return Some([a, group.pick(!right_is_a, self.stream)?]);
            }
            PairSelection::ClosestLength => group.closest_in_length()?,
            PairSelection::Hardest => (group.pick(true, self.stream)?, group.most_frequent_wrong()?),
        };
        Some(if right_is_a { [right, wrong] } else { [wrong, right] })
    }

    fn evidence<'g>(&mut self, group: &Candidates<'g>, right: bool) -> Option<&'g str> {
        let whole = self.stream.chance(self.config.solution_share);
        Some(shown(group.pick(right, self.stream)?, whole))
    }

    fn wording(&mut self) -> usize {
        self.stream.below(self.config.wordings)
    }

    fn judge_item(
        &self,
        group: &Candidates<'_>,
        kind: Kind,
        question: String,
        answer: &str,
        verifier: &str,
    ) -> Problem {
        Problem {
            id: self.item_id(group, kind),
            kind,
            question,
            answer: answer.to_owned(),
            verifier: Some(verifier.to_owned()),
            ..group.problem.clone()
        }
    }

    /// Unique within a run: `p7#pointwise@3`, and `p7#pointwise@3.1` when step 3 holds a second group of p7.
    fn item_id(&self, group: &Candidates<'_>, kind: Kind) -> String {
        let id = format!("{}#{}@{}", group.problem.id, kind.name(), self.step);
        if group.occurrence == 0 { id } else { format!("{id}.{}", group.occurrence) }
    }
}

/// What is shown of a completion: its whole text, or its bare answer.
fn shown(rollout: &Rollout, whole: bool) -> &str {
    match &rollout.verdict.extracted {
        Some(answer) if !whole => answer,
        _ => &rollout.text,
    }
}
