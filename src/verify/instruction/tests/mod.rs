//! Each constraint against responses made by hand, and labels as the data writes them.

mod families;
mod labels;
mod languages;
mod layout;
mod literals;
mod robust;
mod stops;
mod whole;
mod words;

use super::*;

/// Checks a table of (response, followed) against one label.
fn follows(label: &str, cases: &[(&str, bool)]) {
    let [constraint] = &Constraint::parse(label).unwrap()[..] else { panic!("{label}: one constraint") };
    for (response, followed) in cases {
        let outcome = constraint.check(response);
        assert_eq!(outcome.followed, *followed, "{label}\n{response:?}: {}", outcome.reason);
    }
    for blank in ["", "  \n\t", "\u{200b}\u{feff}"] {
        assert!(!constraint.check(blank).followed, "{label}: blank");
    }
}
