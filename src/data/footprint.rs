//! What the problems of a file hold. Host memory, in bytes.

use std::path::Path;

/// Bytes that problems take per byte of their file, at most: where rows are short, what holds a text or a path takes
/// more than the text. The file itself is read row by row.
const PER_FILE_BYTE: u64 = 8;

/// What the problems of a file take; 0 where it cannot be read.
pub fn problem_bytes(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |file| PER_FILE_BYTE * file.len())
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
