//! Rank 0 waits until every rank of the run is there. Who does not belong to the run is turned away, and the run waits
//! on; only the end of the time ends the wait.

use std::{
    net::SocketAddr,
    sync::mpsc::SyncSender,
    time::{Duration, Instant},
};

use anyhow::{Error, Result, anyhow};

use super::{
    connection::{Ends, PeerConnection},
    connections::Connections,
    door::Door,
    handshake::{HANDSHAKE, Hello, Proven, Stranger},
    inbox::{Event, Inbox},
    rendezvous::Rendezvous,
};
use crate::error::input_error;

/// The pause before rank 0 looks for others again.
const RETRY: Duration = Duration::from_millis(20);

/// When rank 0 first says for whom it waits.
const FIRST_NOTICE: Duration = Duration::from_secs(10);

/// How often it says so then.
const NOTICES: Duration = Duration::from_secs(30);

/// How many ranks a message names.
const NAMED: usize = 8;

/// Waits for the other ranks, and tells each of them when all are there.
///
/// # Errors
/// When some are not there in time.
pub(super) fn welcome(own: &Hello, rendezvous: &Rendezvous) -> Result<Connections> {
    let mut door = Door::open(&rendezvous.address, &rendezvous.secret)?;
    let mut seats = Seats::new(own.clone(), rendezvous.silence);
    let start = Instant::now();
    let mut notice = FIRST_NOTICE;
    while !seats.missing().is_empty() {
        if let Some((from, proven)) = door.next(RETRY) {
            seats.place(from, proven, &mut door);
        }
        seats.vacate();
        let waited = start.elapsed();
        if waited > rendezvous.meeting {
            return Err(seats.give_up(rendezvous.meeting));
        }
        if waited > notice {
            let left = (rendezvous.meeting - waited).as_secs();
            let missing = listed(&seats.missing());
            say!("waiting for {missing} of {} at {}, for {left} s more", own.world, rendezvous.address);
            notice += NOTICES;
        }
    }
    drop(door);
    seats.begin()
}

/// The ranks that are there.
struct Seats {
    own: Hello,
    silence: Duration,
    /// Of ranks 1, 2 and so on.
    taken: Vec<Option<PeerConnection>>,
    inbox: Inbox,
    events: SyncSender<Event>,
    /// Why ranks of the run's own were turned away.
    refused: Vec<String>,
}

impl Seats {
    fn new(own: Hello, silence: Duration) -> Self {
        let (inbox, events) = Inbox::new(own.world);
        let taken = (1..own.world).map(|_| None).collect();
        Self { own, silence, taken, inbox, events, refused: Vec::new() }
    }

    fn missing(&self) -> Vec<usize> {
        (1..).zip(&self.taken).filter(|(_, seat)| seat.is_none()).map(|(rank, _)| rank).collect()
    }

    /// Takes a rank in, or tells it why not.
    fn place(&mut self, from: SocketAddr, proven: Proven, door: &mut Door) {
        let rank = proven.hello.rank;
        let refusal = self.objection(&proven.hello);
        let told = proven.answer(refusal.clone(), HANDSHAKE);
        if let Some(why) = refusal {
            let message = format!("rank {rank} at {from} was refused: {why}");
            say!("{message}; still waiting for {}", listed(&self.missing()));
            self.refused.truncate(NAMED - 1);
            self.refused.push(message);
            return;
        }
        let ends = Ends { own: 0, other: rank, world: self.own.world, silence: self.silence };
        match told.and_then(|stream| PeerConnection::start(stream, ends, self.events.clone())) {
            Ok(connection) => self.taken[rank - 1] = Some(connection),
            Err(error) => {
                let wrong = format!("proved to be rank {rank} and was lost again ({error})");
                door.dropped(from, &Stranger { wrong, greeted: true });
            }
        }
    }

    /// What is wrong with a rank that knows the secret.
    fn objection(&self, hello: &Hello) -> Option<String> {
        let Hello { version, rank, world, silence, work } = hello;
        let own = &self.own;
        if *version != own.version {
            return Some(format!("it runs spark {version} and rank 0 {}", own.version));
        }
        if *world != own.world {
            return Some(format!("its WORLD_SIZE is {world} and that of rank 0 {}", own.world));
        }
        if !(1..own.world).contains(rank) {
            return Some(format!("a RANK of {rank} does not fit a WORLD_SIZE of {world}"));
        }
        if *silence != own.silence {
            let seconds = |milliseconds: u64| milliseconds as f64 / 1000.0;
            return Some(format!(
                "its SPARK_RANK_TIMEOUT is {} s and that of rank 0 {} s",
                seconds(*silence),
                seconds(own.silence)
            ));
        }
        if *work != own.work {
            return Some("it is at another recipe or seed; start all ranks with the same command".to_owned());
        }
        let seated = self.taken[rank - 1].as_ref()?;
        Some(format!("rank {rank} is there already, at {}", seated.address))
    }

    /// Empties the seats of ranks that have gone again.
    fn vacate(&mut self) {
        for lost in self.inbox.left() {
            say!("{lost}; waiting for it to come again");
            self.taken[lost.rank - 1] = None;
        }
    }

    /// Tells all who are there that the run does not begin.
    fn give_up(self, meeting: Duration) -> Error {
        let missing = listed(&self.missing());
        let why = format!(
            "{missing} of {} did not come within {} s (SPARK_MEETING_TIMEOUT); start all of them",
            self.own.world,
            meeting.as_secs_f64()
        );
        Connections::new(0, self.inbox, self.taken.into_iter().flatten().collect()).leave(&why);
        if self.refused.is_empty() {
            return anyhow!(why);
        }
        input_error(format!("{why}; {}", self.refused.join("; ")))
    }

    fn begin(self) -> Result<Connections> {
        let mut connections = Connections::new(0, self.inbox, self.taken.into_iter().flatten().collect());
        connections.start()?;
        Ok(connections)
    }
}

/// Ranks by number, the first few of them.
fn listed(ranks: &[usize]) -> String {
    let numbers: Vec<String> = ranks.iter().take(NAMED).map(usize::to_string).collect();
    let more = ranks.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} {}{more}", if ranks.len() == 1 { "rank" } else { "ranks" }, numbers.join(", "))
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpStream,
        thread,
    };

    use super::*;
    use crate::distributed::{
        Peers, Secret,
        testing::{Proxy, meeting},
    };

    /// A meeting of two that anybody may try to disturb; `disturb` gets its address.
    fn two_meet_in_spite_of(disturb: impl FnOnce(&str)) {
        let meeting = meeting();
        thread::scope(|scope| {
            let first = scope.spawn(|| Peers::meet(0, 2, &meeting, "test").unwrap().gather(0).unwrap());
            disturb(&meeting.address);
            let start = Instant::now();
            let second = Peers::meet(1, 2, &meeting, "test").unwrap();
            assert_eq!(second.gather(1).unwrap(), [0, 1]);
            assert!(start.elapsed() < HANDSHAKE / 2, "strangers keep ranks out");
            assert_eq!(first.join().unwrap(), [0, 1]);
        });
    }

    fn connect(address: &str) -> TcpStream {
        let until = Instant::now() + Duration::from_secs(5);
        loop {
            match TcpStream::connect(address) {
                Ok(stream) => return stream,
                Err(error) => assert!(Instant::now() < until, "{error}"),
            }
        }
    }

    /// Sends something; returns what comes back until the connection ends.
    fn answered(address: &str, bytes: &[u8]) -> Vec<u8> {
        let mut stream = connect(address);
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        // Rank 0 may have hung up amid them.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        if let Err(error) = stream.read_to_end(&mut answer) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "it is still listened to");
        }
        answer
    }

    #[test]
    fn strangers_are_turned_away_without_an_answer_and_the_run_waits_on() {
        two_meet_in_spite_of(|address| {
            let hello = [[0].as_slice(), &(1_u64 << 60).to_le_bytes(), &[b'x'; 100_000]].concat();
            for bytes in [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".as_slice(), &hello, b"spark ranks 9\r\n\0"] {
                assert!(answered(address, bytes).is_empty());
            }
            drop(connect(address));
        });
    }

    #[test]
    fn whoever_is_silent_or_slow_keeps_nobody_out() {
        let mut held = Vec::new();
        two_meet_in_spite_of(|address| {
            for number in 0..200 {
                let mut stream = connect(address);
                stream.write_all(&b"spark ranks"[..number % 12]).unwrap();
                held.push(stream);
            }
        });
    }

    #[test]
    fn who_does_not_know_the_secret_is_no_rank() {
        two_meet_in_spite_of(|address| {
            for secret in [Secret::Given("another secret!!".to_owned()), Secret::Absent] {
                let error = Peers::meet(1, 2, &Rendezvous::at(address, secret), "test").unwrap_err();
                assert!(crate::error::is_input_error(&error));
                assert!(error.to_string().contains("SPARK_SECRET"), "{error}");
            }
        });
    }

    #[test]
    fn what_a_rank_said_once_is_worth_nothing_a_second_time() {
        let first = meeting();
        let proxy = Proxy::to(&first.address);
        let through = Rendezvous { address: proxy.address.clone(), ..first.clone() };
        thread::scope(|scope| {
            let zero = scope.spawn(|| drop(Peers::meet(0, 2, &first, "test").unwrap()));
            drop(Peers::meet(1, 2, &through, "test").unwrap());
            zero.join().unwrap();
        });
        let said = proxy.heard();
        assert!(said.len() > 130 && said.starts_with(b"spark ranks"), "greeting, nonce, proof and hello");
        // Rank 0 answers with its greeting and a nonce, and with nothing after the proof of another nonce.
        two_meet_in_spite_of(|address| assert_eq!(answered(address, &said).len(), 48));
    }

    #[test]
    fn ranks_that_do_not_fit_are_refused_by_name_and_others_waited_for() {
        two_meet_in_spite_of(|address| {
            let meeting = Rendezvous { address: address.to_owned(), ..meeting() };
            let slower = Rendezvous { silence: Duration::from_secs(7), ..meeting.clone() };
            let refused = |rank, world, meeting: &Rendezvous, work| {
                let error = Peers::meet(rank, world, meeting, work).unwrap_err();
                assert!(crate::error::is_input_error(&error));
                error.to_string()
            };
            assert!(refused(1, 2, &meeting, "other").contains("another recipe"));
            assert!(refused(1, 3, &meeting, "test").contains("WORLD_SIZE is 3"));
            assert!(refused(2, 2, &meeting, "test").contains("RANK of 2"));
            assert!(refused(1, 2, &slower, "test").contains("SPARK_RANK_TIMEOUT is 7 s"));
        });
    }

    #[test]
    fn a_rank_that_leaves_before_the_run_begins_may_come_again() {
        let meeting = meeting();
        let proxy = Proxy::to(&meeting.address);
        let early = Rendezvous { address: proxy.address.clone(), ..meeting.clone() };
        thread::scope(|scope| {
            let zero = scope.spawn(|| Peers::meet(0, 3, &meeting, "test").unwrap().gather(0).unwrap());
            let gone = scope.spawn(|| Peers::meet(1, 3, &early, "test").unwrap_err().to_string());
            let until = Instant::now() + Duration::from_secs(5);
            // Its first heartbeat: it has been taken in.
            while !proxy.heard().ends_with(&[0; 9]) {
                assert!(Instant::now() < until, "no heartbeat");
                thread::sleep(Duration::from_millis(10));
            }
            let error = Peers::meet(1, 3, &meeting, "test").unwrap_err().to_string();
            assert!(error.contains("rank 1 is there already, at 127.0.0.1:"), "{error}");
            proxy.close();
            let said = gone.join().unwrap();
            assert!(said.contains("rank 0 at 127.0.0.1:"), "{said}");
            let others = [1, 2].map(|rank| {
                let meeting = &meeting;
                scope.spawn(move || {
                    loop {
                        // The seat is free once the end of its connection has been seen.
                        if let Ok(peers) = Peers::meet(rank, 3, meeting, "test") {
                            return peers.gather(rank).unwrap();
                        }
                    }
                })
            });
            for rank in others {
                assert_eq!(rank.join().unwrap(), [0, 1, 2]);
            }
            assert_eq!(zero.join().unwrap(), [0, 1, 2]);
        });
    }

    #[test]
    fn who_does_not_come_is_named_to_all_who_did() {
        let short = Rendezvous { meeting: Duration::from_millis(500), ..meeting() };
        let errors = thread::scope(|scope| {
            let ranks = [0, 1].map(|rank| {
                let short = &short;
                scope.spawn(move || Peers::meet(rank, 4, short, "test").unwrap_err().to_string())
            });
            ranks.map(|rank| rank.join().unwrap())
        });
        for error in errors {
            assert!(error.contains("ranks 2, 3 of 4 did not come within 0.5 s"), "{error}");
        }
        let nobody = Rendezvous { meeting: Duration::from_millis(200), ..meeting() };
        let error = Peers::meet(1, 2, &nobody, "test").unwrap_err().to_string();
        assert!(error.contains("MASTER_ADDR") && error.contains("0.2 s"), "{error}");
    }

    #[test]
    fn a_refusal_is_told_again_at_the_end() {
        let short = Rendezvous { meeting: Duration::from_millis(500), ..meeting() };
        thread::scope(|scope| {
            let other = scope.spawn(|| Peers::meet(1, 2, &short, "theirs").map(drop));
            let error = Peers::meet(0, 2, &short, "ours").unwrap_err();
            assert!(crate::error::is_input_error(&error));
            assert!(error.to_string().contains("another recipe"), "{error}");
            assert!(other.join().unwrap().is_err());
        });
    }

    #[test]
    fn ranks_are_listed_by_number() {
        assert_eq!(listed(&[3]), "rank 3");
        assert_eq!(listed(&[1, 2]), "ranks 1, 2");
        assert_eq!(listed(&(1..12).collect::<Vec<_>>()), "ranks 1, 2, 3, 4, 5, 6, 7, 8 and 3 more");
    }

    #[test]
    fn a_rank_that_does_not_fit_is_told_what_differs() {
        let own = Hello { version: "1.0".into(), rank: 0, world: 3, silence: 60_000, work: "a".into() };
        let seats = Seats::new(own.clone(), Duration::from_secs(60));
        let fits = Hello { rank: 2, ..own.clone() };
        assert_eq!(seats.objection(&fits), None);
        let refused = |hello: Hello| seats.objection(&hello).unwrap();
        assert!(refused(Hello { version: "2.0".into(), ..fits.clone() }).contains("spark 2.0"));
        assert!(refused(Hello { world: 4, ..fits.clone() }).contains("WORLD_SIZE is 4"));
        for rank in [0, 3, usize::MAX] {
            assert!(refused(Hello { rank, ..fits.clone() }).contains("does not fit"));
        }
        assert!(refused(Hello { silence: 2000, ..fits.clone() }).contains("SPARK_RANK_TIMEOUT is 2 s"));
        assert!(refused(Hello { work: "b".into(), ..fits }).contains("another recipe"));
    }
}
