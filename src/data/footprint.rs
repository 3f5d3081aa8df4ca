//! What the problems of a file hold. Host memory, in bytes.

use std::path::Path;

use super::{parquet::text_bytes, pattern::data_files};

/// Bytes that problems take per byte of their file, at most: where rows are short, what holds a text or a path takes
/// more than the text. The file itself is read row by row.
const PER_FILE_BYTE: u64 = 8;

/// What the problems of a file take, or of all files of a pattern; 0 where it cannot be read.
pub fn problem_bytes(path: &Path) -> u64 {
    let bytes =
        |file: &Path| text_bytes(file).or_else(|| Some(std::fs::metadata(file).ok()?.len())).unwrap_or(0);
    let files = data_files(path).unwrap_or_default();
    files.iter().map(|file| PER_FILE_BYTE * bytes(file)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_holds_nothing() {
        assert_eq!(problem_bytes(Path::new("no/such/file.jsonl")), 0);
        assert!(problem_bytes(Path::new("Cargo.toml")) > 0);
    }
}
