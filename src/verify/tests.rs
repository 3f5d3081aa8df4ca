//! What a verifier makes of whole responses.

mod extra;
mod judge_replies;
#[cfg(unix)]
mod python;
mod rule;

use super::*;
use crate::{
    data::{Kind, Problem, ReplyForm},
    error::is_input_error,
};

fn problem(answer: &str, verifier: Option<&str>, kind: Kind) -> Problem {
    Problem {
        id: "p".to_owned(),
        kind,
        answer: answer.to_owned(),
        verifier: verifier.map(str::to_owned),
        ..Problem::default()
    }
}

/// With a recipe's defaults.
fn verify(problem: &Problem, response: &str) -> Verdict {
    Verifier::default().verify(problem, response)
}

fn check_gold(problem: &Problem) -> anyhow::Result<()> {
    Verifier::default().check_gold(problem)
}

fn verdict(answer: &str, response: &str) -> (f64, Option<String>, String) {
    let Verdict { reward, extracted, reason, .. } = verify(&problem(answer, None, Kind::REASON), response);
    (reward, extracted, reason)
}

#[test]
fn the_box_is_compared_and_the_verdict_says_why() {
    assert_eq!(verdict("12", r"4+8. \boxed{12}"), (1.0, Some("12".into()), "equal".into()));
    assert_eq!(verdict("12", r"\boxed{12.0}").0, 1.0);
    assert_eq!(verdict("12", r"<think>\boxed{13}</think>\boxed{12}").0, 1.0);
    assert_eq!(verdict("12", r"<think>\boxed{12}</think>I give up"), (0.0, None, "no answer".into()));
    assert_eq!(verdict("12", r"\boxed{**12**}").0, 1.0);
    assert_eq!(verdict("12", r"\boxed{13}"), (0.0, Some("13".into()), "different".into()));
    assert_eq!(verdict("12", "it is 12"), (0.0, None, "no answer".into()));
    assert_eq!(verdict("12", r"\boxed{}"), (0.0, None, "no answer".into()));
}

#[test]
fn the_verifier_follows_the_shape_of_the_answer() {
    assert_eq!(verdict("B", r"\boxed{(b)}").0, 1.0);
    assert_eq!(verdict("Yes", r"\boxed{correct}").0, 1.0);
    assert_eq!(verdict(r"\frac{1}{2}", r"\boxed{0.5}").0, 1.0);
    assert_eq!(verdict("x + 1", r"\boxed{x+1}").0, 1.0);
}

#[test]
fn a_named_verifier_decides() {
    let exact = problem("0.5", Some("exact"), Kind::REASON);
    assert!(verify(&exact, r"\boxed{$0.5$}").is_correct());
    assert_eq!(verify(&exact, r"\boxed{1/2}").reason, "different");
}

#[test]
fn no_verdict_is_not_a_wrong_verdict() {
    let judge = problem("No", Some("yes_no"), Kind::POINTWISE);
    assert_eq!(verify(&judge, r"\boxed{12}").reason, "no verdict");
    assert_eq!(verify(&judge, r"\boxed{12}").extracted, None);
    assert_eq!(verify(&judge, r"\boxed{Yes}").reason, "different");
    assert!(verify(&judge, r"\boxed{No}").is_correct());
    assert_eq!(verify(&judge, r"\boxed{Yes or No}").reason, "no verdict");
    let pair = problem("A", Some("choice"), Kind::PAIRWISE);
    assert_eq!(verify(&pair, r"\boxed{(b)}").reason, "different");
    assert_eq!(verify(&pair, r"\boxed{C}"), Verdict::unread("no verdict"));
}

#[test]
fn a_gold_answer_that_can_never_be_matched_is_refused() {
    let refusal = |answer, verifier| {
        let error = check_gold(&problem(answer, verifier, Kind::REASON)).unwrap_err();
        format!("{error:#}")
    };
    assert!(refusal("12", Some("choice")).contains("\"12\""));
    assert!(refusal("", None).contains("empty"));
    assert!(refusal("$ $", None).contains("empty"));
    assert!(is_input_error(&check_gold(&problem("maybe", Some("yes_no"), Kind::REASON)).unwrap_err()));
    assert!(
        refusal("1", Some("maths"))
            .contains("choose one of exact, instruction, choice, yes_no, math, remote, python")
    );
    assert!(check_gold(&problem("#### 5", None, Kind::REASON)).is_ok());
}

#[test]
fn an_option_may_be_named_by_its_text() {
    let question = "Which city? (A) Paris (B) New York";
    let choice = Problem { question: question.to_owned(), ..problem("B", None, Kind::REASON) };
    assert!(verify(&choice, r"\boxed{\text{new york}}").is_correct());
    assert_eq!(verify(&choice, r"\boxed{Paris}").reason, "different");
    assert_eq!(verify(&choice, r"\boxed{London}").reason, "no answer");
    let named =
        Problem { question: question.to_owned(), ..problem("New York", Some("choice"), Kind::REASON) };
    assert!(verify(&named, r"\boxed{B}").is_correct());
}

#[test]
fn answers_outside_a_box_count_only_where_that_is_allowed() {
    let problem = problem("12", None, Kind::REASON);
    let lenient = Verifier::new(VerifyConfig::anywhere()).unwrap();
    let verdict = lenient.verify(&problem, "So the answer is 12.");
    assert_eq!((verdict.reward, verdict.extractor), (1.0, Some(Extractor::Phrase)));
    assert_eq!(lenient.verify(&problem, r"the answer is 12, no: \boxed{13}").reward, 0.0);
    assert_eq!(verify(&problem, "So the answer is 12.").reason, "no answer");
}

#[test]
fn several_verifiers_give_a_weighted_reward() {
    let both = problem("0.5", Some("math=0.75,exact=0.25"), Kind::REASON);
    let verdict = verify(&both, r"\boxed{1/2}");
    assert_eq!(verdict.reward, 0.75);
    assert_eq!(verdict.reason, "math: equal; exact: different");
    assert_eq!(verdict.parts.len(), 2);
    assert!(verify(&both, r"\boxed{0.5}").is_correct());
}

#[test]
fn constraints_are_all_or_nothing_unless_partial_credit_is_asked_for() {
    let label = r#"[{"func_name": "validate_no_commas"}, {"func_name": "validate_lowercase"}]"#;
    let problem = problem(label, None, Kind::REASON);
    assert!(verify(&problem, "all small").is_correct());
    assert_eq!(verify(&problem, "Not small").reward, 0.0);
    let partial = Verifier::new(VerifyConfig { partial_credit: true, ..VerifyConfig::default() }).unwrap();
    assert_eq!(partial.verify(&problem, "Not small").reward, 0.5);
}

#[test]
fn a_reward_that_cannot_be_had_is_no_zero() {
    use super::remote::{RemoteConfig, UnscoredPolicy};
    let verifier = |unscored| {
        let command = vec!["sh".to_owned(), "-c".to_owned(), "exit 1".to_owned()];
        let remote = RemoteConfig { command, retries: 0, unscored, ..RemoteConfig::default() };
        Verifier::new(VerifyConfig { remote, ..VerifyConfig::default() }).unwrap()
    };
    let problem = problem("1", Some("remote"), Kind::REASON);
    let response = Response { problem: &problem, prompt: "1?", text: r"\boxed{1}" };
    let left_out = verifier(UnscoredPolicy::LeaveOut).verify_all(&[response]).unwrap();
    assert!(left_out[0].is_err());
    assert!(verifier(UnscoredPolicy::Refuse).verify_all(&[response]).is_err());
    let error = check_gold(&problem).unwrap_err();
    assert!(is_input_error(&error) && error.to_string().contains("verify.remote.url"));
}

#[test]
fn a_critique_is_half_for_the_verdict_and_half_for_the_answer() {
    let critique = |right| Problem {
        reply: ReplyForm::Critique { right },
        ..problem("12", Some("math"), Kind::REFLECTION)
    };
    let reward = |right, response: &str| verify(&critique(right), response).reward;
    assert_eq!(reward(false, r"\boxed{No}, 5+7=12: \boxed{12}"), 1.0);
    assert_eq!(reward(true, r"\boxed{No}, 5+7=12: \boxed{12}"), 0.5);
    assert_eq!(reward(true, r"\boxed{Yes} \boxed{13}"), 0.5);
    assert_eq!(reward(true, r"\boxed{No} \boxed{13}"), 0.0);
    // One box is a verdict or none; it is no answer.
    assert_eq!(reward(true, r"\boxed{12}"), 0.0);
    assert_eq!(reward(true, r"\boxed{Yes}"), 0.5);
    assert_eq!(verify(&critique(true), r"\boxed{Yes} \boxed{12}").extracted.as_deref(), Some("12"));
    assert_eq!(verify(&critique(true), r"\boxed{Yes}").extracted, None);
}

#[test]
fn a_choice_among_four_has_four_letters() {
    let choice = Problem { reply: ReplyForm::Choice(4), ..problem("D", Some("choice"), Kind::PAIRWISE) };
    assert_eq!(verify(&choice, r"\boxed{D}").reward, 1.0);
    assert_eq!(verify(&choice, r"\boxed{C}").reason, "different");
    assert_eq!(verify(&choice, r"\boxed{E}").reason, "no verdict");
    let pair = Problem { reply: ReplyForm::Answer, ..choice };
    assert_eq!(verify(&pair, r"\boxed{D}").reason, "no verdict");
}

#[test]
fn answers_are_the_same_by_the_problems_own_verifier() {
    let same = |verifier, first, second| {
        Verifier::default().same_answer(&problem("1", Some(verifier), Kind::REASON), first, second)
    };
    assert!(same("math", "1/2", "0.5") && !same("exact", "1/2", "0.5"));
    assert!(same("choice", "(b)", "B") && !same("choice", "A", "B"));
    assert!(same("yes_no", "correct", "Yes"));
    assert!(same("instruction", "text", "text") && !same("instruction", "text", "other"));
}
