//! Problems with several right answers. Each answer is a reference of its own, judged by the checks as if it were the
//! only one; a reply is as right as the answer that fits it best.

use std::borrow::Cow;

use super::{remote::Unscored, verdict::Verdict};
use crate::data::Problem;

/// The problem once for each of its answers, that answer being the only reference.
pub(super) fn by_answer(problem: &Problem) -> Vec<Cow<'_, Problem>> {
    if problem.alternatives.is_empty() {
        return vec![Cow::Borrowed(problem)];
    }
    let answers = std::iter::once(&problem.answer).chain(&problem.alternatives);
    let of = |answer: &String| {
        Cow::Owned(Problem { answer: answer.clone(), alternatives: Vec::new(), ..problem.clone() })
    };
    answers.map(of).collect()
}

/// The best of the verdicts on a reply, one for each answer. A reply is certainly wrong only where it is for every one
/// of them.
pub(super) fn best(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    let mut verdicts: Vec<Verdict> = verdicts.into_iter().collect();
    let mut best = 0;
    for (place, verdict) in verdicts.iter().enumerate() {
        if verdict.reward > verdicts[best].reward {
            best = place;
        }
    }
    let doubt = verdicts.iter().find_map(|verdict| verdict.doubt);
    let found = verdicts.swap_remove(best);
    let doubt = if found.is_correct() { found.doubt } else { found.doubt.or(doubt) };
    Verdict { doubt, ..found }
}

/// As [`best`], where a verdict may not be had. A reply that is right by one answer is right; one that is not has no
/// reward as long as that of another answer is not known.
pub(super) fn best_scored(verdicts: Vec<Result<Verdict, Unscored>>) -> Result<Verdict, Unscored> {
    if let Some(right) = verdicts.iter().flatten().find(|verdict| verdict.is_correct()) {
        return Ok(right.clone());
    }
    Ok(best(verdicts.into_iter().collect::<Result<Vec<_>, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::{Doubt, Response, Verifier};

    fn problem() -> Problem {
        Problem {
            answer: "1/2".into(),
            alternatives: vec!["B".into(), "one half".into()],
            ..Problem::default()
        }
    }

    #[test]
    fn any_of_several_answers_is_right_by_the_check_of_its_own_shape() {
        let (verifier, problem) = (Verifier::default(), problem());
        verifier.prepare(&problem).unwrap();
        let replies =
            ["0.5", "B", "one half", "C", "0.25"].map(|answer| format!("It is \\boxed{{{answer}}}."));
        let rewards = replies.each_ref().map(|reply| verifier.verify(&problem, reply).reward);
        assert_eq!(rewards, [1.0, 1.0, 1.0, 0.0, 0.0]);
        let other = Problem { answer: "C".into(), ..Problem::default() };
        let mut responses: Vec<Response<'_>> =
            replies.iter().map(|text| Response { problem: &problem, prompt: "", text }).collect();
        responses.insert(2, Response { problem: &other, prompt: "", text: &replies[3] });
        let together = verifier.verify_all(&responses).unwrap();
        let rewards: Vec<f64> = together.into_iter().map(|verdict| verdict.unwrap().reward).collect();
        assert_eq!(rewards, [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn nothing_is_shown_as_wrong_that_holds_any_of_the_answers() {
        let (verifier, problem) = (Verifier::default(), problem());
        assert!(verifier.holds_reference(&problem, "I first thought of one half."));
        assert!(!verifier.holds_reference(&problem, "I first thought of three."));
    }

    #[test]
    fn one_answer_that_cannot_be_read_refuses_the_problem() {
        let problem =
            Problem { verifier: Some("choice".into()), alternatives: vec!["twelve".into()], ..problem() };
        let problem = Problem { answer: "A".into(), ..problem };
        let error = Verifier::default().check_gold(&problem).unwrap_err().to_string();
        assert!(error.contains("twelve"), "{error}");
    }

    #[test]
    fn a_reply_is_certainly_wrong_only_where_it_is_for_every_answer() {
        let verdict = |reward: f64, doubt: Option<Doubt>| Verdict { reward, doubt, ..Verdict::default() };
        let both = |first: Verdict, second: Verdict| {
            let Verdict { reward, doubt, .. } = best([first, second]);
            (reward, doubt)
        };
        let gave_up = Some(Doubt::GaveUp);
        assert_eq!(both(verdict(0.0, None), verdict(0.0, gave_up)), (0.0, gave_up));
        assert_eq!(both(verdict(0.0, gave_up), verdict(1.0, None)), (1.0, None));
        assert_eq!(both(verdict(0.0, None), verdict(0.0, None)), (0.0, None));
        let unscored = || Err(Unscored { reason: "asleep".into() });
        assert!(best_scored(vec![Ok(verdict(0.0, None)), unscored()]).is_err());
        assert_eq!(best_scored(vec![unscored(), Ok(verdict(1.0, None))]).unwrap().reward, 1.0);
    }
}
