//! Text in, verdict out: how right is this response to this problem?
//! Sees only the problem and the text; knows nothing of models or training.

mod choices;
mod config;
mod extract;
pub mod instruction;
mod kind;
mod label;
pub mod math;
mod remote;
mod shaping;
mod text;
mod verdict;
mod verifier;

pub use config::VerifyConfig;
pub use extract::{Candidate, Extractor, candidates, gold_answer, last_box};
pub use kind::{Composition, VerifierKind};
pub use remote::{RemoteConfig, Unscored, UnscoredPolicy};
pub use shaping::{Penalties, ShapingConfig};
pub use verdict::{Part, Verdict};
pub use verifier::{Response, Verifier};

#[cfg(test)]
mod tests;
