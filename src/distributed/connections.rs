//! The connections: every rank has one to rank 0, which puts together what comes in and sends it back.
//!
//! A star instead of a ring: sums are then made in one place and one order, so that all ranks hold the same bits,
//! and rank 0 sees every loss and can tell the others. Its price is the load on rank 0's network.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Error, Result, ensure};

use super::{
    connection::PeerConnection,
    frame::{CHUNK, FrameKind},
    inbox::Inbox,
    lost::LostPeer,
};

/// How long rank 0 waits for a rank that is alive before it says so; then twice as long, and so on.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long the report of a broken connection may take.
const REPORT: Duration = Duration::from_secs(5);

/// How long the last messages may take to arrive when a rank ends.
const LINGER: Duration = Duration::from_secs(2);

/// One rank's connections to others.
pub(super) struct Connections {
    own: usize,
    inbox: Inbox,
    /// Rank 0 has one to every other rank, in the order of the ranks; every other rank has one, to rank 0.
    all: Vec<PeerConnection>,
}

impl Connections {
    /// The connections of a rank whose run begins. On rank 0 they are those to ranks 1, 2 and so on.
    pub(super) fn new(own: usize, inbox: Inbox, all: Vec<PeerConnection>) -> Self {
        Self { own, inbox, all }
    }

    /// Says that all ranks are there, or waits until rank 0 does.
    ///
    /// # Errors
    /// A [`LostPeer`] when a rank has gone.
    pub(super) fn start(&mut self) -> Result<()> {
        if self.own == 0 {
            return self.send_to_all(FrameKind::Start, &[]);
        }
        self.receive(0, FrameKind::Start).map(drop)
    }

    /// The bytes of all ranks, in the order of the ranks.
    ///
    /// # Errors
    /// A [`LostPeer`] when a rank has gone.
    pub(super) fn gather(&mut self, own: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        self.check()?;
        if self.own > 0 {
            return unpacked(&self.through_first(FrameKind::Gather, &own)?);
        }
        let mut parts = vec![own];
        for rank in 1..=self.all.len() {
            parts.push(self.receive(rank, FrameKind::Gather)?);
        }
        self.send_to_all(FrameKind::Gather, &packed(&parts))?;
        Ok(parts)
    }

    /// Replaces numbers by their sums over all ranks.
    ///
    /// # Errors
    /// A [`LostPeer`] when a rank has gone.
    pub(super) fn sum(&mut self, values: &mut [f32]) -> Result<()> {
        self.check()?;
        for piece in values.chunks_mut(CHUNK) {
            if self.own > 0 {
                let total = self.through_first(FrameKind::Sum, &bytes_of(piece))?;
                fill(piece, &total, 0, |_, total| total)?;
                continue;
            }
            for rank in 1..=self.all.len() {
                let other = self.receive(rank, FrameKind::Sum)?;
                fill(piece, &other, rank, |sum, other| sum + other)?;
            }
            self.send_to_all(FrameKind::Sum, &bytes_of(piece))?;
        }
        Ok(())
    }

    /// Tells the other ranks that this one ends, and why.
    pub(super) fn leave(&self, why: &str) {
        self.tell(&LostPeer::new(self.own, "its own place", format!("has ended: {why}")));
    }

    /// Sends bytes to rank 0 and waits for what becomes of all ranks'.
    fn through_first(&mut self, kind: FrameKind, own: &[u8]) -> Result<Vec<u8>> {
        self.send(0, kind, own)?;
        self.receive(0, kind)
    }

    /// Sends a message to all other ranks.
    fn send_to_all(&mut self, kind: FrameKind, body: &[u8]) -> Result<()> {
        (0..self.all.len()).try_for_each(|place| self.send(place, kind, body))
    }

    fn send(&mut self, place: usize, kind: FrameKind, body: &[u8]) -> Result<()> {
        let Err(error) = self.all[place].send(kind, body) else { return Ok(()) };
        match self.inbox.loss(REPORT) {
            Some(lost) => Err(self.give_up(lost)),
            None => Err(error).context("sending to another rank"),
        }
    }

    /// The body of the next message from a rank.
    fn receive(&mut self, rank: usize, kind: FrameKind) -> Result<Vec<u8>> {
        let mut notice = StillWaiting { own: self.own, rank, patience: PATIENCE, waited: Duration::ZERO };
        let frame = match self.inbox.next(rank, PATIENCE, &mut || notice.after(PATIENCE)) {
            Ok(frame) => frame,
            Err(lost) => return Err(self.give_up(lost)),
        };
        ensure!(
            frame.kind == kind,
            "rank {rank} sent a message of kind {:?} where {kind:?} is due: the ranks do not run in step",
            frame.kind
        );
        Ok(frame.body)
    }

    fn check(&mut self) -> Result<()> {
        self.inbox.check().map_err(|lost| self.give_up(lost))
    }

    /// Rank 0 tells the others who is lost.
    fn give_up(&self, lost: LostPeer) -> Error {
        if self.own == 0 {
            self.tell(&lost);
        }
        lost.into()
    }

    fn tell(&self, lost: &LostPeer) {
        let body = serde_json::to_vec(lost).expect("text and numbers are JSON");
        for connection in self.all.iter().filter(|connection| !connection.is_over()) {
            // A rank that cannot be told notices the broken connection by itself.
            let _ = connection.send(FrameKind::Lost, &body);
        }
    }
}

/// Lets what was sent last arrive: a connection that is closed with something unread may lose it.
impl Drop for Connections {
    fn drop(&mut self) {
        if thread::panicking() {
            self.leave("it panicked; see what it said last");
        }
        self.all.iter().for_each(PeerConnection::finish);
        let until = Instant::now() + LINGER;
        while self.all.iter().any(|connection| !connection.is_over()) && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Says on rank 0 that a rank lets the others wait, though it is alive: it may be stuck.
struct StillWaiting {
    own: usize,
    rank: usize,
    patience: Duration,
    waited: Duration,
}

impl StillWaiting {
    fn after(&mut self, more: Duration) {
        self.waited += more;
        if self.own == 0 && self.waited >= self.patience {
            say!(
                "still waiting for rank {}, for {} minutes now; its process is alive",
                self.rank,
                self.waited.as_secs() / 60
            );
            self.patience *= 2;
        }
    }
}

fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Combines each value with the one that came in for it from a rank.
fn fill(values: &mut [f32], bytes: &[u8], rank: usize, combine: impl Fn(f32, f32) -> f32) -> Result<()> {
    ensure!(
        bytes.len() == 4 * values.len(),
        "rank {rank} sent {} bytes for {} numbers: the ranks do not run in step",
        bytes.len(),
        values.len()
    );
    for (value, bytes) in values.iter_mut().zip(bytes.chunks_exact(4)) {
        *value = combine(*value, f32::from_le_bytes(bytes.try_into().expect("four bytes")));
    }
    Ok(())
}

/// Byte strings as one, each behind its length.
fn packed(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend((part.len() as u64).to_le_bytes());
        bytes.extend(part);
    }
    bytes
}

/// The inverse of [`packed`].
fn unpacked(mut bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut parts = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let length = usize::try_from(u64::from_le_bytes(*length)).ok();
        let (part, rest) = length
            .and_then(|length| rest.split_at_checked(length))
            .context("a message of rank 0 ends early")?;
        parts.push(part.to_vec());
        bytes = rest;
    }
    ensure!(bytes.is_empty(), "a message of rank 0 ends early");
    Ok(parts)
}
