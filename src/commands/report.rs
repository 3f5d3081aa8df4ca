//! `spark report`: runs as a page of HTML.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::{cli::ReportArgs, page::write_page};

/// The page's name in a run's directory.
pub(super) const PAGE: &str = "report.html";

/// Writes the page of the runs, and prints where it is.
///
/// # Errors
/// Input errors that name a directory that is no run's; when the page cannot be written.
pub(super) fn run(args: ReportArgs) -> Result<()> {
    let runs: Vec<&Path> = args.runs.iter().map(PathBuf::as_path).collect();
    let out = args.out.unwrap_or_else(|| match runs.as_slice() {
        [one] => one.join(PAGE),
        _ => PathBuf::from(PAGE),
    });
    write_page(&runs, &out)?;
    print_line!("{}", out.display())
}
