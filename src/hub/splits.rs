//! Which files of a data set's repository are which part of it: as its card declares, else as names of files and folders
//! tell, in the way of Python's `datasets`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::data::Glob;

/// A split of a configuration, and its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SplitFiles {
    pub(super) config: String,
    pub(super) split: String,
    /// Paths within the repository, in order.
    pub(super) files: Vec<String>,
}

/// Endings of files that are read.
const READABLE: [&str; 3] = [".parquet", ".jsonl", ".json"];

/// Words by which a split is known, and what it is called.
const WORDS: [(&str, &str); 10] = [
    ("train", "train"),
    ("training", "train"),
    ("validation", "validation"),
    ("valid", "validation"),
    ("val", "validation"),
    ("dev", "validation"),
    ("test", "test"),
    ("testing", "test"),
    ("eval", "test"),
    ("evaluation", "test"),
];

/// The parts of a repository, by what its card says and which files it has.
pub(super) fn splits(files: &[String], card: &Value) -> Vec<SplitFiles> {
    let declared: Vec<SplitFiles> =
        card["configs"].as_array().into_iter().flatten().flat_map(|config| declared(config, files)).collect();
    if declared.is_empty() { inferred(files, "") } else { declared }
}

/// The part that words choose: a configuration and a split, one of the two, or nothing where there is one part only.
///
/// # Errors
/// Says that there is none, or that there are several.
pub(super) fn chosen<'a>(parts: &'a [SplitFiles], words: &[String]) -> Result<&'a SplitFiles, String> {
    let named = words.join("/");
    let found: Vec<&SplitFiles> = match words {
        [] => parts.iter().collect(),
        [word] => {
            let of_config: Vec<&SplitFiles> = parts.iter().filter(|part| part.config == *word).collect();
            let of_split = || parts.iter().filter(|part| part.split == *word).collect();
            if of_config.is_empty() { of_split() } else { of_config }
        }
        [config, split, ..] => {
            parts.iter().filter(|part| part.config == *config && part.split == *split).collect()
        }
    };
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(format!("has no part {named:?}")),
        _ if words.is_empty() => Err("has several parts".to_owned()),
        _ => Err(format!("has several parts {named:?}")),
    }
}

/// Whether files are numbered as parts of a whole (`train-00000-of-00002`) of which some are missing: how many there
/// should be.
pub(super) fn stated_count(files: &[String]) -> Option<usize> {
    let count = |file: &String| {
        let (_, rest) = file.rsplit_once("-of-")?;
        rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
    };
    files.iter().filter_map(count).max()
}

/// What a configuration of a card declares.
fn declared(config: &Value, files: &[String]) -> Vec<SplitFiles> {
    let name = config["config_name"].as_str().unwrap_or("default");
    let folder =
        config["data_dir"].as_str().map_or_else(String::new, |dir| format!("{}/", dir.trim_matches('/')));
    let mut patterns: Vec<(String, Vec<String>)> = Vec::new();
    match &config["data_files"] {
        Value::Array(items) if items.iter().all(Value::is_object) => {
            let item =
                |item: &Value| (item["split"].as_str().unwrap_or("train").to_owned(), texts(&item["path"]));
            patterns.extend(items.iter().map(item));
        }
        Value::Object(splits) => {
            patterns.extend(splits.iter().map(|(split, paths)| (split.clone(), texts(paths))))
        }
        Value::Null => {
            let within: Vec<String> =
                files.iter().filter(|file| file.starts_with(&folder)).cloned().collect();
            let parts = inferred(&within, &folder);
            return parts.into_iter().map(|part| SplitFiles { config: name.to_owned(), ..part }).collect();
        }
        paths => patterns.push(("train".to_owned(), texts(paths))),
    }
    let part = |(split, patterns): (String, Vec<String>)| {
        let globs: Vec<Glob> =
            patterns.iter().filter_map(|pattern| Glob::new(&format!("{folder}{pattern}"))).collect();
        let matches = |file: &&String| is_readable(file) && globs.iter().any(|glob| glob.matches(file));
        let files: Vec<String> = files.iter().filter(matches).cloned().collect();
        (!files.is_empty()).then(|| SplitFiles { config: name.to_owned(), split, files })
    };
    patterns.into_iter().filter_map(part).collect()
}

/// A text or a list of texts.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Whether a name is that of a file whose rows can be read.
fn is_readable(file: &str) -> bool {
    READABLE.iter().any(|ending| file.ends_with(ending))
}

/// What names of files and of their folders tell. `folder` is the beginning of all of them.
fn inferred(files: &[String], folder: &str) -> Vec<SplitFiles> {
    let mut parts: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for file in files.iter().filter(|file| is_readable(file)) {
        let within = file.strip_prefix(folder).unwrap_or(file);
        let steps: Vec<&str> = within.split('/').collect();
        let hidden = |step: &&str| step.starts_with(['.', '_']);
        // JSON at the top beside a card is about the data set, as dataset_infos.json.
        let about = steps.len() == 1 && within.ends_with(".json") && split_word(within).is_none();
        if steps.iter().any(hidden) || about {
            continue;
        }
        parts.entry((config_of(&steps), split_of(&steps))).or_default().push(file.clone());
    }
    parts.into_iter().map(|((config, split), files)| SplitFiles { config, split, files }).collect()
}

/// A folder at the top is a configuration, unless it is the one for all data or for a split.
fn config_of(steps: &[&str]) -> String {
    match steps {
        [first, _, ..] if *first != "data" && split_word(first).is_none() => (*first).to_owned(),
        _ => "default".to_owned(),
    }
}

fn split_of(steps: &[&str]) -> String {
    let (file, folders) = steps.split_last().expect("a path has a last step");
    if let Some(prefix) = sharded_prefix(file) {
        return prefix.to_owned();
    }
    // As the hub's own conversion to Parquet has it: configuration, split, number.
    let is_numbered =
        file.split('.').next().is_some_and(|stem| stem.bytes().all(|byte| byte.is_ascii_digit()));
    if let (true, [_, split]) = (is_numbered, folders) {
        return (*split).to_owned();
    }
    let word = split_word(file).or_else(|| folders.iter().rev().find_map(|folder| split_word(folder)));
    word.unwrap_or("train").to_owned()
}

/// `train_sft` of `train_sft-00000-of-00001.parquet`.
fn sharded_prefix(file: &str) -> Option<&str> {
    let (before, _) = file.split_once("-of-")?;
    let (prefix, number) = before.rsplit_once('-')?;
    (!prefix.is_empty() && number.len() >= 4 && number.bytes().all(|byte| byte.is_ascii_digit()))
        .then_some(prefix)
}

/// The split that a word within a name tells.
fn split_word(name: &str) -> Option<&'static str> {
    let lowered = name.to_lowercase();
    let mut words = lowered.split(|letter: char| !letter.is_ascii_alphabetic());
    words.find_map(|word| WORDS.iter().find(|(known, _)| *known == word).map(|(_, split)| *split))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn files(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn shown(parts: &[SplitFiles]) -> Vec<String> {
        parts.iter().map(|part| format!("{}/{}: {}", part.config, part.split, part.files.join(" "))).collect()
    }

    #[test]
    fn a_card_declares_its_parts() {
        let names = files(&[
            "README.md",
            "main/test-0.parquet",
            "main/train-0.parquet",
            "main/train-1.parquet",
            "s/train-0.parquet",
        ]);
        let card = json!({"configs": [
            {"config_name": "main", "data_files": [{"split": "train", "path": "main/train-*"}, {"split": "test", "path": ["main/test-*"]}]},
            {"config_name": "socratic", "data_files": {"train": "s/*.parquet"}},
            {"config_name": "all", "data_files": "**/*.parquet"},
            {"config_name": "folder", "data_dir": "s"},
        ]});
        assert_eq!(
            shown(&splits(&names, &card)),
            [
                "main/train: main/train-0.parquet main/train-1.parquet",
                "main/test: main/test-0.parquet",
                "socratic/train: s/train-0.parquet",
                "all/train: main/test-0.parquet main/train-0.parquet main/train-1.parquet s/train-0.parquet",
                "folder/train: s/train-0.parquet",
            ]
        );
    }

    #[test]
    fn without_a_card_names_tell() {
        let parts = |names: &[&str]| shown(&splits(&files(names), &Value::Null));
        assert_eq!(
            parts(&[
                "data/train-00000-of-00001-abc.parquet",
                "data/test_easy-00000-of-00001.parquet",
                "dataset_infos.json"
            ]),
            [
                "default/test_easy: data/test_easy-00000-of-00001.parquet",
                "default/train: data/train-00000-of-00001-abc.parquet"
            ]
        );
        assert_eq!(parts(&["a/dev.jsonl", "b/x.jsonl"]), ["a/validation: a/dev.jsonl", "b/train: b/x.jsonl"]);
        assert_eq!(
            parts(&["train/a.json", "train/b.json", "val/c.json"]),
            ["default/train: train/a.json train/b.json", "default/validation: val/c.json"]
        );
        assert_eq!(parts(&["main/odd/0000.parquet"]), ["main/odd: main/odd/0000.parquet"]);
        assert_eq!(parts(&["problems.jsonl", ".hidden/x.jsonl", "a.csv"]), ["default/train: problems.jsonl"]);
        assert!(parts(&["a.csv", "script.py"]).is_empty());
    }

    #[test]
    fn words_choose_a_part_or_say_that_they_do_not() {
        let names = files(&["a/train.jsonl", "a/test.jsonl", "b/train.jsonl"]);
        let parts = splits(&names, &Value::Null);
        let choose = |words: &[&str]| chosen(&parts, &files(words)).map(|part| part.files.join(" "));
        assert_eq!(choose(&["a", "test"]).unwrap(), "a/test.jsonl");
        assert_eq!(choose(&["b"]).unwrap(), "b/train.jsonl");
        assert_eq!(choose(&["test"]).unwrap(), "a/test.jsonl");
        assert!(choose(&["train"]).unwrap_err().contains("several parts \"train\""));
        assert!(choose(&["a"]).unwrap_err().contains("several"));
        assert!(choose(&[]).unwrap_err().contains("several parts"));
        assert!(choose(&["c", "train"]).unwrap_err().contains("no part \"c/train\""));
    }

    #[test]
    fn missing_shards_are_noticed() {
        assert_eq!(stated_count(&files(&["a/train-00000-of-00003.parquet"])), Some(3));
        assert_eq!(stated_count(&files(&["train.parquet"])), None);
    }
}
