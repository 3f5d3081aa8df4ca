//! The messages between ranks: what kinds there are, how they look on the wire, and how long each may be.

use std::io::{self, ErrorKind, Read, Write};

/// The most numbers in one message; a rank holds this many twice.
pub(super) const CHUNK: usize = 1 << 20;

/// The most bytes that one rank gives to all others at once.
const LARGEST_SHARE: u64 = 1 << 32;

/// The most bytes of a message that memory is set aside for before they have come.
const UNSEEN: u64 = 1 << 22;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// A sign of life.
    Heartbeat,
    /// Rank 0 says that all ranks are there.
    Start,
    /// Numbers to be summed, or their sums.
    Sum,
    /// Bytes of one rank for all, or those of all.
    Gather,
    /// A rank is lost, or the sender ends: no message follows.
    Lost,
}

const KINDS: [FrameKind; 5] =
    [FrameKind::Heartbeat, FrameKind::Start, FrameKind::Sum, FrameKind::Gather, FrameKind::Lost];

impl FrameKind {
    /// The most bytes that a message of this kind may have among so many ranks.
    fn limit(self, world: usize) -> u64 {
        match self {
            Self::Heartbeat | Self::Start => 0,
            Self::Sum => 4 * CHUNK as u64,
            Self::Gather => LARGEST_SHARE.saturating_mul(world as u64),
            Self::Lost => 1 << 14,
        }
    }

    fn check(self, length: u64, world: usize) -> io::Result<()> {
        let limit = self.limit(world);
        if length <= limit {
            return Ok(());
        }
        Err(invalid(format!("a message of {length} bytes where {limit} are the most ({self:?})")))
    }
}

/// One message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: FrameKind,
    pub(super) body: Vec<u8>,
}

impl Frame {
    /// Writes a message: a byte for its kind, its length, and what it says.
    pub(super) fn write(mut to: impl Write, kind: FrameKind, body: &[u8], world: usize) -> io::Result<()> {
        kind.check(body.len() as u64, world)?;
        let mut head = [0; 9];
        head[0] = KINDS.iter().position(|known| *known == kind).expect("every kind is in the list") as u8;
        head[1..].copy_from_slice(&(body.len() as u64).to_le_bytes());
        to.write_all(&head)?;
        to.write_all(body)
    }

    /// Reads a message. One that is longer than its kind allows is refused before it is read.
    ///
    /// # Errors
    /// `InvalidData` for what is no message of a rank.
    pub(super) fn read(mut from: impl Read, world: usize) -> io::Result<Self> {
        let mut head = [0; 9];
        from.read_exact(&mut head)?;
        let kind = *KINDS
            .get(usize::from(head[0]))
            .ok_or_else(|| invalid(format!("a message of an unknown kind, {}", head[0])))?;
        let length = u64::from_le_bytes(head[1..].try_into().expect("eight bytes"));
        kind.check(length, world)?;
        let mut body = Vec::with_capacity(length.min(UNSEEN) as usize);
        let read = from.take(length).read_to_end(&mut body)?;
        if read as u64 == length { Ok(Self { kind, body }) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }
}

fn invalid(message: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(kind: FrameKind, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        Frame::write(&mut bytes, kind, body, 2).unwrap();
        bytes
    }

    #[test]
    fn a_message_is_read_as_it_was_written() {
        for (kind, body) in [(FrameKind::Heartbeat, b"".as_slice()), (FrameKind::Gather, b"[1, 2]")] {
            let frame = Frame { kind, body: body.to_vec() };
            assert_eq!(Frame::read(written(kind, body).as_slice(), 2).unwrap(), frame);
        }
    }

    #[test]
    fn what_is_too_long_or_no_message_is_refused_by_its_head() {
        let refused = |kind: u8, length: u64| {
            let head = [[kind].as_slice(), &length.to_le_bytes()].concat();
            // Whoever reads on blocks forever in the real thing; here it would be told that nothing follows.
            let error = Frame::read(head.as_slice(), 2).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
            error.to_string()
        };
        assert!(refused(3, 1 << 60).contains("1152921504606846976 bytes"));
        refused(0, 1);
        refused(2, 4 * CHUNK as u64 + 1);
        refused(4, 1 << 20);
        assert!(refused(200, 0).contains("unknown kind, 200"));
        assert!(Frame::write(io::sink(), FrameKind::Heartbeat, b"x", 2).is_err());
    }

    #[test]
    fn a_message_that_ends_early_is_none() {
        let bytes = written(FrameKind::Gather, b"123456");
        for end in [1, 9, 12] {
            let error = Frame::read(&bytes[..end], 2).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        }
    }
}
