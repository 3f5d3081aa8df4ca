//! The connections: every rank has one to rank 0, which puts together what comes in and sends it back.
//!
//! A star instead of a ring: sums are then made in one place and one order, so that all ranks hold the same bits,
//! and a connection that breaks is noticed at once. Its price is the load on rank 0's network.

use std::{
    fmt,
    io::{self, ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::error::input_error;

/// The version of the messages; ranks of another version are refused.
const PROTOCOL: &str = "spark peers 1";

/// The pause before rank 0 is looked for again, or looks for others again.
const RETRY: Duration = Duration::from_millis(50);

/// The most numbers in one message; a rank holds this many twice.
const CHUNK: usize = 1 << 20;

/// A rank that is no longer there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostPeer {
    /// Its number.
    pub rank: usize,
}

impl fmt::Display for LostPeer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "rank {} is gone", self.rank)
    }
}

impl std::error::Error for LostPeer {}

/// The first message of a rank.
#[derive(Debug, Serialize, Deserialize)]
struct Handshake {
    protocol: String,
    rank: usize,
    world: usize,
    work: String,
}

/// One rank's connections to others.
pub(super) enum Connections {
    /// Rank 0 has one to every other rank, in the order of the ranks.
    Hub(Vec<TcpStream>),
    /// Every other rank has one to rank 0.
    Spoke(TcpStream),
}

/// The first byte of a message with data.
const DATA: u8 = 0;
/// The first byte of the message that a rank is lost.
const LOST: u8 = 1;

impl Connections {
    /// Connects the ranks; see [`Peers::meet`](super::Peers::meet).
    pub(super) fn meet(
        rank: usize,
        world: usize,
        address: &str,
        work: &str,
        timeout: Duration,
    ) -> Result<Self> {
        let until = Instant::now() + timeout;
        let hello = Handshake { protocol: PROTOCOL.to_owned(), rank, world, work: work.to_owned() };
        if rank == 0 { Self::welcome(&hello, address, until) } else { Self::join(&hello, address, until) }
    }

    /// Rank 0 waits until all others are there, and tells each of them.
    fn welcome(own: &Handshake, address: &str, until: Instant) -> Result<Self> {
        let listener = TcpListener::bind(address).map_err(|error| {
            input_error(format!(
                "rank 0 cannot listen at {address} ({error}); set MASTER_ADDR and MASTER_PORT"
            ))
        })?;
        listener.set_nonblocking(true)?;
        let mut streams: Vec<Option<TcpStream>> = (1..own.world).map(|_| None).collect();
        while streams.iter().any(Option::is_none) {
            match listener.accept() {
                Ok((stream, from)) => {
                    let (rank, stream) =
                        admitted(stream, own).with_context(|| format!("a process at {from}"))?;
                    ensure!(
                        streams[rank - 1].replace(stream).is_none(),
                        input_error(format!("two processes say they are rank {rank}"))
                    );
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let here = 1 + streams.iter().flatten().count();
                    if Instant::now() > until {
                        bail!("{here} of {} ranks came in time; start all of them", own.world);
                    }
                    thread::sleep(RETRY);
                }
                Err(error) => return Err(error).context("waiting for the other ranks"),
            }
        }
        let mut streams: Vec<TcpStream> = streams.into_iter().flatten().collect();
        for stream in &mut streams {
            send(stream, DATA, &[])?;
        }
        Ok(Self::Hub(streams))
    }

    /// Another rank looks for rank 0 and waits until it is told that all are there.
    fn join(own: &Handshake, address: &str, until: Instant) -> Result<Self> {
        let mut stream = loop {
            match TcpStream::connect(address) {
                Ok(stream) => break stream,
                Err(error) if Instant::now() > until => bail!(
                    "rank {} finds no rank 0 at {address} ({error}); check MASTER_ADDR and MASTER_PORT",
                    own.rank
                ),
                Err(_) => thread::sleep(RETRY),
            }
        };
        prepare(&stream)?;
        send(&mut stream, DATA, &serde_json::to_vec(own)?)?;
        receive(&mut stream)
            .with_context(|| format!("rank 0 did not take rank {} in; see what it says", own.rank))?;
        Ok(Self::Spoke(stream))
    }

    /// The bytes of all ranks, in the order of the ranks.
    pub(super) fn gather(&mut self, own: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        match self {
            Self::Spoke(stream) => {
                send(stream, DATA, &own).map_err(|_| LostPeer { rank: 0 })?;
                unpacked(&from_hub(stream)?)
            }
            Self::Hub(streams) => {
                let mut parts = vec![own];
                for rank in 1..=streams.len() {
                    parts.push(from_spoke(streams, rank)?);
                }
                let all = packed(&parts);
                to_spokes(streams, &all)?;
                Ok(parts)
            }
        }
    }

    /// Replaces numbers by their sums over all ranks.
    pub(super) fn sum(&mut self, values: &mut [f32]) -> Result<()> {
        for piece in values.chunks_mut(CHUNK) {
            match self {
                Self::Spoke(stream) => {
                    send(stream, DATA, &bytes_of(piece)).map_err(|_| LostPeer { rank: 0 })?;
                    fill(piece, &from_hub(stream)?, |_, total| total)?;
                }
                Self::Hub(streams) => {
                    for rank in 1..=streams.len() {
                        fill(piece, &from_spoke(streams, rank)?, |sum, other| sum + other)?;
                    }
                    to_spokes(streams, &bytes_of(piece))?;
                }
            }
        }
        Ok(())
    }
}

/// Reads which rank connects, and refuses one that does not belong to the run.
fn admitted(stream: TcpStream, own: &Handshake) -> Result<(usize, TcpStream)> {
    stream.set_nonblocking(false)?;
    prepare(&stream)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut stream = stream;
    let (_, hello) = receive(&mut stream)?;
    stream.set_read_timeout(None)?;
    let hello: Handshake = serde_json::from_slice(&hello).context("does not speak as a rank does")?;
    ensure!(
        hello.protocol == own.protocol && hello.work == own.work,
        input_error(format!(
            "rank {} is at another recipe, seed or version; start all ranks with the same command",
            hello.rank
        ))
    );
    ensure!(
        hello.world == own.world && (1..own.world).contains(&hello.rank),
        input_error(format!(
            "rank {} of {} does not fit a WORLD_SIZE of {}",
            hello.rank, hello.world, own.world
        ))
    );
    Ok((hello.rank, stream))
}

/// Sets a connection up: small messages are sent at once, and a machine that vanished is noticed within a minute.
fn prepare(stream: &TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(unix)]
    {
        use rustix::net::sockopt;
        sockopt::set_socket_keepalive(stream, true)?;
        #[cfg(target_os = "linux")]
        {
            sockopt::set_tcp_keepidle(stream, Duration::from_secs(20))?;
            sockopt::set_tcp_keepintvl(stream, Duration::from_secs(10))?;
            sockopt::set_tcp_keepcnt(stream, 4)?;
        }
    }
    Ok(())
}

fn send(stream: &mut TcpStream, kind: u8, body: &[u8]) -> io::Result<()> {
    let mut head = [0; 9];
    head[0] = kind;
    head[1..].copy_from_slice(&(body.len() as u64).to_le_bytes());
    stream.write_all(&head)?;
    stream.write_all(body)
}

fn receive(stream: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    let length = u64::from_le_bytes(head[1..].try_into().expect("eight bytes"));
    let mut body = Vec::new();
    let read = stream.take(length).read_to_end(&mut body)?;
    if read as u64 == length { Ok((head[0], body)) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

/// The data of the next message from rank 0, or the rank that was lost.
fn from_hub(stream: &mut TcpStream) -> Result<Vec<u8>> {
    match receive(stream).map_err(|_| LostPeer { rank: 0 })? {
        (LOST, rank) => Err(LostPeer { rank: serde_json::from_slice(&rank)? }.into()),
        (_, body) => Ok(body),
    }
}

/// The data of the next message from a rank. When the rank is lost, the others are told.
fn from_spoke(streams: &mut [TcpStream], rank: usize) -> Result<Vec<u8>> {
    receive(&mut streams[rank - 1]).map(|(_, body)| body).map_err(|_| {
        tell_lost(streams, rank);
        LostPeer { rank }.into()
    })
}

/// Sends data to all other ranks.
fn to_spokes(streams: &mut [TcpStream], body: &[u8]) -> Result<()> {
    for rank in 1..=streams.len() {
        if send(&mut streams[rank - 1], DATA, body).is_err() {
            tell_lost(streams, rank);
            return Err(LostPeer { rank }.into());
        }
    }
    Ok(())
}

/// Tells all other ranks that one is lost.
fn tell_lost(streams: &mut [TcpStream], rank: usize) {
    let body = serde_json::to_vec(&rank).expect("a number is JSON");
    for stream in streams {
        // A rank that cannot be told notices the broken connection by itself.
        let _ = send(stream, LOST, &body);
    }
}

fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Combines each value with the one that came in for it.
fn fill(values: &mut [f32], bytes: &[u8], combine: impl Fn(f32, f32) -> f32) -> Result<()> {
    ensure!(
        bytes.len() == 4 * values.len(),
        "a rank sent {} bytes for {} numbers",
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
        let (part, rest) = rest
            .split_at_checked(u64::from_le_bytes(*length) as usize)
            .context("a message of rank 0 ends early")?;
        parts.push(part.to_vec());
        bytes = rest;
    }
    Ok(parts)
}
