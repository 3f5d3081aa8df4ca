//! Files that commands write with `--out`.

use std::path::Path;

use anyhow::Result;

use crate::{error::input_error, storage::WholeFile};

/// Opens a file for output, before the work whose result it takes: what cannot be written is then known at once. The
/// file that is there stays until the new one is whole.
///
/// # Errors
/// An input error where it is one of those that are read; when it cannot be written.
pub(super) fn output(out: &Path, read: &[&Path]) -> Result<WholeFile> {
    let is_same = |read: &&Path| matches!((read.canonicalize(), out.canonicalize()), (Ok(one), Ok(other)) if one == other);
    match read.iter().find(|read| is_same(read)) {
        Some(_) => {
            Err(input_error(format!("--out {}: is the file that is read; name another one", out.display())))
        }
        None => WholeFile::create(out),
    }
}
