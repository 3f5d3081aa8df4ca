//! Comma- and tab-separated values (RFC 4180), as far as IFBench's `custom:csv_…` constraints look at them.

/// A field, and whether it stood in double quotes.
#[derive(Debug, PartialEq)]
pub(super) struct Field {
    pub text: String,
    pub is_quoted: bool,
}

/// The rows of a table; lines without anything are left out. `None` where quotation marks do not fit.
pub(super) fn rows(text: &str, delimiter: char) -> Option<Vec<Vec<Field>>> {
    let (mut rows, mut row, mut rest) = (Vec::new(), Vec::new(), text);
    while !rest.is_empty() {
        let (field, behind) = field(rest, delimiter)?;
        row.push(field);
        rest = match behind.strip_prefix(delimiter) {
            // A delimiter at the end of the text has an empty field behind it.
            Some("") => {
                row.push(Field { text: String::new(), is_quoted: false });
                ""
            }
            Some(next) => {
                rest = next;
                continue;
            }
            None => behind.strip_prefix("\r\n").or_else(|| behind.strip_prefix('\n')).unwrap_or(behind),
        };
        rows.push(std::mem::take(&mut row));
    }
    rows.retain(|row: &Vec<Field>| row.len() > 1 || row.iter().any(|field| !field.text.trim().is_empty()));
    Some(rows)
}

fn field(text: &str, delimiter: char) -> Option<(Field, &str)> {
    let Some(mut rest) = text.trim_start_matches(' ').strip_prefix('"') else {
        let end = text.find([delimiter, '\n']).unwrap_or(text.len());
        let plain = text[..end].trim_end_matches('\r');
        return Some((Field { text: plain.to_owned(), is_quoted: false }, &text[end..]));
    };
    let mut quoted = String::new();
    loop {
        let (inside, behind) = rest.split_once('"')?;
        quoted.push_str(inside);
        match behind.strip_prefix('"') {
            Some(next) => {
                quoted.push('"');
                rest = next;
            }
            None => {
                let behind = behind.trim_start_matches(' ');
                let is_end = behind.is_empty() || behind.starts_with([delimiter, '\n', '\r']);
                return is_end.then_some((Field { text: quoted, is_quoted: true }, behind));
            }
        }
    }
}
