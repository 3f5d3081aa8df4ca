//! A run, or several side by side, as one HTML file that needs nothing else: what was run, what it came to, curves, and a
//! browser of completions. Reads the files of run directories, also of a run that is going on; knows no models.
//!
//! | file | what it holds |
//! |---|---|
//! | `gather` | what a page shows of one run |
//! | `completions` | which of its completions, where there are too many |
//! | `pictures` | the images among them |
//! | `page.html`, `page.css`, `page.js` | what makes a page of it in a browser |

mod completions;
mod gather;
mod pictures;

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use crate::storage::write_atomically;

/// Writes the page of some runs. What is shown of them is text to the browser, whatever stands in it.
///
/// # Errors
/// When a directory is no run's, or a file cannot be read or written.
pub fn write_page(runs: &[&Path], out: &Path) -> Result<()> {
    let runs = runs.iter().map(|dir| gather::shown_run(dir)).collect::<Result<Vec<_>>>()?;
    // Nothing in the data can end the element that holds it.
    let data = json!({"runs": runs}).to_string().replace('<', "\\u003c");
    let page = include_str!("page.html")
        .replacen("/* STYLE */", include_str!("page.css"), 1)
        .replacen("/* SCRIPT */", include_str!("page.js"), 1)
        .replacen("DATA", &data, 1);
    write_atomically(out, &page)
}
