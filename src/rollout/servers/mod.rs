//! Sampling on servers: `spark serve`, vLLM or SGLang, as many of them as there are, for one run.
//!
//! Prompts go out as token ids (and images as pictures), completions come back as token ids with their log-probabilities.
//! After each update the weights go out as a directory that servers read, so that it must lie where they can. Servers may
//! join and leave; what one of them loses, another one samples again, and nothing counts twice.
//!
//! | file | what it holds |
//! |---|---|
//! | `ask` | what one prompt's completions are asked by, and how an answer is checked |
//! | `http` | one exchange with a server, and what kind of failure it ended in |
//! | `dialect`, `spark`, `vllm`, `sglang` | what servers of a kind are asked, and how they get weights |
//! | `pool` | requests that nobody has taken yet, and what becomes of those that were |
//! | `fleet` | the servers: which of them are there, and ready |
//! | `sampling` | who samples what, and what becomes of it where a server fails |
//! | `remote` | [`RemoteEngine`]: the sampler of a run, and the weights that it gives to servers |

mod ask;
mod dialect;
mod fleet;
mod http;
mod pool;
mod remote;
mod sampling;
mod sglang;
mod spark;
mod vllm;

pub use remote::{DrawPicture, RemoteEngine, ServerCallbacks};
