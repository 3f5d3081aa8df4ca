//! Directories that survive a kill: written aside, put into place in one moment, with the checksums of their files, the
//! newest few kept. Knows model directories and files, not the trainer.
//!
//! | file | what it is for |
//! |---|---|
//! | `config` | how often and how weights are saved |
//! | `model_dir` | a model as a Hugging Face or PEFT directory |
//! | `manifest` | what the files of a checkpoint were when it was saved |
//! | `store` | the checkpoints of a run: saving, pruning, and which one to go on from |

mod config;
mod manifest;
mod model_dir;
mod store;

pub use config::{CheckpointConfig, WeightFormat};
pub use model_dir::{replace_model_dir, replace_model_dir_with, save_model_dir};
pub use store::{CheckpointStore, ChosenCheckpoint};
