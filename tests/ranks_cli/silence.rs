//! Ranks that say nothing any more, though no connection is closed: stopped processes, a network that is down.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    process::{Child, Output},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{
    command::rows,
    processes::{ended, free_port, rank, stderr, steps_are_taken},
};

/// How long a rank may be silent in these tests, in seconds.
const SILENCE: u64 = 3;

/// How long the last step and a checkpoint may take besides.
const REST: Duration = Duration::from_secs(60);

/// Two ranks of a long run; the second one connects to a port of its own.
fn two(run: &Path, ports: [u16; 2]) -> [Child; 2] {
    two_with(run, ports, &["train.steps=1000", "checkpoint.every=1000"])
}

/// Two ranks under these settings.
fn two_with(run: &Path, ports: [u16; 2], settings: &[&str]) -> [Child; 2] {
    [0, 1].map(|number| {
        let mut command = rank(number, 2, run, ports[number], settings);
        command.env("SPARK_RANK_TIMEOUT", SILENCE.to_string()).spawn().unwrap()
    })
}

fn signal(process: &Child, signal: Signal) {
    kill_process(Pid::from_child(process), signal).unwrap();
}

/// The end of a rank that gives another one up, which takes as long as that may be silent and little more.
fn gives_up(left: Child, lost: usize) -> Output {
    let start = Instant::now();
    let left = left.wait_with_output().unwrap();
    let (took, said) = (start.elapsed(), stderr(&left));
    assert_eq!(left.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("rank {lost} at 127.0.0.1:")), "{said}");
    assert!(said.contains(&format!("has been silent for {SILENCE} s")), "{said}");
    assert!(took < Duration::from_secs(SILENCE) + REST, "{took:?}");
    left
}

fn is_saved(run: &Path, first: &Output) {
    let step = rows(&run.join("metrics.jsonl")).len();
    let said = stderr(first);
    assert!(run.join(format!("checkpoints/step-{step:06}/model.safetensors")).exists(), "{said}");
    assert!(said.contains("--resume"), "{said}");
}

#[test]
fn a_stopped_rank_is_given_up_and_learns_of_it_when_it_wakes() {
    let root = TempDir::new().unwrap();
    let (run, port) = (root.path().join("run"), free_port());
    let [first, second] = two(&run, [port; 2]);
    steps_are_taken(&run, 1);
    signal(&second, Signal::STOP);
    let first = gives_up(first, 1);
    is_saved(&run, &first);
    signal(&second, Signal::CONT);
    let [second] = ended([second]);
    let said = stderr(&second);
    assert_eq!(second.status.code(), Some(1));
    assert!(said.contains("rank 0 at 127.0.0.1:") && said.contains("gave this rank up"), "{said}");
}

#[test]
fn a_stopped_rank_0_is_given_up_by_the_others() {
    let root = TempDir::new().unwrap();
    let (run, port) = (root.path().join("run"), free_port());
    let [first, second] = two(&run, [port; 2]);
    steps_are_taken(&run, 1);
    signal(&first, Signal::STOP);
    gives_up(second, 0);
    signal(&first, Signal::CONT);
    let [first] = ended([first]);
    assert_eq!(first.status.code(), Some(1));
    assert!(stderr(&first).contains("rank 1 at 127.0.0.1:"), "{}", stderr(&first));
    is_saved(&run, &first);
}

#[test]
fn a_rank_that_wakes_in_time_goes_on() {
    let root = TempDir::new().unwrap();
    let (run, port) = (root.path().join("run"), free_port());
    let [first, second] = two_with(&run, [port; 2], &["train.steps=4"]);
    steps_are_taken(&run, 1);
    signal(&second, Signal::STOP);
    thread::sleep(Duration::from_secs(1));
    signal(&second, Signal::CONT);
    // A job that is suspended as a whole does not hold the time against itself.
    signal(&first, Signal::STOP);
    signal(&second, Signal::STOP);
    thread::sleep(Duration::from_secs(SILENCE + 2));
    signal(&first, Signal::CONT);
    signal(&second, Signal::CONT);
    let [first, second] = ended([first, second]);
    assert!(first.status.success() && second.status.success(), "{}\n{}", stderr(&first), stderr(&second));
    assert_eq!(rows(&run.join("metrics.jsonl")).len(), 4);
}

#[test]
fn who_was_asked_to_stop_is_named_by_the_others() {
    let root = TempDir::new().unwrap();
    let (run, port) = (root.path().join("run"), free_port());
    let [first, second] = two(&run, [port; 2]);
    steps_are_taken(&run, 1);
    signal(&second, Signal::INT);
    let [first, _] = ended([first, second]);
    let said = stderr(&first);
    let amid_a_step = said.contains("rank 1 at 127.0.0.1:") && said.contains("has ended: ");
    assert!(amid_a_step || said.contains("rank 1 was asked to stop"), "{said}");
    is_saved(&run, &first);
}

/// Both directions at once, without a word to either end: a cable that was pulled.
#[test]
fn ranks_whose_network_is_down_give_each_other_up() {
    let root = TempDir::new().unwrap();
    let (run, port, cut) = (root.path().join("run"), free_port(), Arc::new(AtomicBool::new(false)));
    let wire = wire(port, cut.clone());
    let [first, second] = two(&run, [port, wire]);
    steps_are_taken(&run, 1);
    cut.store(true, Ordering::SeqCst);
    let first = gives_up(first, 1);
    is_saved(&run, &first);
    gives_up(second, 0);
}

/// A port from which one connection is passed on to another port, until it is cut.
fn wire(to: u16, cut: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for guest in listener.incoming() {
            let guest = guest.unwrap();
            // Rank 0 may not listen yet; then the rank comes again.
            let Ok(host) = TcpStream::connect(("127.0.0.1", to)) else { continue };
            for (from, to) in [(&guest, &host), (&host, &guest)] {
                let (from, to, cut) = (from.try_clone().unwrap(), to.try_clone().unwrap(), cut.clone());
                thread::spawn(move || pass_on(from, to, &cut));
            }
        }
    });
    port
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, cut: &AtomicBool) {
    let mut buffer = [0; 65536];
    loop {
        let read = from.read(&mut buffer).unwrap_or(0);
        while cut.load(Ordering::SeqCst) {
            thread::park();
        }
        if read == 0 || to.write_all(&buffer[..read]).is_err() {
            let _ = to.shutdown(Shutdown::Write);
            return;
        }
    }
}
