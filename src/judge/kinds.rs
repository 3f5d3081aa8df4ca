//! The kinds that ship, in one list. Metrics, weights, shares, tables and evaluation follow from it: a kind is
//! one entry here and one recipe that makes its items. The constants of [`Kind`] are names only.

use anyhow::Result;

use crate::{
    data::{Kind, Problem, ReplyForm},
    error::input_error,
};

/// What a reply to a kind of problem must contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// The answer to the original question.
    Answer,
    /// Yes or No.
    YesNo,
    /// The letter of a candidate.
    Letter,
    /// Yes or No in the first box, the answer to the original question in the next.
    YesNoThenAnswer,
}

/// What the crate knows about a kind beyond its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindSpec {
    pub kind: Kind,
    /// What its reply must contain.
    pub asks: Asks,
    /// What tables call it.
    pub title: &'static str,
    /// The kind whose weights and shares count for it where a recipe sets none of its own.
    pub like: Option<Kind>,
    /// Whether the fixed set that a run is judged by has items of it.
    pub in_judge_set: bool,
}

/// Every kind that ships, in the order in which metrics and tables list them.
pub const KINDS: [KindSpec; 6] = [
    KindSpec { kind: Kind::REASON, asks: Asks::Answer, title: "reasoning", like: None, in_judge_set: false },
    KindSpec { kind: Kind::POINTWISE, asks: Asks::YesNo, title: "pointwise", like: None, in_judge_set: true },
    KindSpec { kind: Kind::PAIRWISE, asks: Asks::Letter, title: "pairwise", like: None, in_judge_set: true },
    KindSpec {
        kind: Kind::CHOICE,
        asks: Asks::Letter,
        title: "choice",
        like: Some(Kind::PAIRWISE),
        in_judge_set: false,
    },
    KindSpec {
        kind: Kind::REFLECTION,
        asks: Asks::Answer,
        title: "reflection",
        like: None,
        in_judge_set: false,
    },
    KindSpec {
        kind: Kind::CRITIQUE,
        asks: Asks::YesNoThenAnswer,
        title: "critique",
        like: Some(Kind::REFLECTION),
        in_judge_set: false,
    },
];

impl Kind {
    /// The kinds that ship, in the order in which metrics and tables list them.
    pub const ALL: [Self; KINDS.len()] = {
        let mut all = [Self::REASON; KINDS.len()];
        let mut place = 0;
        while place < all.len() {
            all[place] = KINDS[place].kind;
            place += 1;
        }
        all
    };

    /// What the crate knows about this kind; `None` where it does not ship.
    pub fn spec(self) -> Option<&'static KindSpec> {
        KINDS.iter().find(|spec| spec.kind == self)
    }

    /// Whether the reply is a verdict about answers and nothing else.
    pub fn is_judge(self) -> bool {
        self.spec().is_some_and(|spec| matches!(spec.asks, Asks::YesNo | Asks::Letter))
    }

    /// The kind whose weights and shares count for this one where a recipe sets none of its own.
    pub fn like(self) -> Option<Self> {
        self.spec()?.like
    }
}

impl Problem {
    /// The replies that a verdict about answers is one of, in a fixed order: Yes and No, or the letters. Empty where
    /// the problem asks for more than a verdict.
    pub fn verdicts(&self) -> Vec<String> {
        match self.kind.spec().map(|spec| spec.asks) {
            Some(Asks::YesNo) => vec!["Yes".to_owned(), "No".to_owned()],
            Some(Asks::Letter) => (0..self.candidates().unwrap_or(0)).map(letter).collect(),
            Some(Asks::Answer | Asks::YesNoThenAnswer) | None => Vec::new(),
        }
    }

    /// How many candidates a reply chooses between by letter; `None` where it is not asked for a letter of
    /// candidates.
    pub fn candidates(&self) -> Option<u8> {
        match self.reply {
            ReplyForm::Choice(candidates) => Some(candidates),
            _ => (self.kind == Kind::PAIRWISE).then_some(2),
        }
    }
}

/// The letter of a candidate, A for the first.
pub(super) fn letter(place: u8) -> String {
    char::from(b'A' + place).to_string()
}

/// The kinds that ship, then the others among `kinds` in the order of their first occurrence.
pub fn in_order(kinds: impl IntoIterator<Item = Kind>) -> Vec<Kind> {
    let mut order = Kind::ALL.to_vec();
    for kind in kinds {
        if !order.contains(&kind) {
            order.push(kind);
        }
    }
    order
}

/// Refuses a problem of a kind that neither ships nor says how it is checked: a name that is misspelt would
/// otherwise be a kind of its own.
///
/// # Errors
/// Names the problem, the kind, the kinds that ship, and the remedy.
pub fn check_kind(problem: &Problem) -> Result<()> {
    let Problem { id, kind, verifier, .. } = problem;
    if kind.spec().is_some() || verifier.is_some() {
        return Ok(());
    }
    let known = Kind::ALL.map(Kind::name).join(", ");
    Err(input_error(format!(
        "problem {id}: field \"kind\" is \"{kind}\", which is none of {known}; correct it, or name the \"verifier\" of a kind of your own"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_listed_once_and_no_kind_is_like_one_that_is_like_another() {
        for (place, spec) in KINDS.iter().enumerate() {
            assert_eq!(KINDS.iter().position(|other| other.kind == spec.kind), Some(place));
            assert!(spec.like.is_none_or(|like| like.spec().is_some() && like.like().is_none()));
            assert!(!spec.in_judge_set || spec.kind.is_judge(), "{} gives no verdict", spec.kind);
        }
    }

    #[test]
    fn the_documentation_names_every_kind() {
        let text = include_str!("../../docs/recycling.md");
        for kind in Kind::ALL {
            assert!(text.contains(&format!("\n| `{kind}` |")), "docs/recycling.md has no row for {kind}");
        }
    }

    #[test]
    fn other_kinds_come_after_those_that_ship() {
        let [first, second] = [Kind::new("first"), Kind::new("second")];
        let order = in_order([second, Kind::PAIRWISE, first, second]);
        assert_eq!(order[..6], Kind::ALL);
        assert_eq!(order[6..], [second, first]);
    }

    #[test]
    fn a_misspelt_kind_is_refused_unless_it_says_how_it_is_checked() {
        let problem = Problem { id: "p7".into(), kind: Kind::new("guess"), ..Problem::default() };
        let message = check_kind(&problem).unwrap_err().to_string();
        assert!(
            message.contains("problem p7") && message.contains("reason, pointwise, pairwise"),
            "{message}"
        );
        assert!(check_kind(&Problem { verifier: Some("exact".into()), ..problem }).is_ok());
        assert!(check_kind(&Problem { kind: Kind::CRITIQUE, ..Problem::default() }).is_ok());
    }
}
