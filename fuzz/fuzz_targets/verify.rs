//! Any reference and any response: no panic, an end in time, and the laws that hold for all.
//!
//! The input is `reference \n response`; the first byte chooses the verifier.
#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use spark::{
    data::Problem,
    verify::{
        Extractor, Verifier, VerifyConfig,
        instruction::Constraint,
        math::{Comparison, Settings, check, compare},
    },
};

const VERIFIERS: [&str; 4] = ["math", "exact", "choice", "yes_no"];

/// Far above the budget's clock on a busy machine.
const LONG: Duration = Duration::from_secs(5);

fuzz_target!(|data: &[u8]| {
    let Some((&first, rest)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let (gold, response) = text.split_once('\n').unwrap_or((&text, &text));
    let started = Instant::now();
    whole_responses(VERIFIERS[usize::from(first) % VERIFIERS.len()], gold, response);
    laws(gold, response);
    if let Ok(constraints) = Constraint::parse(gold) {
        for constraint in constraints {
            constraint.check(response);
        }
    }
    assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
});

fn whole_responses(verifier: &str, gold: &str, response: &str) {
    let problem = Problem {
        id: "fuzz".to_owned(),
        question: response.to_owned(),
        answer: gold.to_owned(),
        verifier: Some(verifier.to_owned()),
        ..Problem::default()
    };
    let config = VerifyConfig { extract: Extractor::ALL.to_vec(), ..VerifyConfig::default() };
    let lenient = Verifier::new(config).expect("settings in range");
    let _ = lenient.check_gold(&problem);
    let verdict = lenient.verify(&problem, response);
    assert!(verdict.reward == 0.0 || verdict.reward == 1.0, "{verdict:?}");
    assert!(!verdict.reason.is_empty());
    Verifier::default().verify(&problem, response);
}

fn laws(gold: &str, response: &str) {
    let settings = Settings::default();
    // In braces, which are not seen on the page, it is read anew; semicolons, which make tuples outside of
    // brackets, only separate in them.
    let braced = format!("{{{gold}}}");
    if !gold.contains(';') && check(gold, settings.limits).is_ok() && check(&braced, settings.limits).is_ok() {
        assert!(compare(gold, gold, settings).is_equal());
        assert_ne!(compare(gold, &braced, settings), Comparison::Different, "{gold:?}");
    }
    // Relations are looser on the reference's side.
    if !text_has_relations(gold) && !text_has_relations(response) {
        let (there, back) = (compare(gold, response, settings), compare(response, gold, settings));
        let decided = |comparison: &Comparison| !matches!(comparison, Comparison::GaveUp(_));
        if decided(&there) && decided(&back) {
            assert_eq!(there.is_equal(), back.is_equal(), "{gold:?} {response:?} {there:?} {back:?}");
        }
    }
}

fn text_has_relations(text: &str) -> bool {
    text.contains(['=', '<', '>', '≤', '≥', '≠', '≈', '∈', '\\', ':'])
}
