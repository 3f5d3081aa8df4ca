//! Writes the data set calculations: problems, and the warm-start pairs of the tiny text model.

use std::{collections::HashSet, fs, path::PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{
    calculations::{Chain, chains},
    digits_vl::{check_noise, write_lines},
    drills,
    exercise::Exercise,
    warm_start::WarmStart,
};
use crate::{
    judge,
    random::{Stream, hash_text},
};

/// What [`write_calculations`] makes, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct CalculationsOptions {
    /// The folder to fill; files of the same name are replaced.
    pub out: PathBuf,
    pub seed: u64,
    /// Problems to learn from, and held-out ones.
    pub train: usize,
    pub test: usize,
    /// Supervised pairs about chains of their own, and exercises beside them.
    pub warm_pairs: usize,
    pub drills: usize,
    /// How often the verdict of a supervised judge pair is a coin instead of the truth.
    pub judge_label_noise: f64,
}

impl CalculationsOptions {
    /// The shipped data set's sizes.
    pub fn new(out: impl Into<PathBuf>) -> Self {
        Self {
            out: out.into(),
            seed: 0,
            train: 6000,
            test: 600,
            warm_pairs: 16_000,
            drills: 24_000,
            judge_label_noise: 1.0,
        }
    }
}

/// Writes `train.jsonl`, `test.jsonl` and `sft.jsonl`. No question occurs in two of them; the same options
/// give the same bytes.
///
/// # Errors
/// An input error where the noise is no probability; otherwise where a file cannot be written.
pub fn write_calculations(options: &CalculationsOptions) -> Result<()> {
    check_noise(options.judge_label_noise)?;
    let stream = |purpose: &str| Stream::new(&[options.seed, hash_text(purpose)]);
    let mut known = HashSet::new();
    let test = chains("test", options.test, &mut known, &mut stream("test"));
    let train = chains("train", options.train, &mut known, &mut stream("train"));
    let warm_start = WarmStart {
        pairs: options.warm_pairs,
        judge_label_noise: options.judge_label_noise,
        at_a_glance: 0.5,
        wordings: judge::WORDINGS,
        stream: &stream,
    };
    let pairs = warm_start.draw(|count, stream| Ok(chains("warm", count, &mut known, stream)))?;
    let drills = drills::drills(options.drills, &drills::CALCULATIONS, &mut stream("drills"));

    fs::create_dir_all(&options.out).with_context(|| format!("cannot create {}", options.out.display()))?;
    write_lines(&options.out.join("train.jsonl"), train.iter().map(row))?;
    write_lines(&options.out.join("test.jsonl"), test.iter().map(row))?;
    write_lines(&options.out.join("sft.jsonl"), pairs.iter().chain(&drills))
}

fn row(chain: &Chain) -> Value {
    json!({
        "id": chain.id(),
        "question": chain.question(),
        "answer": chain.solution().answer,
        "verifier": "math",
        "source": format!("calculations/{}", chain.sort()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{BadRows, load_problems, load_sft};

    fn small(out: PathBuf) -> CalculationsOptions {
        CalculationsOptions {
            train: 20,
            test: 10,
            warm_pairs: 40,
            drills: 8,
            ..CalculationsOptions::new(out)
        }
    }

    #[test]
    fn the_same_options_give_the_same_readable_files_and_nothing_is_seen_twice() {
        let directory = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| directory.path().join(name));
        write_calculations(&small(first.clone())).unwrap();
        write_calculations(&small(second.clone())).unwrap();
        for name in ["train.jsonl", "test.jsonl", "sft.jsonl"] {
            assert_eq!(fs::read(first.join(name)).unwrap(), fs::read(second.join(name)).unwrap());
        }
        let problems = |name: &str| load_problems(&first.join(name), BadRows::Refuse).unwrap().problems;
        let (train, test) = (problems("train.jsonl"), problems("test.jsonl"));
        assert_eq!((train.len(), test.len()), (20, 10));
        assert!(test.iter().all(|held_out| train.iter().all(|seen| seen.question != held_out.question)));
        assert_eq!(load_sft(&first.join("sft.jsonl")).unwrap().len(), 48);
    }
}
