//! What tests of functions in Python need: an interpreter, and files.

use std::{fs, process::Command};

use tempfile::TempDir;

/// Allows to leave out what needs an interpreter.
const WITHOUT: &str = "SPARK_WITHOUT_PYTHON";

/// Whether there is an interpreter. Tests fail without one, unless the environment allows to leave them out.
pub(crate) fn has_python() -> bool {
    let found = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    let allowed = std::env::var_os(WITHOUT).is_some();
    assert!(found || allowed, "python3 is not there; set {WITHOUT}=1 to leave out the tests that need it");
    if !found {
        say!("NOT TESTED: python3 is not there");
    }
    found
}

/// A folder with this code in `reward.py`.
pub(crate) fn folder_with(code: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("reward.py"), code).unwrap();
    folder
}
