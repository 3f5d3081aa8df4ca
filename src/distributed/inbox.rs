//! What comes in from other ranks, by the rank that it comes from. A rank that is lost is known as soon as anything is
//! waited for.

use std::{
    collections::VecDeque,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    time::Duration,
};

use super::{frame::Frame, lost::LostPeer};

/// What a connection reports. After a loss it reports nothing more.
pub(super) enum Event {
    /// A message came.
    Came { from: usize, frame: Frame },
    /// A rank is lost.
    Lost(LostPeer),
}

/// The messages that no one has asked for yet.
pub(super) struct Inbox {
    events: Receiver<Event>,
    /// By rank.
    waiting: Vec<VecDeque<Frame>>,
    /// The first loss; nothing is to be had after it.
    lost: Option<LostPeer>,
}

impl Inbox {
    /// Nothing yet, of so many ranks; and where their connections report.
    pub(super) fn new(world: usize) -> (Self, SyncSender<Event>) {
        // A rank sends one message and then waits for an answer: a connection reports that message and an end.
        let (sender, events) = sync_channel(2 * world);
        (Self { events, waiting: (0..world).map(|_| VecDeque::new()).collect(), lost: None }, sender)
    }

    /// The next message from a rank. `still_waiting` is called whenever `patience` has passed.
    ///
    /// # Errors
    /// When any rank is lost.
    pub(super) fn next(
        &mut self,
        from: usize,
        patience: Duration,
        still_waiting: &mut dyn FnMut(),
    ) -> Result<Frame, LostPeer> {
        loop {
            if let Some(lost) = &self.lost {
                return Err(lost.clone());
            }
            if let Some(frame) = self.waiting[from].pop_front() {
                return Ok(frame);
            }
            match self.events.recv_timeout(patience) {
                Ok(event) => self.sort(event),
                Err(RecvTimeoutError::Timeout) => still_waiting(),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(LostPeer::new(from, "an unknown place", "is gone"));
                }
            }
        }
    }

    /// Fails if a loss has been reported by now.
    ///
    /// # Errors
    /// The first rank that was lost.
    pub(super) fn check(&mut self) -> Result<(), LostPeer> {
        while let Ok(event) = self.events.try_recv() {
            self.sort(event);
        }
        self.lost.clone().map_or(Ok(()), Err)
    }

    /// The loss behind a connection that broke, which its reader reports within moments.
    pub(super) fn loss(&mut self, patience: Duration) -> Option<LostPeer> {
        while self.lost.is_none() {
            let event = self.events.recv_timeout(patience).ok()?;
            self.sort(event);
        }
        self.lost.clone()
    }

    /// Ranks that were lost before the run began. They are forgotten, and may come again.
    pub(super) fn left(&mut self) -> Vec<LostPeer> {
        let mut left = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            match event {
                Event::Lost(lost) => left.push(lost),
                came @ Event::Came { .. } => self.sort(came),
            }
        }
        left
    }

    fn sort(&mut self, event: Event) {
        match event {
            Event::Came { from, frame } => self.waiting[from].push_back(frame),
            Event::Lost(lost) => {
                self.lost.get_or_insert(lost);
            }
        }
    }
}
