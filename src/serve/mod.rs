//! An OpenAI-compatible HTTP server over a model: what people and their scripts talk to, and what other spark processes
//! sample from.
//!
//! One thread owns the engine, which requests join between two tokens; connections are tokio's. Everything a client can
//! make large is bounded: bodies, images, prompts, how many wait. Knows no recipe and no training.
//!
//! | file | what it holds |
//! |---|---|
//! | `options` | what a server is told at its start |
//! | `sampler` | the door to whoever samples, and what a client's request becomes there |
//! | `protocol/` | the fields of requests, and answers in OpenAI's form |
//! | `images` | pictures in requests |
//! | `text` | texts of tokens as they come, and the texts that end a completion |
//! | `answer`, `stream` | whole answers, and answers as server-sent events |
//! | `api_error`, `counters` | what a client is told that cannot be answered; numbers for whoever watches |
//! | `routes`, `connections` | which path does what; sockets, and how they are closed |

mod answer;
mod api_error;
mod connections;
mod counters;
mod images;
mod options;
mod protocol;
mod render;
mod routes;
mod sampler;
mod server;
mod stream;
mod text;

pub use options::{ServeLimits, ServeOptions};
pub use sampler::{ReloadWeights, ServedModel};
pub use server::HttpServer;
