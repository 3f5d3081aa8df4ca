//! Checks from outside: found by name, part of compositions, asked in batches, decided upon once.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use anyhow::Result;

use super::*;

/// Right when the response is as long as the reference says; claims references that begin with `#`.
#[derive(Default)]
struct Length {
    claims_asked: AtomicUsize,
    batches: AtomicUsize,
}

impl Check for Length {
    fn name(&self) -> &str {
        "length"
    }

    fn claims(&self, reference: &str) -> bool {
        self.claims_asked.fetch_add(1, Ordering::SeqCst);
        reference.starts_with('#')
    }

    fn check(&self, problem: &Problem, response: &str) -> Verdict {
        let length = response.len().to_string();
        let equal = length == problem.answer.trim_start_matches('#');
        Verdict::found(&length, Extractor::Plain, equal, format!("{length} bytes"))
    }

    fn check_reference(&self, problem: &Problem) -> Result<()> {
        let number = problem.answer.trim_start_matches('#').parse::<usize>();
        number.map(drop).map_err(|_| crate::error::input_error(format!("{:?} is no length", problem.answer)))
    }

    fn check_all(&self, responses: &[Response<'_>]) -> Vec<Result<Verdict, Unscored>> {
        self.batches.fetch_add(1, Ordering::SeqCst);
        let judge = |response: &Response<'_>| match response.text {
            "unknown" => Err(Unscored { reason: "nobody knows".to_owned() }),
            _ => Ok(self.check(response.problem, response.answer())),
        };
        responses.iter().map(judge).collect()
    }

    fn same(&self, _: &Problem, first: &str, second: &str) -> Option<bool> {
        Some(first.len() == second.len())
    }
}

fn with_length(config: VerifyConfig) -> (Verifier, Arc<Length>) {
    let length = Arc::new(Length::default());
    (Verifier::with_checks(config, vec![length.clone()]).unwrap(), length)
}

#[test]
fn a_check_is_found_by_its_name_in_rows_settings_and_compositions() {
    let (verifier, _) = with_length(VerifyConfig::default());
    assert_eq!(verifier.names()[0], "length");
    let row = problem("3", Some("length"), Kind::REASON);
    verifier.prepare(&row).unwrap();
    assert!(verifier.verify(&row, "abc").is_correct());
    assert!(verifier.same_answer(&row, "abc", "xyz"));
    let both = problem("11", Some("length=0.25,exact=0.75"), Kind::REASON);
    let verdict = verifier.verify(&both, r"   \boxed{12}");
    assert_eq!(verdict.reason, "length: 13 bytes; exact: different");
    assert_eq!(verifier.verify(&both, r" \boxed{11}").reward, 1.0);
    let (by_setting, _) =
        with_length(VerifyConfig { verifier: Some("length".to_owned()), ..VerifyConfig::default() });
    assert!(by_setting.verify(&problem("3", None, Kind::REASON), "abc").is_correct());
}

#[test]
fn a_check_claims_references_before_those_that_ship() {
    let (verifier, _) = with_length(VerifyConfig::default());
    assert!(verifier.verify(&problem("#3", None, Kind::REASON), "abc").is_correct());
    assert!(verifier.verify(&problem("3", None, Kind::REASON), r"\boxed{3.0}").is_correct());
}

#[test]
fn a_reference_that_a_check_refuses_is_refused_with_its_problem() {
    let (verifier, _) = with_length(VerifyConfig::default());
    let error = verifier.check_gold(&problem("long", Some("length"), Kind::REASON)).unwrap_err();
    assert_eq!(error.to_string(), "problem p: \"long\" is no length");
    let error = verifier.check_gold(&problem("1", Some("width"), Kind::REASON)).unwrap_err();
    assert!(error.to_string().contains("choose one of length, exact"), "{error}");
}

#[test]
fn names_are_distinct_and_can_be_written() {
    struct CheckNamed(&'static str);
    impl Check for CheckNamed {
        fn name(&self) -> &str {
            self.0
        }
        fn check(&self, _: &Problem, _: &str) -> Verdict {
            Verdict::default()
        }
    }
    for (name, expected) in [("math", "two verifiers are called"), ("a,b", "letters"), ("", "letters")] {
        let error =
            Verifier::with_checks(VerifyConfig::default(), vec![Arc::new(CheckNamed(name))]).unwrap_err();
        assert!(is_input_error(&error) && error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn what_a_problem_gets_is_decided_once() {
    let (verifier, length) = with_length(VerifyConfig::default());
    let original = problem("12", None, Kind::REASON);
    verifier.prepare(&original).unwrap();
    assert_eq!(length.claims_asked.load(Ordering::SeqCst), 1);
    let reflection = Problem { kind: Kind::REFLECTION, ..original.clone() };
    let response = |problem| Response { problem, prompt: "12?", text: r"\boxed{12}" };
    let responses = [response(&original), response(&original), response(&reflection)];
    let verdicts = verifier.verify_all(&responses).unwrap();
    assert!(verdicts.into_iter().all(|verdict| verdict.unwrap().is_correct()));
    assert_eq!(length.claims_asked.load(Ordering::SeqCst), 1);
}

#[test]
fn a_check_gets_its_responses_in_one_batch_and_may_leave_some_unscored() {
    let leave_out = RemoteConfig { unscored: UnscoredPolicy::LeaveOut, ..RemoteConfig::default() };
    let (verifier, length) = with_length(VerifyConfig { remote: leave_out, ..VerifyConfig::default() });
    let rows = [
        problem("3", Some("length"), Kind::REASON),
        problem("12", None, Kind::REASON),
        problem("7", Some("math,length"), Kind::REASON),
    ];
    let ask = |problem, text| Response { problem, prompt: "", text };
    let responses =
        [ask(&rows[0], "abc"), ask(&rows[1], r"\boxed{12}"), ask(&rows[2], "unknown"), ask(&rows[0], "ab")];
    let verdicts = verifier.verify_all(&responses).unwrap();
    let rewards: Vec<Option<f64>> =
        verdicts.iter().map(|verdict| verdict.as_ref().ok().map(|verdict| verdict.reward)).collect();
    assert_eq!(rewards, [Some(1.0), Some(1.0), None, Some(0.0)]);
    assert_eq!(length.batches.load(Ordering::SeqCst), 1);
    let (refusing, _) = with_length(VerifyConfig::default());
    let error = refusing.verify_all(&responses).unwrap_err();
    let expected = "problem p: no reward: nobody knows\n(verify.remote.unscored = \"leave_out\"";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn a_check_that_loses_responses_is_an_error() {
    struct Silent;
    impl Check for Silent {
        fn name(&self) -> &str {
            "silent"
        }
        fn check(&self, _: &Problem, _: &str) -> Verdict {
            Verdict::default()
        }
        fn check_all(&self, _: &[Response<'_>]) -> Vec<Result<Verdict, Unscored>> {
            Vec::new()
        }
    }
    let verifier = Verifier::with_checks(VerifyConfig::default(), vec![Arc::new(Silent)]).unwrap();
    let row = problem("1", Some("silent"), Kind::REASON);
    let error = verifier.verify_all(&[Response { problem: &row, prompt: "", text: "" }]).unwrap_err();
    assert!(error.to_string().contains("\"silent\" gave 0 verdicts on 1 responses"), "{error}");
}

#[test]
fn a_check_judges_the_answer_and_sees_the_whole_text_only_in_batches() {
    let (verifier, _) = with_length(VerifyConfig::default());
    let row = problem("3", Some("length"), Kind::REASON);
    assert!(verifier.verify(&row, "long thoughts</think>abc").is_correct());
    let critique = Problem { reply: ReplyForm::Critique { right: true }, ..row };
    assert_eq!(verifier.verify(&critique, r"\boxed{Yes}abc").reward, 1.0);
    let response = Response { problem: &critique, prompt: "", text: r"hm</think>\boxed{Yes}abc" };
    assert_eq!(response.answer(), "abc");
}
