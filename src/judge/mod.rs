//! What a model is asked about answers: the kinds of problem there are, and items, which are questions about an
//! answer whose right reply is known. Knows problems; knows nothing of rollouts, models, or where the answers
//! that it shows come from.
//!
//! No prompt shows the reference answer, and none claims that what it shows is right or wrong.

mod config;
mod form;
mod item;
mod kind_wordings;
mod kinds;
mod prompts;
#[cfg(test)]
mod shipped;
mod stored;
mod wording;

pub use config::{JudgeConfig, PromptSource};
pub use form::{AnswerForm, before_verdict};
pub use item::{Item, Label};
pub use kinds::{Asks, KINDS, KindSpec, check_kind, in_order};
pub use prompts::{HELD_OUT_WORDINGS, JudgePrompts, WORDINGS, asks_for_box};
