//! The wires: every rank holds one to rank 0, which puts together what comes in and sends it back.
//!
//! A star and not a ring: sums are then made in one place and one order, so that all ranks hold the same bits,
//! and a wire that breaks is noticed at once. Its price is rank 0's network.

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

/// Before numbers of another version are added up.
const PROTOCOL: &str = "spark peers 1";

/// How often rank 0 is looked for while it is not there.
const RETRY: Duration = Duration::from_millis(50);

/// The most numbers that travel as one piece: what a rank keeps twice.
const PIECE: usize = 1 << 20;

/// A rank that is no longer there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostPeer {
    pub rank: usize,
}

impl fmt::Display for LostPeer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "rank {} is gone", self.rank)
    }
}

impl std::error::Error for LostPeer {}

/// What a rank says of itself first.
#[derive(Debug, Serialize, Deserialize)]
struct Hello {
    protocol: String,
    rank: usize,
    world: usize,
    work: String,
}

/// One rank's wires.
pub enum Link {
    /// Of rank 0, by the other's rank less one.
    Hub(Vec<TcpStream>),
    Spoke(TcpStream),
}

/// What a message begins with.
const DATA: u8 = 0;
const LOST: u8 = 1;

impl Link {
    pub fn meet(rank: usize, world: usize, address: &str, work: &str, patience: Duration) -> Result<Self> {
        let until = Instant::now() + patience;
        let hello = Hello { protocol: PROTOCOL.to_owned(), rank, world, work: work.to_owned() };
        if rank == 0 { Self::welcome(&hello, address, until) } else { Self::join(&hello, address, until) }
    }

    fn welcome(own: &Hello, address: &str, until: Instant) -> Result<Self> {
        let listener = TcpListener::bind(address).map_err(|error| {
            input_error(format!(
                "rank 0 cannot listen at {address} ({error}); set MASTER_ADDR and MASTER_PORT"
            ))
        })?;
        listener.set_nonblocking(true)?;
        let mut wires: Vec<Option<TcpStream>> = (1..own.world).map(|_| None).collect();
        while wires.iter().any(Option::is_none) {
            match listener.accept() {
                Ok((wire, from)) => {
                    let (rank, wire) = admitted(wire, own).with_context(|| format!("a process at {from}"))?;
                    ensure!(
                        wires[rank - 1].replace(wire).is_none(),
                        input_error(format!("two processes say they are rank {rank}"))
                    );
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let here = 1 + wires.iter().flatten().count();
                    if Instant::now() > until {
                        bail!("{here} of {} ranks came in time; start all of them", own.world);
                    }
                    thread::sleep(RETRY);
                }
                Err(error) => return Err(error).context("waiting for the other ranks"),
            }
        }
        let mut wires: Vec<TcpStream> = wires.into_iter().flatten().collect();
        for wire in &mut wires {
            send(wire, DATA, &[])?;
        }
        Ok(Self::Hub(wires))
    }

    fn join(own: &Hello, address: &str, until: Instant) -> Result<Self> {
        let mut wire = loop {
            match TcpStream::connect(address) {
                Ok(wire) => break wire,
                Err(error) if Instant::now() > until => bail!(
                    "rank {} finds no rank 0 at {address} ({error}); check MASTER_ADDR and MASTER_PORT",
                    own.rank
                ),
                Err(_) => thread::sleep(RETRY),
            }
        };
        prepare(&wire)?;
        send(&mut wire, DATA, &serde_json::to_vec(own)?)?;
        receive(&mut wire)
            .with_context(|| format!("rank 0 did not take rank {} in; see what it says", own.rank))?;
        Ok(Self::Spoke(wire))
    }

    /// Everybody's bytes, by rank.
    pub fn gather(&mut self, own: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        match self {
            Self::Spoke(wire) => {
                send(wire, DATA, &own).map_err(|_| LostPeer { rank: 0 })?;
                unpacked(&from_hub(wire)?)
            }
            Self::Hub(wires) => {
                let mut parts = vec![own];
                for rank in 1..=wires.len() {
                    parts.push(from_spoke(wires, rank)?);
                }
                let all = packed(&parts);
                to_spokes(wires, &all)?;
                Ok(parts)
            }
        }
    }

    /// Everybody's numbers, added up.
    pub fn sum(&mut self, values: &mut [f32]) -> Result<()> {
        for piece in values.chunks_mut(PIECE) {
            match self {
                Self::Spoke(wire) => {
                    send(wire, DATA, &bytes_of(piece)).map_err(|_| LostPeer { rank: 0 })?;
                    fill(piece, &from_hub(wire)?, |_, total| total)?;
                }
                Self::Hub(wires) => {
                    for rank in 1..=wires.len() {
                        fill(piece, &from_spoke(wires, rank)?, |sum, other| sum + other)?;
                    }
                    to_spokes(wires, &bytes_of(piece))?;
                }
            }
        }
        Ok(())
    }
}

/// Reads who connects, and refuses who does not belong.
fn admitted(wire: TcpStream, own: &Hello) -> Result<(usize, TcpStream)> {
    wire.set_nonblocking(false)?;
    prepare(&wire)?;
    wire.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut wire = wire;
    let (_, hello) = receive(&mut wire)?;
    wire.set_read_timeout(None)?;
    let hello: Hello = serde_json::from_slice(&hello).context("does not speak as a rank does")?;
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
    Ok((hello.rank, wire))
}

/// Small messages go at once, and a machine that vanished is noticed within a minute.
fn prepare(wire: &TcpStream) -> Result<()> {
    wire.set_nodelay(true)?;
    #[cfg(unix)]
    {
        use rustix::net::sockopt;
        sockopt::set_socket_keepalive(wire, true)?;
        #[cfg(target_os = "linux")]
        {
            sockopt::set_tcp_keepidle(wire, Duration::from_secs(20))?;
            sockopt::set_tcp_keepintvl(wire, Duration::from_secs(10))?;
            sockopt::set_tcp_keepcnt(wire, 4)?;
        }
    }
    Ok(())
}

fn send(wire: &mut TcpStream, kind: u8, body: &[u8]) -> io::Result<()> {
    let mut head = [0; 9];
    head[0] = kind;
    head[1..].copy_from_slice(&(body.len() as u64).to_le_bytes());
    wire.write_all(&head)?;
    wire.write_all(body)
}

fn receive(wire: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 9];
    wire.read_exact(&mut head)?;
    let length = u64::from_le_bytes(head[1..].try_into().expect("eight bytes"));
    let mut body = Vec::new();
    let read = wire.take(length).read_to_end(&mut body)?;
    if read as u64 == length { Ok((head[0], body)) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

/// What rank 0 sends: data, or who was lost.
fn from_hub(wire: &mut TcpStream) -> Result<Vec<u8>> {
    match receive(wire).map_err(|_| LostPeer { rank: 0 })? {
        (LOST, rank) => Err(LostPeer { rank: serde_json::from_slice(&rank)? }.into()),
        (_, body) => Ok(body),
    }
}

/// What a rank sends. Once one is lost, the others are told and the work is over.
fn from_spoke(wires: &mut [TcpStream], rank: usize) -> Result<Vec<u8>> {
    receive(&mut wires[rank - 1]).map(|(_, body)| body).map_err(|_| {
        tell_lost(wires, rank);
        LostPeer { rank }.into()
    })
}

fn to_spokes(wires: &mut [TcpStream], body: &[u8]) -> Result<()> {
    for rank in 1..=wires.len() {
        if send(&mut wires[rank - 1], DATA, body).is_err() {
            tell_lost(wires, rank);
            return Err(LostPeer { rank }.into());
        }
    }
    Ok(())
}

fn tell_lost(wires: &mut [TcpStream], rank: usize) {
    let body = serde_json::to_vec(&rank).expect("a number is JSON");
    for wire in wires {
        // Who cannot be told notices the broken wire.
        let _ = send(wire, LOST, &body);
    }
}

fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Combines each value with the one that came in.
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

/// Parts with their lengths before them.
fn packed(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend((part.len() as u64).to_le_bytes());
        bytes.extend(part);
    }
    bytes
}

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
