//! The source digits: 8×8 grey values with a label, read from CSV.

use std::path::Path;

use anyhow::{Context, Result};
use csv::StringRecord;

use crate::error::input_error;

/// Pixels along one side of a source digit.
pub(super) const SOURCE_SIDE: usize = 8;
/// The grey value of full ink; paper is 0.
pub(super) const FULL_INK: u8 = 16;

/// One handwritten digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceDigit {
    /// The digit it shows, `0..=9`.
    pub label: u8,
    /// Ink per pixel, `0..=16`, row-major 8×8.
    pub ink: [u8; SOURCE_SIDE * SOURCE_SIDE],
}

/// Reads a CSV with a header line and rows of a label and 64 grey values.
///
/// # Errors
/// An input error that names the file and line where a row is not of that form, or the file is
/// missing or holds no digit.
pub(crate) fn read_digits(path: &Path) -> Result<Vec<SourceDigit>> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_path(path)
        .map_err(|error| input_error(format!("{}: cannot be read: {error}", path.display())))?;
    let mut digits = Vec::new();
    let mut record = StringRecord::new();
    while reader
        .read_record(&mut record)
        .map_err(|error| input_error(format!("{}: not a CSV file: {error}", path.display())))?
    {
        let line = record.position().context("a record that was read has a position")?.line();
        let digit = parse_digit(&record)
            .map_err(|why| input_error(format!("{}, line {line}: {why}", path.display())))?;
        digits.push(digit);
    }
    if digits.is_empty() {
        return Err(input_error(format!(
            "{}: holds no digits; expected a header line and rows of a label and 64 grey values",
            path.display()
        )));
    }
    Ok(digits)
}

/// Reads one row, or says what is wrong with it.
fn parse_digit(record: &StringRecord) -> Result<SourceDigit, String> {
    let fields = 1 + SOURCE_SIDE * SOURCE_SIDE;
    if record.len() != fields {
        return Err(format!(
            "{} fields, but a digit has {fields}: its label and 64 grey values",
            record.len()
        ));
    }
    let label = parse_bounded(record, 0, 9)?;
    let mut ink = [0; SOURCE_SIDE * SOURCE_SIDE];
    for (pixel, value) in ink.iter_mut().enumerate() {
        *value = parse_bounded(record, pixel + 1, FULL_INK)?;
    }
    Ok(SourceDigit { label, ink })
}

fn parse_bounded(record: &StringRecord, field: usize, most: u8) -> Result<u8, String> {
    let text = &record[field];
    text.trim().parse().ok().filter(|value| *value <= most).ok_or_else(|| {
        format!("field {} is \"{text}\", but must be a whole number from 0 to {most}", field + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::is_input_error;

    fn read(text: &str) -> Result<Vec<SourceDigit>> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("digits.csv");
        std::fs::write(&path, text)?;
        read_digits(&path)
    }

    fn row(label: &str, ink: &str) -> String {
        format!("{label}{}\n", format!(",{ink}").repeat(64))
    }

    #[test]
    fn a_row_is_a_label_and_its_ink() {
        let digits = read(&format!("label\n{}", row("7", "16"))).unwrap();
        assert_eq!(digits, [SourceDigit { label: 7, ink: [16; 64] }]);
    }

    #[test]
    fn bad_rows_are_named_by_file_and_line() {
        let good = row("7", "16");
        for (bad, why) in [
            (row("12", "3"), "field 1 is \"12\""),
            (row("3", "17"), "field 2 is \"17\""),
            (row("3", "dark"), "field 2 is \"dark\""),
            ("3,4\n".to_owned(), "2 fields"),
        ] {
            let error = read(&format!("label\n{good}{bad}")).unwrap_err();
            assert!(is_input_error(&error));
            let message = error.to_string();
            assert!(message.contains("digits.csv, line 3: ") && message.contains(why), "{message}");
        }
    }

    #[test]
    fn a_missing_or_empty_file_is_an_input_error() {
        let missing = read_digits(Path::new("no/such.csv")).unwrap_err();
        assert!(is_input_error(&missing) && missing.to_string().contains("no/such.csv"));
        assert!(is_input_error(&read("label\n").unwrap_err()));
    }
}
