//! What a model is asked about answers: the kinds of problem there are, and items, which are questions about an
//! answer whose right reply is known. Knows problems; knows nothing of rollouts, models, or where the answers
//! that it shows come from.
//!
//! No prompt shows the reference answer, and none claims that what it shows is right or wrong.

mod item;
mod kinds;
mod prompts;
mod wordings;

pub use item::{Item, Label};
pub use kinds::{Asks, KINDS, KindSpec, check_kind, in_order};
pub use wordings::{HELD_OUT_WORDINGS, WORDINGS};
