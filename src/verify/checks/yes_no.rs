//! `yes_no`: the same verdict on whether something is correct.

use super::comparing::{Compare, compared};
use crate::{
    data::Problem,
    verify::{label, math::Comparison},
};

/// Compares verdicts.
pub(crate) struct YesNo;

impl Compare for YesNo {
    const NAME: &'static str = "yes_no";

    fn claims(&self, gold: &str) -> bool {
        ["yes", "no", "true", "false"].contains(&label::bare(gold).to_lowercase().as_str())
    }

    fn compare(&self, _: &Problem, gold: &str, answer: &str) -> Option<Comparison> {
        Some(compared(label::yes_no(answer)? == label::yes_no(gold)?))
    }

    fn canonical(&self, _: &Problem, answer: &str) -> Option<String> {
        label::yes_no(answer).map(|yes| if yes { "Yes" } else { "No" }.to_owned())
    }
}
