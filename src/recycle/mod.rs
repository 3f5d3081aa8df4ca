//! Verified groups become new problems that can be checked, too: judge this answer, choose between these two,
//! look again. Knows nothing of models or of how problems are sampled.
//!
//! [`Answers`] says what may be shown of a group, a [`Recipe`] drafts items of one kind from it, and the
//! [`Recycler`] balances, counts and queues what all recipes draft.

mod answers;
mod balance;
mod batch;
mod config;
#[cfg(test)]
mod examples;
mod labelled;
mod labels;
#[cfg(test)]
mod laws;
mod lines;
mod pace;
mod queue;
mod recipe;
mod recipes;
mod recycler;
mod report;
mod shares;
mod state;
mod tally;
#[cfg(test)]
mod testing;
mod trends;

pub use answers::Answers;
pub use config::{AllWrong, KindShares, PairSelection, RecycleConfig, Shares, Unparsed};
pub use labelled::{Admission, LabelledAnswer, shown_alike};
pub use recipe::{Draw, ItemDraft, Recipe};
pub use recycler::Recycler;
pub use report::{Dropped, LineReport, MadeItems, RecycleReport};
