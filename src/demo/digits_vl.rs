//! Writes the data set digits-vl: images of real digits, problems about them, and the warm-start pairs of the tiny
//! vision model.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::json;

use super::{
    digits::{self, Drawing, NumberImage, Plan, Posed, SourceDigit, Task},
    drills,
    warm_start::WarmStart,
};
use crate::{error::input_error, storage::write_new};

/// What [`write_digits_vl`] makes, from what, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct DigitsVlOptions {
    /// The CSV of real digits: a header line, then `label,p0,…,p63`.
    pub source: PathBuf,
    /// The folder to fill.
    pub out: PathBuf,
    pub plan: Plan,
    /// Supervised pairs about images in `sft.jsonl`.
    pub warm_pairs: usize,
    /// Supervised pairs of plain text beside them.
    pub drills: usize,
    /// How often the verdict of a supervised judge pair is a coin instead of the truth: 1 never tells
    /// the model what is right, 0 always does.
    pub judge_label_noise: f64,
}

impl DigitsVlOptions {
    /// The shipped data set's sizes.
    pub fn new(source: impl Into<PathBuf>, out: impl Into<PathBuf>) -> Self {
        Self {
            source: source.into(),
            out: out.into(),
            plan: Plan::default(),
            warm_pairs: 14_400,
            drills: 14_400,
            judge_label_noise: 1.0,
        }
    }
}

/// What [`write_digits_vl`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DigitsVlReport {
    pub images: usize,
    pub train_problems: usize,
    pub test_problems: usize,
    pub warm_pairs: usize,
    pub drills: usize,
}

/// Writes `train.jsonl`, `test.jsonl`, `sft.jsonl`, the images, and `sources.jsonl`, which names the
/// CSV lines of the digits in every image. The same options give the same bytes.
///
/// # Errors
/// An input error where the source is malformed, the options ask for more than it allows, or the folder
/// already holds images; otherwise where a file cannot be written.
pub fn write_digits_vl(options: &DigitsVlOptions) -> Result<DigitsVlReport> {
    check_noise(options.judge_label_noise)?;
    let digits = digits::read_digits(&options.source)?;
    let Drawing { train, test, warm } = options.plan.draw(&digits)?;
    let warm_start = WarmStart {
        pairs: options.warm_pairs,
        judge_label_noise: options.judge_label_noise,
        at_a_glance: 0.6,
        wordings: 4,
        stream: &|purpose| options.plan.stream(purpose),
    };
    let pairs = warm_start.draw(|count, stream| digits::pose(&warm.images, &Task::ALL, count, stream))?;
    let drills = drills::drills(options.drills, &drills::DIGITS, &mut options.plan.stream("drills"));
    let images: Vec<&NumberImage> =
        [&train, &test, &warm].into_iter().flat_map(|part| &part.images).collect();

    write_images(&options.out, &images, &digits)?;
    write_lines(&options.out.join("train.jsonl"), train.problems.iter().map(Posed::row))?;
    write_lines(&options.out.join("test.jsonl"), test.problems.iter().map(Posed::row))?;
    write_lines(&options.out.join("sft.jsonl"), pairs.iter().chain(&drills))?;
    write_lines(&options.out.join("sources.jsonl"), images.iter().copied().map(provenance))?;
    Ok(DigitsVlReport {
        images: images.len(),
        train_problems: train.problems.len(),
        test_problems: test.problems.len(),
        warm_pairs: pairs.len(),
        drills: drills.len(),
    })
}

pub(super) fn check_noise(judge_label_noise: f64) -> Result<()> {
    if (0.0..=1.0).contains(&judge_label_noise) {
        return Ok(());
    }
    Err(input_error(format!(
        "judge_label_noise is {judge_label_noise}, but must be a probability from 0 to 1"
    )))
}

fn write_images(out: &Path, images: &[&NumberImage], digits: &[SourceDigit]) -> Result<()> {
    let folder = out.join("images");
    if folder.exists() {
        // Images of an earlier, larger set would stay behind among the new ones.
        return Err(input_error(format!(
            "{} already exists; remove it first, or choose another folder",
            folder.display()
        )));
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for image in images {
        let drawn: Vec<&SourceDigit> = image.sources.iter().map(|&source| &digits[source]).collect();
        let path = out.join(&image.file);
        fs::write(&path, digits::encode_png(&digits::render(&drawn))?)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The CSV's lines count from 1, and the first is its header.
fn provenance(image: &NumberImage) -> serde_json::Value {
    let lines: Vec<usize> = image.sources.iter().map(|source| source + 2).collect();
    json!({ "image": image.file, "number": digits::written(&image.number), "csv_lines": lines })
}

pub(super) fn write_lines<T: Serialize>(path: &Path, rows: impl IntoIterator<Item = T>) -> Result<()> {
    let mut lines = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut lines, &row)?;
        lines.push(b'\n');
    }
    write_new(path, &lines)
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::{BTreeMap, HashSet};

    use serde_json::Value;

    use super::*;
    use crate::{data::Problem, error::is_input_error, random::Stream};

    /// A CSV of scribbles: the labels matter, the ink need not.
    fn synthetic_csv(path: &Path) {
        let mut stream = Stream::new(&[11]);
        let mut text = "label\n".to_owned();
        for i in 0..150 {
            let ink: Vec<String> = (0..64).map(|_| stream.below(17).to_string()).collect();
            text += &format!("{},{}\n", i % 10, ink.join(","));
        }
        fs::write(path, text).unwrap();
    }

    /// The options of a small data set in `directory`.
    pub(in crate::demo) fn small(directory: &Path) -> DigitsVlOptions {
        let source = directory.join("digits.csv");
        synthetic_csv(&source);
        let plan = Plan {
            seed: 1,
            test_digits: 40,
            warm_digits: 30,
            train_images: 30,
            test_images: 12,
            warm_images: 20,
            train_problems: 60,
            test_problems: 24,
        };
        DigitsVlOptions {
            plan,
            warm_pairs: 80,
            drills: 10,
            ..DigitsVlOptions::new(source, directory.join("digits-vl"))
        }
    }

    fn lines<T: serde::de::DeserializeOwned>(path: &Path) -> Vec<T> {
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder).unwrap().chain(fs::read_dir(folder.join("images")).unwrap()) {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
        files
    }

    #[test]
    fn the_same_options_give_the_same_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let first = small(directory.path());
        let second = DigitsVlOptions { out: directory.path().join("again"), ..first.clone() };
        let report = write_digits_vl(&first).unwrap();
        write_digits_vl(&second).unwrap();
        let counts =
            DigitsVlReport { images: 62, train_problems: 60, test_problems: 24, warm_pairs: 80, drills: 10 };
        assert_eq!(report, counts);
        assert_eq!(files(&first.out).len(), 62 + 4);
        assert!(files(&first.out) == files(&second.out));
    }

    #[test]
    fn rows_are_complete_and_their_images_exist() {
        let directory = tempfile::tempdir().unwrap();
        let options = small(directory.path());
        write_digits_vl(&options).unwrap();
        for (file, count) in [("train.jsonl", 60), ("test.jsonl", 24)] {
            let rows: Vec<Value> = lines(&options.out.join(file));
            assert_eq!(rows.len(), count);
            for row in rows {
                let image = row["images"][0].as_str().unwrap();
                assert!(options.out.join(image).is_file());
                assert!(row["source"].as_str().unwrap().starts_with("digits-vl/"));
                let problem =
                    json!({ "id": row["id"], "question": row["question"], "answer": row["answer"] });
                serde_json::from_value::<Problem>(problem).unwrap();
            }
        }
        let pairs: Vec<Value> = lines(&options.out.join("sft.jsonl"));
        let fields: Vec<&String> = pairs[0].as_object().unwrap().keys().collect();
        assert_eq!(fields, ["id", "kind", "question", "images", "answer", "completion"]);
    }

    #[test]
    fn no_test_digit_is_seen_in_training() {
        let directory = tempfile::tempdir().unwrap();
        let options = small(directory.path());
        write_digits_vl(&options).unwrap();
        let (mut test, mut seen) = (HashSet::new(), HashSet::new());
        for row in lines::<Value>(&options.out.join("sources.jsonl")) {
            let is_test = row["image"].as_str().unwrap().starts_with("images/test-");
            let set = if is_test { &mut test } else { &mut seen };
            set.extend(row["csv_lines"].as_array().unwrap().iter().filter_map(Value::as_u64));
        }
        assert!(!test.is_empty() && test.is_disjoint(&seen));
        let pairs: Vec<Value> = lines(&options.out.join("sft.jsonl"));
        let shown: Vec<&str> = pairs
            .iter()
            .flat_map(|pair| pair["images"].as_array().unwrap())
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(shown.len(), options.warm_pairs);
        assert!(shown.iter().all(|image| image.starts_with("images/warm-")));
    }

    #[test]
    fn a_filled_folder_and_a_bad_probability_are_input_errors() {
        let directory = tempfile::tempdir().unwrap();
        let options = small(directory.path());
        write_digits_vl(&options).unwrap();
        let error = write_digits_vl(&options).unwrap_err();
        assert!(is_input_error(&error) && error.to_string().contains("images already exists"), "{error}");
        let noisy = DigitsVlOptions { judge_label_noise: 1.5, ..options };
        assert!(is_input_error(&write_digits_vl(&noisy).unwrap_err()));
    }
}
