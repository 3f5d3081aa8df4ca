//! The supervised pairs of a data set: how a solution, a verdict and a reflection are written.
//!
//! They teach form only. The verdict of a judge pair is by default a fair coin: after the warm start a
//! model judges in the right form and knows nothing of right and wrong, which is left to be learnt by
//! reinforcement. What a reply states before its verdict is always true. Many of the plain solutions are
//! given at a glance, without working: that working pays is left to be learnt, too.

use anyhow::Result;
use serde::Serialize;

use super::exercise::{Exercise, Solution};
use crate::{
    data::Kind,
    judge::{JudgePrompts, Label},
    random::Stream,
};

/// How often a candidate is shown as a whole solution instead of its bare answer.
const WHOLE_SOLUTION: f64 = 0.25;

/// A (prompt, completion) pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Pair {
    pub id: String,
    pub kind: Kind,
    pub question: String,
    pub images: Vec<String>,
    /// The true answer; a judge pair's completion may say otherwise.
    pub answer: String,
    pub completion: String,
}

/// How many warm-start pairs there are to be, and what they teach.
pub(super) struct WarmStart<'a> {
    pub pairs: usize,
    /// How often a verdict is a coin instead of the truth.
    pub judge_label_noise: f64,
    /// How often a plain solution is the bare answer, without working.
    pub at_a_glance: f64,
    /// The wordings of judge prompts that occur, from the first.
    pub wordings: usize,
    /// The random stream for one purpose.
    pub stream: &'a dyn Fn(&str) -> Stream,
}

impl WarmStart<'_> {
    /// Half of the pairs solve, an eighth each judge one answer and compare two, a quarter reflect; in random
    /// order. `draw` gives so many exercises.
    ///
    /// # Errors
    /// Where `draw` cannot give them.
    pub(super) fn draw<E: Exercise>(
        &self,
        mut draw: impl FnMut(usize, &mut Stream) -> Result<Vec<E>>,
    ) -> Result<Vec<Pair>> {
        let (pointwise, pairwise, reflection) = (self.pairs / 8, self.pairs / 8, self.pairs / 4);
        let mut pairs = Vec::with_capacity(self.pairs);
        for (kind, count) in [
            (Kind::REASON, self.pairs - pointwise - pairwise - reflection),
            (Kind::POINTWISE, pointwise),
            (Kind::PAIRWISE, pairwise),
            (Kind::REFLECTION, reflection),
        ] {
            let mut stream = (self.stream)(kind.name());
            let exercises = draw(count, &mut stream)?;
            let cases = Case::deal(count, self.judge_label_noise, &mut stream);
            pairs.extend(
                exercises
                    .iter()
                    .zip(cases)
                    .map(|(exercise, case)| self.pair(kind, exercise, case, &mut stream)),
            );
        }
        (self.stream)("order of the pairs").shuffle(&mut pairs);
        Ok(pairs)
    }

    fn pair(&self, kind: Kind, exercise: &impl Exercise, case: Case, stream: &mut Stream) -> Pair {
        let (question, answer, completion) = match kind {
            Kind::REASON => self.reason(exercise, stream),
            Kind::POINTWISE => self.pointwise(exercise, case, stream),
            Kind::PAIRWISE => self.pairwise(exercise, case, stream),
            Kind::REFLECTION => self.reflection(exercise, case, stream),
            other => panic!("a warm start has no pairs of kind {other}"),
        };
        let id = format!("{}-{}", exercise.id(), kind.name());
        Pair { id, kind, question, images: exercise.images(), answer, completion }
    }

    fn reason(&self, exercise: &impl Exercise, stream: &mut Stream) -> (String, String, String) {
        let solution = exercise.solution();
        let at_a_glance = format!("\\boxed{{{}}}", solution.answer);
        let completion = if stream.chance(self.at_a_glance) { at_a_glance } else { solution.text() };
        (exercise.question().to_owned(), solution.answer, completion)
    }

    fn pointwise(
        &self,
        exercise: &impl Exercise,
        case: Case,
        stream: &mut Stream,
    ) -> (String, String, String) {
        let candidate = case.candidate(exercise, stream);
        let shown = show(&candidate, whole_solution(stream));
        let item = JudgePrompts::built_in().pointwise(
            exercise.question(),
            &shown,
            case.truth,
            stream.below(self.wordings),
        );
        let verdict = reply(&Label::YesNo(case.verdict));
        let completion = format!("{} \\boxed{{{verdict}}}", compared(exercise, &candidate));
        (item.prompt, reply(&item.label), completion)
    }

    fn pairwise(
        &self,
        exercise: &impl Exercise,
        case: Case,
        stream: &mut Stream,
    ) -> (String, String, String) {
        let (right, wrong) = (exercise.solution(), exercise.wrong_solution(stream));
        let (a, b) = if case.truth { (&right, &wrong) } else { (&wrong, &right) };
        let whole = whole_solution(stream);
        let shown = [a, b].map(|solution| show(solution, whole));
        let shown = [shown[0].as_str(), shown[1].as_str()];
        let letter = |first: bool| Label::Letter { place: usize::from(!first), candidates: 2 };
        let place = usize::from(!case.truth);
        let item =
            JudgePrompts::built_in().pairwise(exercise.question(), shown, place, stream.below(self.wordings));
        let completion = format!(
            "{} A {} B {} \\boxed{{{}}}",
            right.working,
            compare(&right.answer, &a.answer),
            compare(&right.answer, &b.answer),
            reply(&letter(case.verdict))
        );
        (item.prompt, reply(&item.label), completion)
    }

    /// Ends in the true answer, whatever the candidate.
    fn reflection(
        &self,
        exercise: &impl Exercise,
        case: Case,
        stream: &mut Stream,
    ) -> (String, String, String) {
        let candidate = case.candidate(exercise, stream);
        let shown = show(&candidate, whole_solution(stream));
        let answer = exercise.solution().answer;
        let completion = format!("{} \\boxed{{{answer}}}", compared(exercise, &candidate));
        let item =
            JudgePrompts::built_in().reflection(exercise.question(), &shown, stream.below(self.wordings));
        (item.prompt, answer, completion)
    }
}

/// What a judge or reflection pair is to be about.
#[derive(Debug, Clone, Copy)]
struct Case {
    /// The (first) candidate is right.
    truth: bool,
    /// The completion says that the (first) candidate is right.
    verdict: bool,
}

impl Case {
    /// Right and wrong candidates in equal numbers, and to each as many coins of either side; with
    /// probability `noise` the verdict is the coin, otherwise the truth.
    fn deal(count: usize, noise: f64, stream: &mut Stream) -> Vec<Self> {
        let mut cases: Vec<Self> =
            (0..count).map(|i| Self { truth: i % 2 == 0, verdict: i / 2 % 2 == 0 }).collect();
        stream.shuffle(&mut cases);
        for case in &mut cases {
            if !stream.chance(noise) {
                case.verdict = case.truth;
            }
        }
        cases
    }

    fn candidate(self, exercise: &impl Exercise, stream: &mut Stream) -> Solution {
        if self.truth { exercise.solution() } else { exercise.wrong_solution(stream) }
    }
}

/// The working, then one's own answer and the candidate's side by side.
fn compared(exercise: &impl Exercise, candidate: &Solution) -> String {
    let Solution { working, answer } = exercise.solution();
    format!("{working} {}", compare(&answer, &candidate.answer))
}

/// `12 and 13: different.`, one's own answer first.
pub(super) fn compare(own: &str, candidate: &str) -> String {
    format!("{own} and {candidate}: {}.", if own == candidate { "same" } else { "different" })
}

/// The right reply to a question for a verdict.
fn reply(label: &Label) -> String {
    label.answer().expect("a verdict is known")
}

fn whole_solution(stream: &mut Stream) -> bool {
    stream.chance(WHOLE_SOLUTION)
}

fn show(candidate: &Solution, whole: bool) -> String {
    if whole { candidate.text() } else { candidate.answer.clone() }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::demo::digits::{NumberImage, Plan, Task, pose};

    fn images(count: usize) -> Vec<NumberImage> {
        (0..count)
            .map(|i| NumberImage {
                file: format!("images/warm-{:04}.png", i + 1),
                sources: vec![i, i + 1, i + 2],
                number: [i / 9 + 1, i % 10, (i * 7 + 3) % 10].map(|digit| (digit % 9 + 1) as u8).to_vec(),
            })
            .collect()
    }

    fn pairs(noise: f64) -> Vec<Pair> {
        let plan = Plan::default();
        let stream = |purpose: &str| plan.stream(purpose);
        let warm_start = WarmStart {
            pairs: 240,
            judge_label_noise: noise,
            at_a_glance: 0.6,
            wordings: 4,
            stream: &stream,
        };
        let images = images(40);
        warm_start.draw(|count, stream| pose(&images, &Task::ALL, count, stream)).unwrap()
    }

    fn boxed(text: &str) -> &str {
        text.rsplit_once("\\boxed{").unwrap().1.strip_suffix('}').unwrap()
    }

    /// Every `OWN and CANDIDATE: LIKENESS.` of a reply.
    fn comparisons(reply: &str) -> Vec<(&str, &str, &str)> {
        let words: Vec<&str> = reply.split([' ', ':', '.']).filter(|word| !word.is_empty()).collect();
        let places = (1..words.len()).filter(|&place| words[place] == "and");
        places.map(|place| (words[place - 1], words[place + 1], words[place + 2])).collect()
    }

    fn of_kind(pairs: &[Pair], kind: Kind) -> Vec<&Pair> {
        pairs.iter().filter(|pair| pair.kind == kind).collect()
    }

    #[test]
    fn half_solve_a_quarter_judge_a_quarter_reflect() {
        let pairs = pairs(1.0);
        let counts = [Kind::REASON, Kind::POINTWISE, Kind::PAIRWISE, Kind::REFLECTION]
            .map(|kind| of_kind(&pairs, kind).len());
        assert_eq!(counts, [120, 30, 30, 60]);
        assert_eq!(pairs.iter().map(|pair| &pair.id).collect::<HashSet<_>>().len(), 240);
    }

    #[test]
    fn solving_and_reflecting_end_in_the_true_answer() {
        for pair in pairs(1.0).iter().filter(|pair| !pair.kind.is_judge()) {
            assert_eq!(boxed(&pair.completion), pair.answer, "{}", pair.completion);
        }
    }

    #[test]
    fn what_a_judge_states_is_true_and_implies_the_label() {
        let pairs = pairs(1.0);
        for pair in of_kind(&pairs, Kind::POINTWISE) {
            let (own, candidate, likeness) = comparisons(&pair.completion).remove(0);
            assert_eq!(pair.answer == "Yes", own == candidate, "{}", pair.completion);
            assert_eq!(pair.answer == "Yes", likeness == "same", "{}", pair.completion);
        }
        for pair in of_kind(&pairs, Kind::PAIRWISE) {
            let likeness: Vec<&str> = comparisons(&pair.completion).iter().map(|c| c.2).collect();
            let expected = if pair.answer == "A" { ["same", "different"] } else { ["different", "same"] };
            assert_eq!(likeness, expected, "{}", pair.completion);
            assert!(
                comparisons(&pair.completion)
                    .iter()
                    .all(|(own, other, same)| (own == other) == (*same == "same"))
            );
        }
    }

    #[test]
    fn a_pure_coin_says_nothing_about_the_truth() {
        let pairs = pairs(1.0);
        for kind in [Kind::POINTWISE, Kind::PAIRWISE] {
            let judged = of_kind(&pairs, kind);
            let right = judged.iter().filter(|pair| matches!(pair.answer.as_str(), "Yes" | "A")).count();
            assert_eq!(right, 15);
            let agreeing = judged.iter().filter(|pair| boxed(&pair.completion) == pair.answer).count();
            assert!((14..=16).contains(&agreeing), "{agreeing}");
        }
    }

    #[test]
    fn without_noise_every_verdict_is_true() {
        assert!(pairs(0.0).iter().all(|pair| boxed(&pair.completion) == pair.answer));
    }

    #[test]
    fn some_candidates_are_whole_solutions() {
        let pairs = pairs(1.0);
        let judged = pairs.iter().filter(|pair| pair.kind != Kind::REASON);
        let whole = judged.filter(|pair| pair.question.contains("I see")).count();
        assert!((15..=45).contains(&whole), "{whole} of 120");
    }
}
