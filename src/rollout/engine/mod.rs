//! The sampler of this crate: continuous batching over its own model. Prompts are admitted as rows fall free, longest
//! first, and rows leave when they are done. Sees only token ids, patches and positions: no text, no problems.
//!
//! Tokens stay on the device: each is fed back as it is drawn, and several come back to the host together, which
//! notices then which rows have ended ([`Kernels::tokens_per_transfer`](crate::kernels::Kernels::tokens_per_transfer)).
//!
//! A prompt is run once and its cache fanned out to its completions. Each completion has a random stream of its own,
//! so that its tokens do not depend on which other rows share the batch.
//!
//! | file | what it holds |
//! |---|---|
//! | `scheduler` | which requests are admitted when, and when finished rows leave |
//! | `row` | one completion in the making |
//! | `state` | what stays on the device between tokens |
//! | `batch` | rows that are decoded together, and their cache |
//! | `worker` | one batch from its first prompt to its last token: schedule, run, draw |
//! | `local` | [`LocalEngine`]: the weights, and the workers side by side |
//! | `arrival`, `followed` | a request that arrives; who is told of which rows |
//! | `continuous` | [`ContinuousEngine`]: requests that arrive while others are decoded |

mod arrival;
mod batch;
mod continuous;
mod followed;
mod likelihood;
mod local;
mod row;
mod scheduler;
mod state;
mod worker;

pub use arrival::{CompletionNews, NewsListener, OwnedRequest};
pub use continuous::{ContinuousEngine, EngineLoad, RefusedRequest};
pub use local::LocalEngine;
