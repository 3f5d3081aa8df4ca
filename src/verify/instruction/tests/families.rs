//! The constraints that identifiers name, each with responses that follow it and near misses.

mod ifbench_counts;
mod ifbench_forms;
mod ifbench_words;
mod ifeval;
mod training;

use super::Constraint;

/// Checks a table of (response, followed) against one identifier and its arguments.
fn obeys(identifier: &str, arguments: &str, cases: &[(&str, bool)]) {
    let label = format!(r#"{{"instruction_id": ["{identifier}"], "kwargs": [{arguments}]}}"#);
    let [constraint] = &Constraint::parse(&label).unwrap()[..] else { panic!("{label}: one constraint") };
    assert_eq!(constraint.name(), identifier);
    for (response, followed) in cases {
        let outcome = constraint.check(response);
        assert_eq!(outcome.followed, *followed, "{label}\n{response:?}: {}", outcome.reason);
    }
    assert!(cases.iter().any(|case| case.1) && cases.iter().any(|case| !case.1), "{identifier}: both sorts");
    assert!(!constraint.check(" \n").followed, "{identifier}: blank");
}

#[test]
fn every_identifier_is_covered_here() {
    let tests = concat!(
        include_str!("families/ifeval.rs"),
        include_str!("families/ifbench_counts.rs"),
        include_str!("families/ifbench_words.rs"),
        include_str!("families/ifbench_forms.rs"),
        include_str!("families/training.rs"),
    );
    for known in super::super::published::identifiers() {
        assert!(tests.contains(&format!("\"{}\"", known.name)), "{}", known.name);
    }
}
