//! Every rank but the first looks for rank 0, and waits until it is told that all are there.

use std::{
    io,
    net::{TcpStream, ToSocketAddrs},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use super::{
    connection::{Ends, PeerConnection},
    connections::Connections,
    handshake::{HANDSHAKE, Hello, NotIntroduced, introduce},
    inbox::Inbox,
    rendezvous::Rendezvous,
    secret::Secret,
};
use crate::error::input_error;

/// The pause before rank 0 is looked for again.
const RETRY: Duration = Duration::from_millis(50);

/// The longest wait for one address to answer; a machine that is not there yet may never do so.
const CONNECT: Duration = Duration::from_secs(5);

/// When a rank first says that it still looks for rank 0, and how often then.
const NOTICES: Duration = Duration::from_secs(30);

/// Joins the run of the rank 0 that listens at the meeting's address.
///
/// # Errors
/// When there is none in time, or it does not take this rank in.
pub(super) fn join(own: &Hello, rendezvous: &Rendezvous) -> Result<Connections> {
    let Rendezvous { address, meeting, silence, .. } = rendezvous;
    let start = Instant::now();
    let mut notice = NOTICES;
    let stream = loop {
        let missed = match found(own, rendezvous) {
            Ok(stream) => break stream,
            Err(NotIntroduced::Turned(why)) => {
                return Err(input_error(format!(
                    "rank {} tried to join: what listens at {address} {why}",
                    own.rank
                )));
            }
            Err(NotIntroduced::Unheard(error)) => error,
        };
        let waited = start.elapsed();
        if waited > *meeting {
            bail!(
                "rank {} found no rank 0 at {address} within {} s (the last try: {missed}); check MASTER_ADDR and \
                 MASTER_PORT, and whether rank 0 runs; SPARK_MEETING_TIMEOUT is how long ranks wait",
                own.rank,
                meeting.as_secs_f64()
            );
        }
        if waited > notice {
            say!("rank {} still looks for rank 0 at {address} ({missed})", own.rank);
            notice += NOTICES;
        }
        thread::sleep(RETRY);
    };
    let (inbox, events) = Inbox::new(own.world);
    let ends = Ends { own: own.rank, other: 0, world: own.world, silence: *silence };
    let connection = PeerConnection::start(stream, ends, events)?;
    let mut connections = Connections::new(own.rank, inbox, vec![connection]);
    connections.start()?;
    Ok(connections)
}

/// One try: a connection to the rank 0 that took this rank in.
fn found(own: &Hello, rendezvous: &Rendezvous) -> Result<TcpStream, NotIntroduced> {
    let stream = connected(&rendezvous.address).map_err(NotIntroduced::Unheard)?;
    let [here, there] =
        [stream.local_addr(), stream.peer_addr()].map(|end| end.map_err(NotIntroduced::Unheard));
    if here?.ip().to_canonical() != there?.ip().to_canonical() && rendezvous.secret == Secret::Absent {
        let why =
            "is on another machine: ranks of several machines need SPARK_SECRET, the same for all of them";
        return Err(NotIntroduced::Turned(why.to_owned()));
    }
    introduce(&stream, &rendezvous.secret, own, HANDSHAKE)?;
    Ok(stream)
}

/// Connects to the first of a name's addresses that answers.
fn connected(address: &str) -> io::Result<TcpStream> {
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            // The system may connect a port that nobody listens at with itself.
            Ok(stream) if stream.local_addr()? == stream.peer_addr()? => {
                failure = io::ErrorKind::ConnectionRefused.into();
            }
            connected @ Ok(_) => return connected,
            Err(error) => failure = error,
        }
    }
    Err(failure)
}
