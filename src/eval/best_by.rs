//! The figure by which evaluations are compared, by its name in a recipe.

use serde::{Deserialize, Serialize};

use crate::metrics::names;

/// What makes one evaluation better than another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum BestBy {
    /// Greedy answers to held-out problems.
    #[default]
    Reasoning,
    /// The mean of pointwise and pairwise judging.
    Judge,
    /// Yes or No about one answer.
    Pointwise,
    /// The better one of two answers.
    Pairwise,
    /// Problems that any of so many answers solves.
    PassAt(usize),
}

impl BestBy {
    /// Its name in recipes and files, which is that of its metric: `reasoning_accuracy`, `pass@8`.
    pub fn name(self) -> String {
        match self {
            Self::Reasoning => names::REASONING_ACCURACY.to_owned(),
            Self::Judge => names::JUDGE_ACCURACY.to_owned(),
            Self::Pointwise => names::POINTWISE_ACCURACY.to_owned(),
            Self::Pairwise => names::PAIRWISE_ACCURACY.to_owned(),
            Self::PassAt(k) => names::pass_at(k),
        }
    }

    /// Whether it needs judge items.
    pub fn is_of_judging(self) -> bool {
        matches!(self, Self::Judge | Self::Pointwise | Self::Pairwise)
    }
}

impl From<BestBy> for String {
    fn from(by: BestBy) -> Self {
        by.name()
    }
}

impl TryFrom<String> for BestBy {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let plain = [Self::Reasoning, Self::Judge, Self::Pointwise, Self::Pairwise];
        let number = || name.strip_prefix("pass@")?.parse().ok().filter(|&k| k > 0);
        plain
            .into_iter()
            .find(|by| by.name() == name)
            .or_else(|| number().map(Self::PassAt))
            .ok_or_else(|| format!("{name:?} is none of {}, pass@K", plain.map(Self::name).join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_are_refused() {
        for by in [BestBy::Reasoning, BestBy::Judge, BestBy::Pointwise, BestBy::Pairwise, BestBy::PassAt(8)] {
            assert_eq!(BestBy::try_from(by.name()), Ok(by));
        }
        for name in ["accuracy", "pass@", "pass@0", "pass@-1", "Pass@1", ""] {
            let refusal = BestBy::try_from(name.to_owned()).unwrap_err();
            assert!(refusal.contains("reasoning_accuracy") && refusal.contains("pass@K"), "{refusal}");
        }
    }
}
