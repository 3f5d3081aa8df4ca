//! The bytes of an event file: protocol-buffer messages, each in a TFRecord frame with checksums.

use crate::metrics::Record;

/// The bytes of a frame beside its message: length and its checksum before, the message's checksum after.
const HEAD: usize = 12;
const TAIL: usize = 4;

/// A message as it stands in a file.
pub(super) struct EventFrame<'a> {
    pub(super) message: &'a [u8],
    /// The message with its length and checksums.
    pub(super) whole: &'a [u8],
}

impl EventFrame<'_> {
    /// The step of the event; `None` where it is of no step.
    pub(super) fn step(&self) -> Option<u64> {
        const STEP: u8 = field_key(2, 0);
        let mut rest = self.message;
        while let Some((&key, after)) = rest.split_first() {
            rest = after;
            match key & 7 {
                0 => {
                    let (value, after) = read_varint(rest)?;
                    if key == STEP {
                        return Some(value);
                    }
                    rest = after;
                }
                1 => rest = rest.get(8..)?,
                2 => {
                    let (length, after) = read_varint(rest)?;
                    rest = after.get(usize::try_from(length).ok()?..)?;
                }
                5 => rest = rest.get(4..)?,
                _ => return None,
            }
        }
        None
    }
}

/// The sound frames at the beginning of a file, and what follows them.
pub(super) fn read_frames(bytes: &[u8]) -> (Vec<EventFrame<'_>>, &[u8]) {
    let (mut frames, mut rest) = (Vec::new(), bytes);
    while let Some(frame) = first_frame(rest) {
        rest = &rest[frame.whole.len()..];
        frames.push(frame);
    }
    (frames, rest)
}

fn first_frame(bytes: &[u8]) -> Option<EventFrame<'_>> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let (length, checksum) = head.split_at(8);
    let matches = |bytes: &[u8], checksum: &[u8]| masked_checksum(bytes).to_le_bytes() == checksum;
    if !matches(length, checksum) {
        return None;
    }
    let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
    let message = rest.get(..length)?;
    let checksum = rest.get(length..length.checked_add(TAIL)?)?;
    matches(message, checksum).then(|| EventFrame { message, whole: &bytes[..HEAD + length + TAIL] })
}

/// A message in its frame.
pub(super) fn frame(message: &[u8]) -> Vec<u8> {
    let length = (message.len() as u64).to_le_bytes();
    [
        length.as_slice(),
        &masked_checksum(&length).to_le_bytes(),
        message,
        &masked_checksum(message).to_le_bytes(),
    ]
    .concat()
}

/// `Event { wall_time: 1, file_version: 3 }`: the first of a file.
pub(super) fn version_event(wall_time: f64) -> Vec<u8> {
    let mut event = Vec::new();
    double_field(&mut event, 1, wall_time);
    bytes_field(&mut event, 3, b"brain.Event:2");
    event
}

/// `Event { wall_time: 1, step: 2, session_log: 7 { status: 1 = START } }`: a reader forgets this step and all after
/// it.
pub(super) fn start_event(step: u64, wall_time: f64) -> Vec<u8> {
    let mut event = step_event(step, wall_time);
    bytes_field(&mut event, 7, &[field_key(1, 0), 1]);
    event
}

/// `Event { wall_time: 1, step: 2, summary: 5 { value: 1 { tag: 1, simple_value: 2 } } }`
pub(super) fn scalar_event(record: &Record, wall_time: f64) -> Vec<u8> {
    let mut summary = Vec::new();
    for (tag, value) in record.values().filter(|(_, value)| value.is_finite()) {
        let mut scalar = Vec::new();
        bytes_field(&mut scalar, 1, tag.as_bytes());
        scalar.push(field_key(2, 5));
        scalar.extend((value as f32).to_le_bytes());
        bytes_field(&mut summary, 1, &scalar);
    }
    let mut event = step_event(record.step, wall_time);
    bytes_field(&mut event, 5, &summary);
    event
}

fn step_event(step: u64, wall_time: f64) -> Vec<u8> {
    let mut event = Vec::new();
    double_field(&mut event, 1, wall_time);
    event.push(field_key(2, 0));
    varint(&mut event, step);
    event
}

const fn field_key(field: u8, wire_type: u8) -> u8 {
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

fn read_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (place, &byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7F) << (7 * place);
        if byte < 0x80 {
            return Some((value, &bytes[place + 1..]));
        }
    }
    None
}

/// TFRecord's rotated and shifted CRC-32C.
fn masked_checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xA282_EAD8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_published_one() {
        // CRC-32C of "123456789" is 0xE3069283.
        assert_eq!(masked_checksum(b"123456789"), 0xE306_9283_u32.rotate_right(15).wrapping_add(0xA282_EAD8));
    }

    #[test]
    fn a_step_is_found_behind_any_other_field_and_damage_ends_the_reading() {
        let events = [version_event(1.0), start_event(4, 2.0), scalar_event(&Record::new(0xFFFF_FFFF), 3.0)];
        let mut bytes: Vec<u8> = events.iter().flat_map(|event| frame(event)).collect();
        let steps: Vec<Option<u64>> = read_frames(&bytes).0.iter().map(EventFrame::step).collect();
        assert_eq!(steps, [None, Some(4), Some(0xFFFF_FFFF)]);
        let second = frame(&events[0]).len();
        bytes[second + 14] ^= 1;
        let (frames, rest) = read_frames(&bytes);
        assert_eq!((frames.len(), rest.len()), (1, bytes.len() - second));
        for length in 0..second {
            assert!(read_frames(&bytes[..length]).0.is_empty());
        }
        assert!(read_frames(&[0xFF; 64]).0.is_empty(), "an absurd length is no frame");
    }
}
