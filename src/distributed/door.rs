//! Rank 0's door while ranks come: who connects is asked to prove that it belongs to the run, each in a time of its
//! own, so that nobody who is silent or slow keeps others out. Knows nothing of which ranks are there already.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;

use super::{
    handshake::{HANDSHAKE, Proven, Stranger, challenge},
    owner,
    secret::Secret,
};
use crate::error::input_error;

/// The most processes that are asked at once; the one that has been longest at it makes way for the next.
const MOST: usize = 64;

/// What a process that makes way has had at least; a rank needs a few milliseconds.
const FAIR: Duration = Duration::from_secs(1);

/// How many strangers of a sort are named one by one.
const NAMED: usize = 20;

/// Who has connected, and where from.
pub(super) struct Guest {
    pub(super) from: SocketAddr,
    number: u64,
    found: Result<Proven, Stranger>,
}

/// One who is being asked.
struct Caller {
    number: u64,
    since: Instant,
    stream: TcpStream,
}

/// The listening socket, and those who are being asked.
pub(super) struct Door {
    listener: TcpListener,
    secret: Secret,
    asked: VecDeque<Caller>,
    number: u64,
    guests: Receiver<Guest>,
    answers: Sender<Guest>,
    /// Who was turned away, without and with the greeting of a rank.
    strangers: [usize; 2],
}

impl Door {
    /// Listens at an address.
    ///
    /// # Errors
    /// An input error when that is not possible.
    pub(super) fn open(address: &str, secret: &Secret) -> Result<Self> {
        let listener = TcpListener::bind(address).map_err(|error| {
            input_error(format!(
                "rank 0 cannot listen at {address} ({error}); set MASTER_ADDR and MASTER_PORT"
            ))
        })?;
        listener.set_nonblocking(true)?;
        if let (Secret::Job { variable, .. }, false) = (secret, listener.local_addr()?.ip().is_loopback()) {
            say!(
                "rank 0 listens at {address} and takes in whoever knows {variable}; where others can reach it, set \
                 SPARK_SECRET for all ranks"
            );
        }
        let (answers, guests) = mpsc::channel();
        let secret = secret.clone();
        Ok(Self { listener, secret, asked: VecDeque::new(), number: 0, guests, answers, strangers: [0; 2] })
    }

    /// The next one who has proven to belong to the run, if any does within `patience`. Others are dropped and named.
    pub(super) fn next(&mut self, patience: Duration) -> Option<(SocketAddr, Proven)> {
        self.accept();
        let Guest { from, number, found } = self.guests.recv_timeout(patience).ok()?;
        let still_asked = self.asked.iter().any(|asked| asked.number == number);
        self.asked.retain(|asked| asked.number != number);
        match found {
            Ok(proven) => return Some((from, proven)),
            Err(_) if !still_asked => {
                let wrong = format!("made way: {MOST} others were at the door and had proven nothing");
                self.dropped(from, &Stranger { wrong, greeted: false });
            }
            Err(stranger) => self.dropped(from, &stranger),
        }
        None
    }

    /// Says who was turned away. A scan does not keep what is like a rank from being named.
    pub(super) fn dropped(&mut self, from: SocketAddr, stranger: &Stranger) {
        let of_this_sort = &mut self.strangers[usize::from(stranger.greeted)];
        *of_this_sort += 1;
        if *of_this_sort <= NAMED {
            say!("rank 0 dropped a connection: {from} {}", stranger.wrong);
        }
        if *of_this_sort == NAMED {
            say!("rank 0 will only count further ones of this sort");
        }
    }

    /// Begins to ask all who have connected by now.
    fn accept(&mut self) {
        loop {
            if !self.has_room() {
                return;
            }
            match self.listener.accept() {
                Ok((stream, from)) => {
                    if let Err(error) = self.ask(stream, from) {
                        let wrong = format!("could not be asked who it is ({error})");
                        self.dropped(from, &Stranger { wrong, greeted: false });
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // What fails here is a connection that is gone already or too many open files: neither ends the run.
                Err(error) => {
                    if !matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) {
                        say!("rank 0 cannot take a connection at the moment: {error}");
                        thread::sleep(Duration::from_secs(1));
                    }
                    return;
                }
            }
        }
    }

    /// Whether one more can be asked. Makes room where somebody has had a fair time.
    fn has_room(&mut self) -> bool {
        if self.asked.len() == MOST && self.asked[0].since.elapsed() >= FAIR {
            self.asked.pop_front().into_iter().for_each(|longest| longest.turn_away());
        }
        self.asked.len() < MOST
    }

    fn ask(&mut self, stream: TcpStream, from: SocketAddr) -> io::Result<()> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        self.number += 1;
        let (number, asked) = (self.number, stream.try_clone()?);
        let (secret, answers) = (self.secret.clone(), self.answers.clone());
        thread::Builder::new().name("guest of rank 0".to_owned()).spawn(move || {
            let found = asked_who(stream, &secret);
            // When nobody is listening any more, the run has begun or ended without this one.
            let _ = answers.send(Guest { from, number, found });
        })?;
        self.asked.push_back(Caller { number, since: Instant::now(), stream: asked });
        Ok(())
    }
}

impl Caller {
    fn turn_away(&self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Turns away who is still being asked, and says how many strangers came.
impl Drop for Door {
    fn drop(&mut self) {
        self.asked.iter().for_each(Caller::turn_away);
        if self.strangers.iter().any(|count| *count > NAMED) {
            let all: usize = self.strangers.iter().sum();
            say!("rank 0 dropped {all} connections in all while it waited for ranks");
        }
    }
}

/// Who a process is, if it proves that it belongs to the run.
fn asked_who(stream: TcpStream, secret: &Secret) -> Result<Proven, Stranger> {
    let wrongly = |wrong| Stranger { wrong, greeted: true };
    let own = stream.local_addr().map_err(|error| wrongly(error.to_string()))?;
    let proven = challenge(stream, secret, HANDSHAKE)?;
    let objection = match secret {
        Secret::Absent => proven.address().and_then(|peer| owner::objection(peer, own)),
        Secret::Given(_) | Secret::Job { .. } => None,
    };
    objection.map_or(Ok(proven), |wrong| Err(wrongly(wrong)))
}
