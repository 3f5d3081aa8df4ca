//! Text in, verdict out: how right is this response to this problem?
//! Sees only the problem and the text; knows nothing of models or training.

mod accepted;
mod check;
mod checks;
mod composition;
mod config;
mod explanation;
mod extract;
pub mod instruction;
mod label;
pub mod math;
mod prose;
mod remote;
mod repeated;
mod reply;
mod selection;
mod shaping;
mod text;
mod verdict;
mod verifier;
mod without_answer;

pub use check::{Check, Response};
pub use config::VerifyConfig;
pub use explanation::Explanation;
pub use extract::{Candidate, Extractor, candidates, gold_answer, last_box};
pub use remote::{RemoteConfig, Unscored, UnscoredPolicy};
pub use shaping::{Penalties, ShapingConfig};
pub use verdict::{Doubt, Verdict, WeightedReward};
pub use verifier::Verifier;
pub use without_answer::{Agreement, WithoutAnswer};

#[cfg(test)]
mod tests;
