//! Reward functions in Python, called by TRL's convention in worker processes of the user's own interpreter. Texts
//! and columns go out, numbers come in; knows nothing of problems, verifiers or training.
//!
//! A worker is `worker.py`: it loads the functions once, reads one JSON object per line and answers each with one.
//!
//! ```text
//! → {"functions": [["reward.py", "correct"]], "patience": 162.0}
//! ← {"ready": true}                                    or      {"error": "Traceback …"}
//! → {"function": 0, "prompts": ["1+1="], "completions": ["2"], "columns": {"answer": ["2"]}}
//! ← {"rewards": [1.0]}                                 or      {"error": "Traceback …"}
//! ```

mod answer;
mod batches;
mod function;
mod pool;
mod query;
mod worker;

pub(crate) use function::{PYTHON, PythonFunction, one_or_more};
pub(crate) use pool::{PythonRewards, PythonSettings};
pub(crate) use query::PythonQuery;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(all(test, unix))]
mod tests;
