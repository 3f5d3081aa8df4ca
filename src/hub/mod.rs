//! Models and data sets by their names on the Hugging Face hub: `org/name`, `org/name@revision`. Files are fetched into
//! the cache that Python's `huggingface_hub` reads and writes, resumed where they broke off, and checked against the
//! hashes that the hub states. Knows nothing of what is in the files, and reads no environment: [`HubSettings`] are
//! given by whoever does.
//!
//! | file | what it is for |
//! |---|---|
//! | `name` | what may be a name, and which parts it has |
//! | `settings` | where the hub and the cache are, and who asks |
//! | `cache` | where files lie in the cache |
//! | `client`, `refusal` | requests, redirects, retries; what an answer other than success means |
//! | `listing` | what the hub says of a repository |
//! | `digest`, `download`, `fetch` | one file whole and checked; all files that are wanted |
//! | `model`, `dataset`, `splits` | which files a model or a part of a data set needs |

mod cache;
mod client;
mod dataset;
mod digest;
mod download;
mod fetch;
mod listing;
mod model;
mod name;
mod refusal;
mod settings;
mod splits;

pub use cache::{HubSource, source_of};
pub use dataset::{fetch_again, fetch_dataset};
pub(crate) use model::COMPANIONS;
pub use model::{ModelPart, fetch_model};
pub use name::{DatasetName, RepoKind, RepoName};
pub use settings::{HubSettings, cache_home};

#[cfg(test)]
#[path = "../../tests/common/hub_server.rs"]
mod hub_server;
#[cfg(test)]
mod tests;
