//! Which checks judge a problem: its row's own, then the setting of the run, then the shape of its reference.

use super::*;

fn verifier(setting: &str) -> Verifier {
    Verifier::new(VerifyConfig { verifier: Some(setting.to_owned()), ..VerifyConfig::default() }).unwrap()
}

/// Whether 1/2 is right where the reference is 0.5: it is for `math`, and is not for `exact`.
fn half_is_right(verifier: &Verifier, problem: &Problem) -> bool {
    verifier.verify(problem, r"\boxed{1/2}").is_correct()
}

#[test]
fn a_rows_own_verifier_wins_over_the_setting_and_the_setting_over_the_shape() {
    let silent = problem("0.5", None, Kind::REASON);
    assert!(half_is_right(&Verifier::default(), &silent), "by its shape it is mathematics");
    assert!(!half_is_right(&verifier("exact"), &silent));
    assert!(half_is_right(&verifier("exact"), &problem("0.5", Some("math"), Kind::REASON)));
    assert!(!half_is_right(&verifier("math"), &problem("0.5", Some("exact"), Kind::REASON)));
    let weighted = verifier("math=3,exact=1").verify(&silent, r"\boxed{1/2}");
    assert_eq!((weighted.reward, weighted.parts.len()), (0.75, 2));
}

#[test]
fn a_reflection_is_judged_as_the_problem_that_it_was_made_of() {
    for own in [None, Some("math"), Some("exact")] {
        for setting in ["math", "exact"] {
            let original = problem("0.5", own, Kind::REASON);
            let expected = half_is_right(&verifier(setting), &original);
            for kind in [Kind::REFLECTION, Kind::new("a recycled kind of somebody else's")] {
                let reflection = Problem { kind, ..original.clone() };
                assert_eq!(
                    half_is_right(&verifier(setting), &reflection),
                    expected,
                    "{own:?} {setting} {kind}"
                );
            }
            let reply = ReplyForm::Critique { right: true };
            let critique = Problem { kind: Kind::REFLECTION, reply, ..original };
            let verdict = verifier(setting).verify(&critique, r"\boxed{Yes} \boxed{1/2}");
            assert_eq!(verdict.reward, if expected { 1.0 } else { 0.5 }, "{own:?} {setting}");
        }
    }
}

#[test]
fn a_verdict_about_another_answer_is_never_judged_by_the_setting() {
    let pointwise = problem("Yes", None, Kind::POINTWISE);
    assert!(verifier("exact").verify(&pointwise, r"\boxed{correct}").is_correct());
    let pairwise = problem("A", None, Kind::PAIRWISE);
    assert!(verifier("math").verify(&pairwise, r"\boxed{(a)}").is_correct());
}

#[test]
fn rows_that_overrule_the_setting_are_counted() {
    let rows = [
        problem("1", None, Kind::REASON),
        problem("1", Some("math"), Kind::REASON),
        problem("1", Some("exact"), Kind::REASON),
        problem("1", Some("math=0.5,exact=0.5"), Kind::REFLECTION),
        problem("Yes", Some("yes_no"), Kind::POINTWISE),
    ];
    let message = verifier("exact").setting_overruled(&rows).unwrap().unwrap();
    assert!(message.contains("verify.verifier = \"exact\" is not used for 2 of 5 problems"), "{message}");
    assert_eq!(verifier("exact").setting_overruled(&rows[..1]).unwrap(), None);
    assert_eq!(Verifier::default().setting_overruled(&rows).unwrap(), None);
}

#[test]
fn a_setting_that_names_no_verifier_is_refused() {
    for (setting, expected) in [
        ("maths", "verifier \"maths\" is unknown; choose one of exact, instruction"),
        ("math=0.5,exakt=0.5", "\"exakt\" is unknown"),
        ("math=-1", "above 0"),
    ] {
        let config = VerifyConfig { verifier: Some(setting.to_owned()), ..VerifyConfig::default() };
        let error = Verifier::new(config).unwrap_err();
        let message = format!("{error:#}");
        assert!(message.contains("verify.verifier") && message.contains(expected), "{message}");
        assert!(is_input_error(&error));
    }
}

#[test]
fn answers_are_the_same_by_the_settings_of_the_run() {
    let silent = problem("1/3", None, Kind::REASON);
    let same = |verifier: &Verifier, problem: &Problem| verifier.same_answer(problem, "1/3", "0.33");
    let coarse = Verifier::new(VerifyConfig { rounding_places: 2, ..VerifyConfig::default() }).unwrap();
    assert!(same(&coarse, &silent) && !same(&Verifier::default(), &silent));
    let by_text =
        VerifyConfig { verifier: Some("exact".to_owned()), rounding_places: 2, ..VerifyConfig::default() };
    let by_text = Verifier::new(by_text).unwrap();
    assert!(!same(&by_text, &silent) && same(&by_text, &problem("1/3", Some("math"), Kind::REASON)));
    assert!(by_text.same_answer(&silent, "0.33", "0.33"));
    let unknown = problem("1/3", Some("somebody else's"), Kind::REASON);
    assert!(coarse.same_answer(&unknown, "1/3", "1/3") && !same(&coarse, &unknown));
}
