//! What TensorBoard shows of a run: the scalars of all its event files, read as TensorBoard reads them. A session
//! that starts at a step takes back what earlier ones said of that step and later ones.

use std::{collections::BTreeSet, fs, path::Path};

/// The step and name of a scalar.
type Scalar = (u64, String);

/// The scalars of all event files of a folder, in the order of the files' names.
pub fn scalars(run: &Path) -> Vec<Scalar> {
    let names = fs::read_dir(run).unwrap().map(|entry| entry.unwrap().path());
    let is_events =
        |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().contains("tfevents");
    let mut files: Vec<_> = names.filter(is_events).collect();
    files.sort();
    let mut scalars = Vec::new();
    for file in files {
        for message in messages(&fs::read(file).unwrap()) {
            read_event(message, &mut scalars);
        }
    }
    scalars
}

/// Every step from the first to the last is there, and no scalar is there twice.
pub fn check(run: &Path, steps: u64) -> Result<(), String> {
    let scalars = scalars(run);
    let mut seen = BTreeSet::new();
    if let Some((step, name)) = scalars.iter().find(|scalar| !seen.insert(*scalar)) {
        return Err(format!("TensorBoard shows step {step} twice ({name})"));
    }
    let missing = (1..=steps).find(|step| !scalars.iter().any(|scalar| scalar.0 == *step));
    missing.map_or(Ok(()), |step| Err(format!("TensorBoard does not show step {step}")))
}

/// The messages of an event file: a length and its checksum, the message and its checksum. Reading ends where a
/// message is incomplete, as TensorBoard's does.
fn messages(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut messages = Vec::new();
    while let Some(length) = bytes.first_chunk::<8>().map(|length| u64::from_le_bytes(*length) as usize) {
        let Some(end) = length.checked_add(16).filter(|end| *end <= bytes.len()) else { break };
        messages.push(&bytes[12..end - 4]);
        bytes = &bytes[end..];
    }
    messages
}

/// `Event { step: 2, summary: 5 { value: 1 { tag: 1 } }, session_log: 7 { status: 1 } }`
fn read_event(message: &[u8], scalars: &mut Vec<Scalar>) {
    let fields = fields(message);
    let step = fields.iter().find(|(number, ..)| *number == 2).map_or(0, |(_, value, _)| *value);
    for (number, _, bytes) in &fields {
        match number {
            5 => {
                let values = self::fields(bytes).into_iter().filter(|(number, ..)| *number == 1);
                scalars.extend(values.filter_map(|(.., value)| Some((step, tag(value)?))));
            }
            7 if self::fields(bytes).iter().any(|(number, value, _)| (*number, *value) == (1, 1)) => {
                scalars.retain(|scalar| scalar.0 < step);
            }
            _ => {}
        }
    }
}

fn tag(value: &[u8]) -> Option<String> {
    let tag = fields(value).into_iter().find(|(number, ..)| *number == 1)?;
    Some(String::from_utf8_lossy(tag.2).into_owned())
}

/// The fields of a protocol-buffer message: number, value of those that are one, bytes of the others.
fn fields(mut bytes: &[u8]) -> Vec<(u64, u64, &[u8])> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let (mut value, mut content) = (0, &bytes[..0]);
        let length = match key & 7 {
            0 => {
                value = varint(&mut bytes);
                0
            }
            1 => 8,
            2 => varint(&mut bytes) as usize,
            _ => 4,
        };
        (content, bytes) = bytes.split_at_checked(length).unwrap_or((content, &[]));
        fields.push((key >> 3, value, content));
    }
    fields
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        value |= u64::from(byte & 0x7F) << shift;
        shift += 7;
        if byte & 0x80 == 0 || shift > 63 {
            break;
        }
    }
    value
}
