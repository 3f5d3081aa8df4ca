//! Text lines of bounded length. A line that is too long is passed over without being held, and said to be too long:
//! one broken file must not take the memory of the machine. Knows nothing of JSON.

use std::io::{self, BufRead};

/// The longest row that is read, in bytes: four million tokens of text, beyond what any model takes.
pub(crate) const LONGEST_ROW: usize = 16 << 20;

/// What is wrong with a row of more than [`LONGEST_ROW`] bytes.
pub(crate) const TOO_LONG: &str =
    "longer than 16 MiB; shorten it, and give images as files instead of within the text";

/// One line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TextLine {
    /// From 1.
    pub number: usize,
    /// Its text, or what is wrong with it.
    pub text: Result<String, String>,
}

/// The lines of a reader, one at a time; both `\n` and `\r\n` end one.
pub(crate) struct TextLines<R> {
    reader: R,
    number: usize,
    longest: usize,
}

impl<R: BufRead> TextLines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, number: 0, longest: LONGEST_ROW }
    }

    /// The bytes up to the next line feed; `None` at the end, an empty result where there are too many.
    fn bytes(&mut self) -> io::Result<Option<(Vec<u8>, usize)>> {
        let (mut kept, mut length, mut ended) = (Vec::new(), 0, false);
        while !ended {
            let available = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                available => available?,
            };
            if available.is_empty() {
                if length == 0 {
                    return Ok(None);
                }
                break;
            }
            let end = available.iter().position(|&byte| byte == b'\n');
            let taken = end.map_or(available.len(), |end| end + 1);
            ended = end.is_some();
            length += taken;
            if length <= self.longest {
                kept.extend_from_slice(&available[..taken]);
            } else {
                kept = Vec::new();
            }
            self.reader.consume(taken);
        }
        Ok(Some((kept, length)))
    }
}

impl<R: BufRead> Iterator for TextLines<R> {
    type Item = io::Result<TextLine>;

    fn next(&mut self) -> Option<Self::Item> {
        let (mut bytes, length) = match self.bytes() {
            Ok(found) => found?,
            Err(error) => return Some(Err(error)),
        };
        self.number += 1;
        for end in [b'\n', b'\r'] {
            if bytes.last() == Some(&end) {
                bytes.pop();
            }
        }
        let text = match length > self.longest {
            true => Err(TOO_LONG.to_owned()),
            false => String::from_utf8(bytes).map_err(|_| "not UTF-8; convert the file to UTF-8".to_owned()),
        };
        Some(Ok(TextLine { number: self.number, text }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(content: &[u8], longest: usize) -> Vec<(usize, Result<String, String>)> {
        // A buffer shorter than a line, so that lines span several.
        let reader = io::BufReader::with_capacity(3, content);
        let lines = TextLines { longest, ..TextLines::new(reader) };
        lines.map(|line| line.unwrap()).map(|TextLine { number, text }| (number, text)).collect()
    }

    #[test]
    fn lines_end_in_a_line_feed_with_or_without_a_carriage_return() {
        let read = |content: &str| -> Vec<String> {
            lines(content.as_bytes(), 99).into_iter().map(|(_, text)| text.unwrap()).collect()
        };
        assert_eq!(read("one\r\n\ntwo long ones\n\nlast"), ["one", "", "two long ones", "", "last"]);
        assert_eq!(read(""), Vec::<String>::new());
        assert_eq!(read("\n"), [""]);
    }

    #[test]
    fn one_that_is_too_long_or_not_utf8_spoils_only_itself() {
        let read = lines(b"short\nabcdefghijkl\n\xff\nafter", 7);
        assert_eq!(read[0], (1, Ok("short".into())));
        assert!(read[1].1.as_ref().unwrap_err().contains("longer than"), "{:?}", read[1]);
        assert!(read[2].1.as_ref().unwrap_err().contains("UTF-8"), "{:?}", read[2]);
        assert_eq!(read[3], (4, Ok("after".into())));
    }
}
