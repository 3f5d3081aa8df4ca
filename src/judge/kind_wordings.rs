//! [`KindWordings`]: the wordings of one kind of problem about answers.

use super::wording::Wording;

/// Wordings that may be trained on, and others that only the evaluation uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct KindWordings {
    /// The system message of the kind's problems, in place of the original's; "" for none.
    pub system: Option<String>,
    pub trained: Vec<Wording>,
    pub held_out: Vec<Wording>,
}

impl KindWordings {
    /// # Errors
    /// Says what cannot be meant.
    pub(super) fn check(&self) -> Result<(), String> {
        let Self { trained, held_out, .. } = self;
        if trained.is_empty() && !held_out.is_empty() {
            return Err("has held_out and no trained wordings; give it both".to_owned());
        }
        match held_out.iter().position(|wording| trained.contains(wording)) {
            Some(place) => Err(format!("wording {} of held_out is among the trained ones, too", place + 1)),
            None => Ok(()),
        }
    }

    /// The wording of a number, from 0: the held-out ones come after those that are trained on.
    pub(super) fn numbered(&self, number: usize) -> Option<&Wording> {
        self.trained.iter().chain(&self.held_out).nth(number)
    }
}
