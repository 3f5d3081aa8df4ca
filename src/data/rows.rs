//! JSON objects out of a file, one at a time, with the place each came from: JSON lines, one JSON array, or Parquet.
//! Decides by content, not by file name, and knows nothing of what the objects mean. Of the file no more than a row
//! is held.

use std::{
    cell::Cell,
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use anyhow::Result;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{
    json::{RepeatedKey, parse_json},
    lines::{LONGEST_ROW, TOO_LONG, TextLines},
    parquet::{MAGIC, for_each_parquet_row},
};
use crate::error::input_error;

/// The fields of one row.
pub(crate) type Fields = Map<String, Value>;

/// The value of a field; null counts as absent.
pub(super) fn present<'a>(fields: &'a Fields, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|value| !value.is_null())
}

/// The first field that is not read; null counts as absent.
pub(super) fn unread(fields: &Fields, is_read: impl Fn(&str) -> bool) -> Option<&str> {
    let found = fields.iter().find(|(name, value)| !is_read(name.as_str()) && !value.is_null());
    found.map(|(name, _)| name.as_str())
}

/// What is wrong with a row, naming the field and the remedy, without the file and line.
pub(crate) type Complaint = String;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One row of a file, readable or not.
#[derive(Debug)]
pub(crate) struct Row {
    /// The line in a JSONL file, the place in an array; from 1.
    pub number: usize,
    /// What the number counts: "line" or "row".
    pub unit: &'static str,
    pub fields: Result<Fields, Complaint>,
}

/// Calls `each` with every row of a file of JSON lines, of one JSON array, or of Parquet; blank lines do not count as
/// rows.
///
/// # Errors
/// When the file cannot be read, is an array that is not JSON or a damaged Parquet file, and whatever `each` fails with.
pub(crate) fn for_each_row(path: &Path, each: &mut dyn FnMut(Row) -> Result<()>) -> Result<()> {
    let unreadable = |error: io::Error| {
        input_error(format!("cannot read {}: {error}; check the path to the data", path.display()))
    };
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let start = file.fill_buf().map_err(unreadable)?;
    if start.starts_with(MAGIC) {
        let mut each = |number, fields| each(Row { number, unit: "row", fields });
        return for_each_parquet_row(path, file.into_inner(), &mut each);
    }
    if let Some(format) = other_format(start) {
        return Err(input_error(format!(
            "{} is {format}; JSON lines, one JSON array in UTF-8 and Parquet are read: convert it",
            path.display()
        )));
    }
    let mark = if start.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let is_array = start[mark..].iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    file.consume(mark);
    if is_array {
        return array(path, file, each);
    }
    for line in TextLines::new(file) {
        let line = line.map_err(unreadable)?;
        let blank = line.text.as_ref().is_ok_and(|text| text.trim().is_empty());
        if !blank {
            let fields = line.text.and_then(|text| parse_line(&text));
            each(Row { number: line.number, unit: "line", fields })?;
        }
    }
    Ok(())
}

/// What a file is that begins so, where it is known and not JSON.
fn other_format(start: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 7] = [
        (b"PARE", "an encrypted Parquet file"),
        (b"ARROW1", "an Arrow file"),
        (b"version https://git-lfs", "a pointer of git-lfs, not the file itself (git lfs pull)"),
        (b"\x1f\x8b", "compressed (gzip)"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\xff\xfe", "in UTF-16"),
        (b"\xfe\xff", "in UTF-16"),
    ];
    KNOWN.iter().find(|(magic, _)| start.starts_with(magic)).map(|&(_, name)| name)
}

fn parse_line(line: &str) -> Result<Fields, Complaint> {
    parse_json(line)
        .map_err(|error| format!("{error}; write each row as one JSON object on one line of its own"))
        .and_then(object)
}

fn object(value: Value) -> Result<Fields, Complaint> {
    match value {
        Value::Object(fields) => Ok(fields),
        other => Err(format!("a row must be a JSON object, this is {}", type_name(&other))),
    }
}

/// How JSON calls the type of a value, with its article.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn array(path: &Path, file: impl BufRead, each: &mut dyn FnMut(Row) -> Result<()>) -> Result<()> {
    let (left, number) = (Cell::new(LONGEST_ROW), Cell::new(0));
    let mut stopped = None;
    let elements = ArrayElements { left: &left, number: &number, each, stopped: &mut stopped };
    let mut deserializer = serde_json::Deserializer::from_reader(BoundedReader { file, left: &left });
    let read = deserializer.deserialize_seq(elements).and_then(|()| {
        left.set(LONGEST_ROW);
        deserializer.end()
    });
    if let Some(error) = stopped {
        return Err(error);
    }
    read.map_err(|error| match left.get() {
        0 => input_error(format!("{}, row {}: {TOO_LONG}", path.display(), number.get())),
        _ => input_error(format!(
            "{}:{}:{}: malformed JSON array: {error}; one array of objects is expected",
            path.display(),
            error.line(),
            error.column()
        )),
    })
}

/// Fails after so many bytes.
struct BoundedReader<'a, R> {
    file: R,
    left: &'a Cell<usize>,
}

impl<R: BufRead> Read for BoundedReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.left.get());
        if most == 0 && !buffer.is_empty() {
            return Err(io::Error::other(TOO_LONG));
        }
        let read = self.file.read(&mut buffer[..most])?;
        self.left.set(self.left.get() - read);
        Ok(read)
    }
}

/// Hands on the elements of an array as rows, each of bounded length.
struct ArrayElements<'a> {
    /// Bytes that may still be read of the present element.
    left: &'a Cell<usize>,
    /// Its place, from 1.
    number: &'a Cell<usize>,
    each: &'a mut dyn FnMut(Row) -> Result<()>,
    /// What `each` failed with.
    stopped: &'a mut Option<anyhow::Error>,
}

impl<'de> Visitor<'de> for ArrayElements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        loop {
            self.left.set(LONGEST_ROW);
            self.number.set(self.number.get() + 1);
            let repeated = RepeatedKey::default();
            let Some(value) = elements.next_element_seed(repeated.watched())? else { return Ok(()) };
            let fields = match repeated.complaint() {
                Some(complaint) => Err(complaint),
                None => object(value),
            };
            if let Err(error) = (self.each)(Row { number: self.number.get(), unit: "row", fields }) {
                *self.stopped = Some(error);
                return Err(A::Error::custom("stopped"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8]) -> Result<Vec<Row>> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.json");
        std::fs::write(&path, content).unwrap();
        let mut rows = Vec::new();
        for_each_row(&path, &mut |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    fn places(rows: &[Row]) -> Vec<(&str, usize)> {
        rows.iter().map(|row| (row.unit, row.number)).collect()
    }

    fn refused(content: &[u8]) -> String {
        read(content).unwrap_err().to_string()
    }

    #[test]
    fn lines_count_from_one_and_blank_ones_are_passed_over() {
        let rows = read(b"\xef\xbb\xbf{\"a\":1}\r\n\n  \n{\"a\":2}").unwrap();
        assert_eq!(places(&rows), [("line", 1), ("line", 4)]);
        assert_eq!(rows[1].fields.as_ref().unwrap()["a"], 2);
    }

    #[test]
    fn an_array_is_told_by_its_content() {
        let rows = read(b"\xef\xbb\xbf\n [{\"a\":1},\n {\"a\":2}]\n").unwrap();
        assert_eq!(places(&rows), [("row", 1), ("row", 2)]);
        assert_eq!(rows[1].fields.as_ref().unwrap()["a"], 2);
    }

    #[test]
    fn a_malformed_line_spoils_only_itself() {
        let rows = read(b"{\"a\":1}\n{\"a\":\n3\n{\"a\":4}\n\xff\n{\"a\":1,\"a\":2}\n{\"a\":5} {}").unwrap();
        let complaint = |index: usize| rows[index].fields.as_ref().unwrap_err();
        assert!(rows[0].fields.is_ok() && rows[3].fields.is_ok());
        assert!(complaint(1).contains("malformed JSON"));
        assert!(complaint(2).contains("a number"));
        assert!(complaint(4).contains("not UTF-8"));
        assert!(complaint(5).contains("\"a\" stands twice"));
        assert!(complaint(6).contains("trailing characters"));
    }

    #[test]
    fn a_malformed_array_spoils_the_file_and_what_follows_it_too() {
        let error = refused(b"[{\"a\":1},\n{]");
        assert!(error.contains("data.json:2:2"), "{error}");
        assert!(refused(b"[{\"a\":1}] {}").contains("trailing characters"));
        assert!(refused(b"[{\"a\":1},").contains("malformed JSON array"));
        let rows = read(b"[{\"a\":1,\"a\":2}, 3, {\"a\":4}]").unwrap();
        assert!(rows[0].fields.as_ref().unwrap_err().contains("stands twice"));
        assert!(rows[1].fields.as_ref().unwrap_err().contains("a number") && rows[2].fields.is_ok());
    }

    #[test]
    fn a_row_that_is_too_long_is_named_in_lines_and_arrays() {
        let long = format!("{{\"a\": \"{}\"}}", "x".repeat(LONGEST_ROW));
        let rows = read(format!("{{}}\n{long}\n{{}}\n").as_bytes()).unwrap();
        assert!(rows[1].fields.as_ref().unwrap_err().contains("longer than 16 MiB"));
        assert!(rows[2].fields.is_ok());
        let error = refused(format!("[{{}},{long},{{}}]").as_bytes());
        assert!(error.contains("data.json, row 2: longer than 16 MiB"), "{error}");
        let full = format!("{{\"a\": \"{}\"}}", "x".repeat(LONGEST_ROW - 100));
        assert_eq!(read(format!("[{full},{full}]").as_bytes()).unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_json_at_all_is_called_by_its_name() {
        for (content, name) in [
            (b"PARE\x15\x04".as_slice(), "encrypted Parquet"),
            (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
            (b"\x1f\x8b\x08", "gzip"),
            (b"\xff\xfe{\x00", "UTF-16"),
            (b"PK\x03\x04", "zip"),
        ] {
            assert!(refused(content).contains(name), "{name}");
        }
    }
}
