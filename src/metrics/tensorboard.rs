//! TensorBoard event files: scalars as protocol-buffer messages in TFRecord frames.

use std::{
    fs::File,
    io::Write,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};

use super::Record;

/// Writes one event file.
#[derive(Debug)]
pub struct TensorBoardWriter {
    file: File,
}

impl TensorBoardWriter {
    /// A new event file in `dir`; every start of a run has its own.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(dir: &Path) -> Result<Self> {
        let now = unix_seconds();
        let path = dir.join(format!("events.out.tfevents.{}.spark.{}", now as u64, std::process::id()));
        let file = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
        let mut writer = Self { file };
        let mut version = Vec::new();
        double_field(&mut version, 1, now);
        bytes_field(&mut version, 3, b"brain.Event:2");
        writer.write_frame(&version)?;
        Ok(writer)
    }

    /// Writes all finite values of a record.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn record(&mut self, record: &Record) -> Result<()> {
        self.write_frame(&scalar_event(record, unix_seconds()))
    }

    /// Writes a frame: the length, its checksum, the message, its checksum.
    fn write_frame(&mut self, message: &[u8]) -> Result<()> {
        let length = (message.len() as u64).to_le_bytes();
        let frame = [
            length.as_slice(),
            &masked_checksum(&length).to_le_bytes(),
            message,
            &masked_checksum(message).to_le_bytes(),
        ];
        self.file.write_all(&frame.concat()).context("writing the TensorBoard event file")
    }
}

fn unix_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |elapsed| elapsed.as_secs_f64())
}

/// `Event { wall_time: 1, step: 2, summary: 5 { value: 1 { tag: 1, simple_value: 2 } } }`
fn scalar_event(record: &Record, wall_time: f64) -> Vec<u8> {
    let mut summary = Vec::new();
    for (tag, value) in record.values().filter(|(_, value)| value.is_finite()) {
        let mut scalar = Vec::new();
        bytes_field(&mut scalar, 1, tag.as_bytes());
        scalar.push(field_key(2, 5));
        scalar.extend((value as f32).to_le_bytes());
        bytes_field(&mut summary, 1, &scalar);
    }
    let mut event = Vec::new();
    double_field(&mut event, 1, wall_time);
    event.push(field_key(2, 0));
    varint(&mut event, record.step);
    bytes_field(&mut event, 5, &summary);
    event
}

fn field_key(field: u8, wire_type: u8) -> u8 {
    field << 3 | wire_type
}

fn double_field(message: &mut Vec<u8>, field: u8, value: f64) {
    message.push(field_key(field, 1));
    message.extend(value.to_le_bytes());
}

fn bytes_field(message: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    message.push(field_key(field, 2));
    varint(message, bytes.len() as u64);
    message.extend(bytes);
}

fn varint(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

/// TFRecord's rotated and shifted CRC-32C.
fn masked_checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xA282_EAD8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages of an event file, every checksum verified.
    fn frames(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut rest = bytes;
        let mut messages = Vec::new();
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            assert_eq!(rest[8..12], masked_checksum(&rest[..8]).to_le_bytes());
            let message = &rest[12..12 + length];
            assert_eq!(rest[12 + length..16 + length], masked_checksum(message).to_le_bytes());
            messages.push(message.to_vec());
            rest = &rest[16 + length..];
        }
        messages
    }

    #[test]
    fn an_event_file_holds_a_version_and_one_event_per_record() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = TensorBoardWriter::create(dir.path()).unwrap();
        let mut record = Record::new(300);
        record.set("loss", 0.5);
        record.set("kl", f64::NAN);
        writer.record(&record).unwrap();
        let path = std::fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
        let messages = frames(&std::fs::read(path).unwrap());
        assert_eq!(messages.len(), 2);
        assert!(messages[0].ends_with(b"brain.Event:2"));
        // After the wall time: step 300, then a summary with the tag and 0.5 as a little-endian f32.
        let expected =
            [&[0x10, 0xAC, 0x02, 0x2A, 13, 0x0A, 11, 0x0A, 4][..], b"loss", &[0x15, 0, 0, 0, 0x3F]];
        assert_eq!(messages[1][9..], expected.concat());
    }

    #[test]
    fn the_checksum_is_the_published_one() {
        // CRC-32C of "123456789" is 0xE3069283.
        assert_eq!(masked_checksum(b"123456789"), 0xE306_9283_u32.rotate_right(15).wrapping_add(0xA282_EAD8));
    }
}
