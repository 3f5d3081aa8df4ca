//! Problems of several files as one set: sources and ids that tell them apart, and a bound on their number.
//! Knows nothing of models: which problems can be used, others say.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::{Path, PathBuf},
};

use anyhow::Result;

use super::{
    DataFile, DataFiles, Loaded, Problem, ReadOptions, load_problems,
    shares::{DrawShares, FileShare, in_proportion},
};
use crate::{
    error::input_error,
    random::{Stream, hash_text},
};

/// The problems of a data set's files, one list, file after file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProblemSet {
    pub problems: Vec<Problem>,
    /// Where they come from, in the same order.
    pub files: Vec<FileShare>,
    /// Whether a file was given a weight.
    pub is_weighted: bool,
}

impl ProblemSet {
    /// In what shares the set is drawn from: by the weights of its files, or of its sources, or evenly.
    pub fn shares<'a>(&'a self, source_weights: &'a BTreeMap<String, f64>) -> DrawShares<'a> {
        match (self.is_weighted, source_weights.is_empty()) {
            (true, _) => DrawShares::Files(&self.files),
            (false, false) => DrawShares::Sources(source_weights),
            (false, true) => DrawShares::Even,
        }
    }

    /// Adds the problems of one more file.
    pub(crate) fn add(&mut self, file: &FileProblems, problems: Vec<Problem>) {
        let weight = file.weight.unwrap_or(1.0);
        self.is_weighted |= file.weight.is_some();
        self.files.push(FileShare { name: file.name.clone(), weight, problems: problems.len() });
        self.problems.extend(problems);
    }
}

/// The problems of one file as they were read.
#[derive(Debug, Clone, PartialEq)]
pub struct FileProblems {
    pub path: PathBuf,
    /// What the file is called beside the others.
    pub name: String,
    pub weight: Option<f64>,
    pub loaded: Loaded,
    /// How many of its problems are to be used.
    pub wanted: usize,
}

impl FileProblems {
    /// The places of its problems in the order in which they are taken until there are enough: the file's own where
    /// all are wanted, else a shuffled one that depends on nothing but their number. So every run has the same sample,
    /// whatever its seed.
    pub fn order(&self) -> Vec<usize> {
        let count = self.loaded.problems.len();
        let mut order: Vec<usize> = (0..count).collect();
        if self.wanted < count {
            Stream::new(&[hash_text("max_problems"), count as u64]).shuffle(&mut order);
        }
        order
    }
}

/// Reads a data set's files. `reading` says how the rows of one are read, `max_problems` how many problems all of them
/// give at most, each file in proportion to its own number. What was changed is said in the notes of each file.
///
/// # Errors
/// When a file cannot be read or is refused, a setting that must have an effect has none on any of them, or there are
/// more files than problems wanted.
pub fn load_files(
    files: &DataFiles,
    max_problems: Option<usize>,
    reading: impl Fn(&Path) -> ReadOptions,
) -> Result<Vec<FileProblems>> {
    let mut read = Vec::with_capacity(files.iter().len());
    let mut must_occur = false;
    for (file, name) in files.iter().zip(files.names()) {
        let mut options = reading(&file.path);
        if files.are_several() {
            must_occur |= std::mem::take(&mut options.must_occur);
        }
        let mut loaded = load_problems(&file.path, options)?;
        name_sources(file, &name, files.are_several(), &mut loaded);
        let wanted = loaded.problems.len().min(file.max_problems.unwrap_or(usize::MAX));
        read.push(FileProblems { path: file.path.clone(), name, weight: file.weight, loaded, wanted });
    }
    if must_occur {
        refuse_unused(files, &read)?;
    }
    tell_ids_apart(&mut read)?;
    bound(&mut read, max_problems)?;
    Ok(read)
}

/// The problems of a data set's files that are used, where every row is taken to be usable.
///
/// # Errors
/// As [`load_files`].
pub fn sampled_problems(
    files: &DataFiles,
    max_problems: Option<usize>,
    reading: impl Fn(&Path) -> ReadOptions,
) -> Result<Vec<Problem>> {
    let mut sampled = Vec::new();
    for file in load_files(files, max_problems, reading)? {
        let mut places = file.order();
        places.truncate(file.wanted);
        places.sort_unstable();
        let mut wanted = places.into_iter().peekable();
        let all = file.loaded.problems.into_iter().enumerate();
        sampled.extend(all.filter_map(|(place, problem)| wanted.next_if_eq(&place).map(|_| problem)));
    }
    Ok(sampled)
}

/// A setting may do nothing to one of several files, but not to all of them.
fn refuse_unused(files: &DataFiles, read: &[FileProblems]) -> Result<()> {
    let Some((first, others)) = read.split_first() else { return Ok(()) };
    let everywhere = |setting: &&String| others.iter().all(|file| file.loaded.unused.contains(setting));
    match first.loaded.unused.iter().find(everywhere) {
        None => Ok(()),
        Some(setting) => Err(input_error(format!(
            "{setting} changes no row of {}; correct the setting or leave it out",
            files.display()
        ))),
    }
}

/// Gives problems the source that the recipe names for their file; where there are several files, those without any
/// get the file's name.
fn name_sources(file: &DataFile, name: &str, are_several: bool, loaded: &mut Loaded) {
    let (mut replaced, mut added) = (0, 0);
    for problem in &mut loaded.problems {
        match (&file.source, &problem.source) {
            (Some(source), own) => {
                replaced += usize::from(own.as_ref().is_some_and(|own| own != source));
                problem.source = Some(source.clone());
            }
            (None, None) if are_several => {
                added += 1;
                problem.source = Some(name.to_owned());
            }
            _ => {}
        }
    }
    let path = file.path.display();
    if let (Some(source), true) = (&file.source, replaced > 0) {
        loaded.notes.push(format!("{path}: {replaced} problems are of source {source:?}, as the recipe says, and no longer of the one in their rows"));
    }
    if added > 0 {
        loaded.notes.push(format!("{path}: {added} problems name no source and are of source {name:?}"));
    }
}

/// Puts the file's name before ids that stand in several files.
fn tell_ids_apart(read: &mut [FileProblems]) -> Result<()> {
    let mut files_with: HashMap<&str, usize> = HashMap::new();
    let ids = read.iter().flat_map(|file| &file.loaded.problems).map(|problem| problem.id.as_str());
    // Within a file ids are unique.
    ids.for_each(|id| *files_with.entry(id).or_default() += 1);
    let shared: HashSet<String> =
        files_with.into_iter().filter(|(_, files)| *files > 1).map(|(id, _)| id.to_owned()).collect();
    if shared.is_empty() {
        return Ok(());
    }
    for file in read.iter_mut() {
        let mut renamed = 0;
        for problem in file.loaded.problems.iter_mut().filter(|problem| shared.contains(&problem.id)) {
            problem.id = format!("{}/{}", file.name, problem.id);
            renamed += 1;
        }
        if renamed > 0 {
            file.loaded.notes.push(format!(
                "{}: {renamed} ids stand in other files, too, and are told apart by {:?} before them",
                file.path.display(),
                format!("{}/", file.name)
            ));
        }
    }
    let mut all = HashSet::new();
    let mut ids = read.iter().flat_map(|file| &file.loaded.problems).map(|problem| &problem.id);
    match ids.find(|id| !all.insert(id.as_str())) {
        None => Ok(()),
        Some(id) => Err(input_error(format!(
            "id {id:?} stands in several of the files, even after their names were put before ids that do; make ids unique or leave them out"
        ))),
    }
}

/// Shares a bound on all problems out among the files, and notes where not all of a file are used.
fn bound(read: &mut [FileProblems], max_problems: Option<usize>) -> Result<()> {
    if let Some(most) = max_problems {
        if most < read.len() {
            return Err(input_error(format!(
                "data.max_problems = {most}: fewer than the {} files; give at least one for each",
                read.len()
            )));
        }
        let sizes: Vec<usize> = read.iter().map(|file| file.wanted).collect();
        for (file, wanted) in read.iter_mut().zip(in_proportion(most, &sizes)) {
            file.wanted = wanted;
        }
    }
    for file in read.iter_mut() {
        let (wanted, all) = (file.wanted, file.loaded.problems.len());
        if wanted < all {
            let path = file.path.display();
            let note = format!(
                "{path}: {wanted} of {all} problems are used (max_problems), the same sample in every run"
            );
            file.loaded.notes.push(note);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
