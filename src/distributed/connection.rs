//! One connection between two ranks: messages out, messages in, and signs of life in both directions.
//!
//! A thread reads all the time, whatever the rank computes, so that the other end never waits for this one to read
//! and silence is told from work; another one sends heartbeats. What is read goes to the rank's inbox.

use std::{
    io::{self, ErrorKind, Read},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, TryLockError,
        mpsc::{self, RecvTimeoutError, Sender, SyncSender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    frame::{Frame, FrameKind},
    inbox::Event,
    lost::LostPeer,
};

/// Heartbeats in the time that a rank may be silent.
const HEARTBEATS: u32 = 6;

/// The longest wait before a reader looks at the clock again.
const TICK: Duration = Duration::from_secs(1);

/// Who is at which end of a connection, and how long the other one may be silent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    /// This rank.
    pub(super) own: usize,
    /// The rank at the other end.
    pub(super) other: usize,
    /// How many ranks the run has.
    pub(super) world: usize,
    pub(super) silence: Duration,
}

/// A connection to another rank. Dropped, it ends.
pub(super) struct PeerConnection {
    ends: Ends,
    pub(super) address: SocketAddr,
    stream: TcpStream,
    writer: Arc<Mutex<TcpStream>>,
    reader: JoinHandle<()>,
    /// Dropped, the heartbeats stop.
    _heartbeats: Sender<()>,
}

impl PeerConnection {
    /// Starts to read and to send heartbeats. What comes in goes to `inbox`.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn start(stream: TcpStream, ends: Ends, inbox: SyncSender<Event>) -> io::Result<Self> {
        let address = stream.peer_addr()?;
        prepare(&stream, ends.silence)?;
        let writer = Arc::new(Mutex::new(stream.try_clone()?));
        let (stop, stopped) = mpsc::channel::<()>();
        let beats = writer.clone();
        let interval = ends.silence / HEARTBEATS;
        thread::Builder::new().name(format!("rank {} alive", ends.other)).spawn(move || {
            while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) && beat(&beats) {}
        })?;
        let listener = Listener { stream: stream.try_clone()?, writer: writer.clone(), ends, address };
        let reader = thread::Builder::new()
            .name(format!("rank {} in", ends.other))
            .spawn(move || listener.listen(&inbox))?;
        Ok(Self { ends, address, stream, writer, reader, _heartbeats: stop })
    }

    /// Sends a message; waits until the system has taken all of it.
    ///
    /// # Errors
    /// When the connection is broken or the message is longer than its kind may be.
    pub(super) fn send(&self, kind: FrameKind, body: &[u8]) -> io::Result<()> {
        Frame::write(&mut *locked(&self.writer), kind, body, self.ends.world)
    }

    /// Says that no message follows. Those that were sent still arrive.
    pub(super) fn finish(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Whether the other end has finished, too, or is lost.
    pub(super) fn is_over(&self) -> bool {
        self.reader.is_finished()
    }
}

impl Drop for PeerConnection {
    fn drop(&mut self) {
        // Ends the threads, which hold the same connection.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Sends a heartbeat, unless a message is being sent, which is one. Whether the connection holds.
fn beat(writer: &Mutex<TcpStream>) -> bool {
    match writer.try_lock() {
        Ok(mut writer) => Frame::write(&mut *writer, FrameKind::Heartbeat, &[], 1).is_ok(),
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Poisoned(_)) => false,
    }
}

fn locked(writer: &Mutex<TcpStream>) -> MutexGuard<'_, TcpStream> {
    // Writing does not panic.
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets a connection up: small messages are sent at once, and the system gives up a machine that vanished, too.
fn prepare(stream: &TcpStream, silence: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(None)?;
    stream.set_read_timeout(Some((silence / (2 * HEARTBEATS)).min(TICK)))?;
    #[cfg(unix)]
    rustix::net::sockopt::set_socket_keepalive(stream, true)?;
    #[cfg(target_os = "linux")]
    {
        use rustix::net::sockopt;
        // Linux takes whole seconds that fit into 15 bits.
        let seconds = |wait: Duration| wait.clamp(Duration::from_secs(1), Duration::from_secs(32_767));
        sockopt::set_tcp_keepidle(stream, seconds(silence / 2))?;
        sockopt::set_tcp_keepintvl(stream, seconds(silence / 8))?;
        sockopt::set_tcp_keepcnt(stream, 4)?;
        // A little later than this program itself, whose message says more.
        let system = silence + silence / 4;
        sockopt::set_tcp_user_timeout(stream, u32::try_from(system.as_millis()).unwrap_or(u32::MAX))?;
    }
    Ok(())
}

/// Reads what another rank sends.
struct Listener {
    stream: TcpStream,
    writer: Arc<Mutex<TcpStream>>,
    ends: Ends,
    address: SocketAddr,
}

impl Listener {
    /// Reads until the connection ends; the last event says how it did.
    fn listen(self, inbox: &SyncSender<Event>) {
        let mut patient = Patient { stream: &self.stream, silent: Duration::ZERO, limit: self.ends.silence };
        let lost = loop {
            match Frame::read(&mut patient, self.ends.world) {
                Ok(Frame { kind: FrameKind::Heartbeat, .. }) => {}
                Ok(Frame { kind: FrameKind::Lost, body }) => break self.told(&body),
                Ok(frame) => {
                    if inbox.send(Event::Came { from: self.ends.other, frame }).is_err() {
                        break self.lost("is no longer listened to");
                    }
                }
                Err(error) => {
                    let lost = self.lost(fate(&error, self.ends.silence));
                    if error.kind() != ErrorKind::UnexpectedEof {
                        self.tell(&lost);
                    }
                    break lost;
                }
            }
        };
        let _ = self.stream.shutdown(Shutdown::Both);
        // Nobody is left to be told when the rank itself has ended.
        let _ = inbox.send(Event::Lost(lost));
    }

    fn lost(&self, fate: impl Into<String>) -> LostPeer {
        LostPeer::new(self.ends.other, self.address, fate)
    }

    /// The loss that the other end tells of: a third rank's, its own, or that it takes this rank for lost.
    fn told(&self, body: &[u8]) -> LostPeer {
        let Ends { own, other, .. } = self.ends;
        match serde_json::from_slice::<LostPeer>(body) {
            Ok(told) if told.rank == own => self.lost(format!("gave this rank up, which {}", told.fate)),
            Ok(told) if told.rank == other => self.lost(told.fate),
            // Rank 0 alone sees the others.
            Ok(told) if other == 0 => told,
            _ => self.lost("is gone: it said so in a way that is not understood"),
        }
    }

    /// Tells the other end that it is given up, in case it can still hear.
    fn tell(&self, lost: &LostPeer) {
        // A message that cannot be sent holds the lock; then this one could not be sent either.
        let Ok(mut writer) = self.writer.try_lock() else { return };
        let body = serde_json::to_vec(lost).expect("text and numbers are JSON");
        let _ = writer.set_write_timeout(Some(TICK / 4));
        let _ = Frame::write(&mut *writer, FrameKind::Lost, &body, self.ends.world);
    }
}

/// What happened to a rank whose connection broke.
fn fate(error: &io::Error, silence: Duration) -> String {
    match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            "is gone: it closed the connection (its process has ended; see what it said last)".to_owned()
        }
        ErrorKind::TimedOut => format!(
            "has been silent for {} s: its process is stopped, or its machine or the network is down",
            silence.as_secs_f64()
        ),
        ErrorKind::InvalidData => format!("is given up: it sent {error}"),
        _ => format!("is gone: {error}"),
    }
}

/// A stream that waits while the other end is silent, up to a limit.
struct Patient<'a> {
    stream: &'a TcpStream,
    silent: Duration,
    limit: Duration,
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let start = Instant::now();
            match self.stream.read(buffer) {
                Err(error) if is_only_a_tick(&error) => {
                    // Where this process itself was stopped, its clock went on. Only what it can have listened counts.
                    self.silent += start.elapsed().min(2 * TICK);
                    if self.silent >= self.limit {
                        return Err(ErrorKind::TimedOut.into());
                    }
                }
                read => {
                    self.silent = Duration::ZERO;
                    return read;
                }
            }
        }
    }
}

/// Whether a read ended because its time was up or a signal came. Windows calls the former "timed out"; Unix does so
/// only where the system has given the other end up.
fn is_only_a_tick(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
        || cfg!(windows) && error.kind() == ErrorKind::TimedOut
}
