//! The files that a set of problems comes from, as a recipe names them: one path, or a list with what is said of each.
//! Knows nothing of what is in the files.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::Result;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use super::pattern::data_exists;
use crate::error::input_error;

/// One file of problems, and what a recipe says of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataFile {
    pub path: PathBuf,
    /// What the file counts beside the others when problems are drawn: its share is its weight among all weights. Left
    /// out where another file has one: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Problems of it that are used, at most: a sample that is the same in every run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_problems: Option<usize>,
    /// The source of all its problems, whatever their rows say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl DataFile {
    /// Whether nothing but the path is said of it.
    fn is_plain(&self) -> bool {
        self.weight.is_none() && self.max_problems.is_none() && self.source.is_none()
    }
}

impl From<PathBuf> for DataFile {
    fn from(path: PathBuf) -> Self {
        Self { path, ..Self::default() }
    }
}

/// The files of a data set, one or several. A recipe has a path, or a list of paths and of tables such as
/// `{ path = "a.jsonl", weight = 2.0, max_problems = 1000, source = "a" }`.
#[derive(Debug, Clone, PartialEq)]
pub struct DataFiles(Vec<DataFile>);

impl DataFiles {
    /// The files, in the recipe's order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &DataFile> {
        self.0.iter()
    }

    /// The files, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut DataFile> {
        self.0.iter_mut()
    }

    /// Whether there are several.
    pub fn are_several(&self) -> bool {
        self.0.len() > 1
    }

    /// Whether a file is given a weight.
    pub fn are_weighted(&self) -> bool {
        self.0.iter().any(|file| file.weight.is_some())
    }

    /// Whether this is the path of one of them.
    pub fn contains(&self, path: &Path) -> bool {
        self.0.iter().any(|file| file.path == path)
    }

    /// Whether all of them are there.
    pub fn exist(&self) -> bool {
        self.0.iter().all(|file| data_exists(&file.path))
    }

    /// The paths, for people to read.
    pub fn display(&self) -> String {
        self.0.iter().map(|file| file.path.display().to_string()).collect::<Vec<_>>().join(", ")
    }

    /// What each file is called: its name without the ending, after as many directories as tell it from the others.
    ///
    /// ```
    /// use std::path::PathBuf;
    /// use spark::data::DataFiles;
    ///
    /// let files = ["gsm8k/train.jsonl", "math/train.jsonl", "own.json"].map(|path| PathBuf::from(path).into());
    /// assert_eq!(DataFiles::from(Vec::from(files)).names(), ["gsm8k/train", "math/train", "own"]);
    /// ```
    pub fn names(&self) -> Vec<String> {
        let longest = self.0.iter().map(|file| file.path.components().count()).max().unwrap_or(0);
        let styles: Vec<(bool, usize)> = [false, true]
            .into_iter()
            .flat_map(|ending| (1..=longest).map(move |parts| (ending, parts)))
            .collect();
        let name = |file: &DataFile| {
            let names = styles.iter().map(|&(ending, parts)| {
                let name = last_parts(&file.path, ending, parts);
                let same = |other: &&DataFile| last_parts(&other.path, ending, parts) == name;
                let count = self.0.iter().filter(same).count();
                (name, count)
            });
            let mut alone = names.filter(|(_, count)| *count == 1);
            alone.next().map_or_else(|| file.path.display().to_string(), |(name, _)| name)
        };
        self.0.iter().map(name).collect()
    }

    /// Refuses what cannot be meant. `setting` is what names the files; only a set that is drawn from takes weights.
    ///
    /// # Errors
    /// An input error that names the setting and the file.
    pub fn check(&self, setting: &str, is_drawn_from: bool) -> Result<()> {
        let refuse = |file: &DataFile, complaint: &str| {
            Err(input_error(format!("{setting}: {}: {complaint}", file.path.display())))
        };
        if self.0.is_empty() {
            return Err(input_error(format!(
                "{setting} names no file; give the path of one, or a list of paths"
            )));
        }
        for (number, file) in self.0.iter().enumerate() {
            if self.0[..number].iter().any(|other| other.path == file.path) {
                return refuse(
                    file,
                    "it is named twice; name it once, and give it a weight to draw it more often",
                );
            }
            match file.weight {
                Some(weight) if !(weight.is_finite() && weight > 0.0) => {
                    return refuse(
                        file,
                        &format!(
                            "weight = {weight}: must be a number above 0; leave the file out to draw none of it"
                        ),
                    );
                }
                Some(_) if !is_drawn_from => {
                    return refuse(
                        file,
                        "a weight has no effect here: every problem is asked once; leave it out",
                    );
                }
                Some(_) if !self.are_several() => {
                    return refuse(file, "a weight has no effect on the only file; leave it out");
                }
                _ => {}
            }
            if file.max_problems == Some(0) {
                return refuse(
                    file,
                    "max_problems = 0: must be at least 1; leave the file out to take none of it",
                );
            }
            if file.source.as_ref().is_some_and(|source| source.trim().is_empty()) {
                return refuse(file, "source is empty; give the data set's name, or leave it out");
            }
        }
        Ok(())
    }
}

/// So many of the last parts of a path, with or without the file's ending.
fn last_parts(path: &Path, ending: bool, parts: usize) -> String {
    let path = if ending { path.to_owned() } else { path.with_extension("") };
    let all: Vec<String> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    all[all.len().saturating_sub(parts)..].join("/")
}

impl From<Vec<DataFile>> for DataFiles {
    fn from(files: Vec<DataFile>) -> Self {
        Self(files)
    }
}

impl From<PathBuf> for DataFiles {
    fn from(path: PathBuf) -> Self {
        Self(vec![path.into()])
    }
}

impl From<&Path> for DataFiles {
    fn from(path: &Path) -> Self {
        path.to_owned().into()
    }
}

impl From<&PathBuf> for DataFiles {
    fn from(path: &PathBuf) -> Self {
        path.clone().into()
    }
}

impl From<&str> for DataFiles {
    fn from(path: &str) -> Self {
        PathBuf::from(path).into()
    }
}

/// A file as it is written: a path where nothing else is said of it.
struct FileSetting<'a>(&'a DataFile);

impl Serialize for FileSetting<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.is_plain() {
            true => self.0.path.serialize(serializer),
            false => self.0.serialize(serializer),
        }
    }
}

impl Serialize for DataFiles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [file] if file.is_plain() => file.path.serialize(serializer),
            files => serializer.collect_seq(files.iter().map(FileSetting)),
        }
    }
}

impl<'de> Deserialize<'de> for DataFiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FilesVisitor)
    }
}

/// An element of a list of files.
struct ListedFile(DataFile);

impl<'de> Deserialize<'de> for ListedFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FileVisitor).map(Self)
    }
}

struct FileVisitor;

impl<'de> Visitor<'de> for FileVisitor {
    type Value = DataFile;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(r#"the path of a file, or a table such as { path = "a.jsonl", weight = 2.0 }"#)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<DataFile, E> {
        if text.starts_with(['[', '{']) {
            return Err(E::custom(format!(
                r#"{text} is no list: put every path into quotes, as in ["a.jsonl", "b.jsonl"]"#
            )));
        }
        Ok(PathBuf::from(text).into())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<DataFile, A::Error> {
        DataFile::deserialize(MapAccessDeserializer::new(map))
    }
}

struct FilesVisitor;

impl<'de> Visitor<'de> for FilesVisitor {
    type Value = DataFiles;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the path of a file, or a list of paths and tables with a path")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<DataFiles, E> {
        FileVisitor.visit_str(text).map(|file| DataFiles(vec![file]))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<DataFiles, A::Error> {
        FileVisitor.visit_map(map).map(|file| DataFiles(vec![file]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<DataFiles, A::Error> {
        let mut files = Vec::new();
        while let Some(ListedFile(file)) = list.next_element()? {
            files.push(file);
        }
        Ok(DataFiles(files))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Settings {
        train: DataFiles,
        seed: u64,
    }

    fn read(train: &str) -> Result<DataFiles, String> {
        let text = format!("train = {train}\nseed = 1");
        toml::from_str::<Settings>(&text).map(|settings| settings.train).map_err(|error| error.to_string())
    }

    #[test]
    fn one_path_lists_and_tables_are_read_and_written_back() {
        let table = r#"{ path = "b.jsonl", weight = 2.0, max_problems = 9, source = "b" }"#;
        for text in [
            r#""a.jsonl""#.to_owned(),
            r#"["a.jsonl", "b.jsonl"]"#.to_owned(),
            format!(r#"["a.jsonl", {table}]"#),
            format!("[{table}]"),
        ] {
            let train = read(&text).unwrap();
            let settings = Settings { train, seed: 1 };
            let written = toml::to_string_pretty(&settings).unwrap();
            assert_eq!(toml::from_str::<Settings>(&written).unwrap(), settings, "{written}");
        }
        let one = read(r#""a.jsonl""#).unwrap();
        assert_eq!(one, DataFiles::from("a.jsonl"));
        assert_eq!(serde_json::json!(one), serde_json::json!("a.jsonl"));
        assert_eq!(read(table).unwrap(), read(&format!("[{table}]")).unwrap());
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_its_name() {
        assert!(read(r#"[{ path = "a.jsonl", wieght = 2.0 }]"#).unwrap_err().contains("wieght"));
        assert!(read(r#"[{ weight = 2.0 }]"#).unwrap_err().contains("path"));
        assert!(read("3").unwrap_err().contains("the path of a file, or a list"));
        assert!(read(r#""[a.jsonl, b.jsonl]""#).unwrap_err().contains("into quotes"));
        let refused = |text: &str, is_drawn_from| {
            read(text).unwrap().check("data.train", is_drawn_from).unwrap_err().to_string()
        };
        assert!(refused("[]", true).contains("names no file"));
        assert!(refused(r#"["a.jsonl", "a.jsonl"]"#, true).contains("a.jsonl: it is named twice"));
        let weighted = |weight: &str| format!(r#"["a.jsonl", {{ path = "b.jsonl", weight = {weight} }}]"#);
        for weight in ["0.0", "-1.0", "nan", "inf"] {
            assert!(refused(&weighted(weight), true).contains("b.jsonl: weight = "), "{weight}");
        }
        assert!(read(&weighted("2")).unwrap().check("data.train", true).is_ok());
        assert!(refused(&weighted("2.0"), false).contains("no effect here"));
        assert!(refused(r#"[{ path = "a.jsonl", weight = 2.0 }]"#, true).contains("the only file"));
        assert!(refused(r#"[{ path = "a.jsonl", max_problems = 0 }]"#, true).contains("max_problems = 0"));
        assert!(refused(r#"[{ path = "a.jsonl", source = "" }]"#, true).contains("source is empty"));
    }

    #[test]
    fn names_tell_files_apart() {
        let names = |paths: &[&str]| {
            let files: Vec<DataFile> = paths.iter().map(|path| PathBuf::from(path).into()).collect();
            DataFiles::from(files).names()
        };
        assert_eq!(names(&["x/a.jsonl", "y/b.parquet"]), ["a", "b"]);
        assert_eq!(names(&["/x/a.jsonl", "/y/a.jsonl", "/y/b.jsonl"]), ["x/a", "y/a", "b"]);
        assert_eq!(names(&["a.jsonl", "y/a.jsonl"]), ["a", "y/a"]);
        assert_eq!(names(&["/x/a.json", "/x/a.jsonl"]), ["a.json", "a.jsonl"]);
        assert_eq!(names(&["a.jsonl"]), ["a"]);
    }
}
