//! What to tell of a run that its disk has ended.

use anyhow::{Error, anyhow};

use super::directory::RunDirectory;
use crate::storage::{is_disk_failure, is_out_of_space};

/// An error of `spark COMMAND` as it is told: where the disk did not take what was written, with how to go on.
pub fn with_way_on(error: Error, dir: &RunDirectory, command: &str) -> Error {
    if !is_disk_failure(&error) {
        return error;
    }
    let remedy = if is_out_of_space(&error) { "free space" } else { "mend the disk" };
    let path = dir.path().display();
    match dir.has_begun() {
        true => anyhow!("{error:#}; {remedy}, then go on with: {}", dir.resume_command(command)),
        false => anyhow!("{error:#}; {remedy} where {path} is, then give the same command again"),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io};

    use anyhow::Context;

    use super::*;

    #[test]
    fn a_disk_that_ends_a_run_is_told_with_the_command_that_goes_on_and_nothing_else_is() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDirectory::at(root.path().to_owned());
        let told = |kind: io::ErrorKind| {
            let error = Err::<(), _>(io::Error::from(kind)).context("writing metrics.jsonl").unwrap_err();
            format!("{:#}", with_way_on(error, &dir, "sft"))
        };
        assert!(told(io::ErrorKind::StorageFull).ends_with("give the same command again"));
        fs::write(dir.metrics(), "{}\n").unwrap();
        let message = told(io::ErrorKind::StorageFull);
        assert!(
            message.starts_with("writing metrics.jsonl: ") && message.contains("free space"),
            "{message}"
        );
        assert!(
            message.ends_with(&format!("spark sft --out {} --resume", root.path().display())),
            "{message}"
        );
        assert!(told(io::ErrorKind::ReadOnlyFilesystem).contains("mend the disk"));
        assert!(!told(io::ErrorKind::PermissionDenied).contains("--resume"));
    }
}
