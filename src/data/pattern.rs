//! Which files a path of data stands for: itself, or those that it matches as a pattern. Knows nothing of what is in
//! them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use regex::Regex;

use crate::error::input_error;

/// A pattern of paths: `*` for any text within a step, `**` across steps, `?` for a letter, `[0-9]` for one of several,
/// `{a,b}` for one of several texts.
#[derive(Debug, Clone)]
pub(crate) struct Glob(Regex);

impl Glob {
    /// `None` where the pattern is malformed.
    pub(crate) fn new(pattern: &str) -> Option<Self> {
        let mut expression = String::from("^");
        let mut rest = pattern;
        let mut open = false;
        while let Some(letter) = rest.chars().next() {
            let taken = match letter {
                '*' if rest.starts_with("**/") => push(&mut expression, "(?:.*/)?", 3),
                '*' if rest.starts_with("**") => push(&mut expression, ".*", 2),
                '*' => push(&mut expression, "[^/]*", 1),
                '?' => push(&mut expression, "[^/]", 1),
                '[' => {
                    let end = rest[1..].find(']')? + 2;
                    let class = rest[1..end - 1].replace('\\', "\\\\").replacen(
                        '!',
                        "^",
                        usize::from(rest[1..].starts_with('!')),
                    );
                    push(&mut expression, &format!("[{class}]"), end)
                }
                '{' if !open => {
                    open = true;
                    push(&mut expression, "(?:", 1)
                }
                '}' if open => {
                    open = false;
                    push(&mut expression, ")", 1)
                }
                ',' if open => push(&mut expression, "|", 1),
                other => {
                    push(&mut expression, &regex::escape(other.encode_utf8(&mut [0; 4])), other.len_utf8())
                }
            };
            rest = &rest[taken..];
        }
        (!open).then_some(())?;
        Regex::new(&(expression + "$")).ok().map(Self)
    }

    pub(crate) fn matches(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

/// Adds to an expression. Returns how much of the pattern that was.
fn push(expression: &mut String, more: &str, taken: usize) -> usize {
    expression.push_str(more);
    taken
}

/// The files of a path, in order: the file itself, or those of a pattern (`data/train-*.parquet`, `{a,b}.jsonl`), whose
/// last step alone may have `*`.
///
/// # Errors
/// An input error where a pattern matches nothing. A path that is no pattern is returned whether there is a file or not.
pub fn data_files(path: &Path) -> Result<Vec<PathBuf>> {
    let text = path.to_string_lossy();
    if path.exists() || !text.contains(['*', '{']) {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for alternative in alternatives(&text) {
        files.extend(matching(Path::new(&alternative), path)?);
    }
    Ok(files)
}

/// Whether every file of a path is there.
pub fn data_exists(path: &Path) -> bool {
    data_files(path).is_ok_and(|files| files.iter().all(|file| file.is_file()))
}

/// `a1` and `a2` for `a{1,2}`.
fn alternatives(text: &str) -> Vec<String> {
    let inner = || {
        let start = text.find('{')?;
        let end = start + text[start..].find('}')?;
        Some((&text[..start], &text[start + 1..end], &text[end + 1..]))
    };
    match inner() {
        None => vec![text.to_owned()],
        Some((before, words, after)) => {
            words.split(',').flat_map(|word| alternatives(&format!("{before}{word}{after}"))).collect()
        }
    }
}

/// The files beside each other that one alternative of `whole` matches.
fn matching(path: &Path, whole: &Path) -> Result<Vec<PathBuf>> {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let nothing = |why: &str| input_error(format!("{}: {why}; check the pattern", whole.display()));
    let folder = path.parent().unwrap_or(Path::new(""));
    if folder.to_string_lossy().contains('*') {
        return Err(nothing("only the last part of a path may have *"));
    }
    if !name.contains('*') {
        return if path.is_file() {
            Ok(vec![path.to_owned()])
        } else {
            Err(nothing(&format!("there is no {}", path.display())))
        };
    }
    let glob = Glob::new(&name).ok_or_else(|| nothing("is malformed"))?;
    let listed = if folder == Path::new("") { Path::new(".") } else { folder };
    let entries = fs::read_dir(listed)
        .map_err(|error| nothing(&format!("{} cannot be listed ({error})", listed.display())))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.') && glob.matches(name)).collect();
    names.sort();
    let files: Vec<PathBuf> =
        names.iter().map(|name| folder.join(name)).filter(|file| file.is_file()).collect();
    if files.is_empty() { Err(nothing("no file matches")) } else { Ok(files) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_in_other_programs() {
        let matches = |pattern: &str, path: &str| Glob::new(pattern).unwrap().matches(path);
        assert!(
            matches("main/train-*", "main/train-0.parquet") && !matches("main/train-*", "main/train-0/x")
        );
        assert!(matches("**/*.parquet", "a.parquet") && matches("**/*.parquet", "a/b/c.parquet"));
        assert!(matches("data/**", "data/a/b") && !matches("data/**", "date/a"));
        assert!(matches("a-[0-9]?.{json,jsonl}", "a-1x.jsonl") && !matches("a-[!0-9].x", "a-1.x"));
        assert!(!matches("a.b", "axb") && matches("a+(b)", "a+(b)"));
        assert!(Glob::new("a{b").is_none() && Glob::new("[").is_none());
    }

    #[test]
    fn a_path_is_a_file_or_a_pattern_of_several() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a-1.jsonl", "a-2.jsonl", "b.jsonl", ".a-3.jsonl", "odd*.jsonl"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let names = |pattern: &str| -> Result<Vec<String>> {
            let files = data_files(&dir.path().join(pattern))?;
            Ok(files.iter().map(|file| file.file_name().unwrap().to_str().unwrap().to_owned()).collect())
        };
        assert_eq!(names("a-*.jsonl").unwrap(), ["a-1.jsonl", "a-2.jsonl"]);
        assert_eq!(names("{b,a-2}.jsonl").unwrap(), ["b.jsonl", "a-2.jsonl"]);
        assert_eq!(names("odd*.jsonl").unwrap(), ["odd*.jsonl"], "a file of that very name comes first");
        assert_eq!(names("missing.jsonl").unwrap(), ["missing.jsonl"]);
        assert!(names("c-*.jsonl").unwrap_err().to_string().contains("no file matches"));
        assert!(names("{b,c}.jsonl").unwrap_err().to_string().contains("c.jsonl"));
        assert!(names("*/b.jsonl").unwrap_err().to_string().contains("only the last part"));
    }
}
