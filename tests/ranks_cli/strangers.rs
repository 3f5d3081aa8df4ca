//! Who is no rank of the run disturbs none of it: while rank 0 waits, and while it runs.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    process::Child,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{
    command::rows,
    processes::{ended, free_port, rank, stderr, steps_are_taken},
};

const SECRET: &str = "a secret of sixteen bytes and more";

/// Connects as soon as somebody listens.
fn connect(port: u16) -> TcpStream {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => return stream,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Sends something to rank 0, which hangs up without a word.
fn is_turned_away(port: u16, bytes: &[u8]) {
    let mut stream = connect(port);
    // It may hang up amid them.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(answer.is_empty(), "{}", answer.escape_ascii());
}

#[test]
fn strangers_are_named_and_the_run_goes_on() {
    let root = TempDir::new().unwrap();
    let (run, port) = (root.path().join("run"), free_port());
    let settings = ["train.steps=2"];
    let start = |number: usize, secret: &str| -> Child {
        rank(number, 2, &run, port, &settings).env("SPARK_SECRET", secret).spawn().unwrap()
    };
    let first = start(0, SECRET);
    is_turned_away(port, b"GET / HTTP/1.1\r\nHost: spark\r\n\r\n");
    is_turned_away(port, &[[0].as_slice(), &(1_u64 << 60).to_le_bytes(), &[b'{'; 1 << 16]].concat());
    is_turned_away(port, &[0xff; 4096]);
    connect(port).shutdown(Shutdown::Both).unwrap();
    let [impostor] = ended([start(1, "another secret of that length")]);
    assert_eq!(impostor.status.code(), Some(2));
    assert!(stderr(&impostor).contains("SPARK_SECRET"), "{}", stderr(&impostor));

    // Silent ones, one that sends a byte now and then, and a scan: all at once, and none of them in the way.
    let silent: Vec<TcpStream> = (0..20).map(|_| connect(port)).collect();
    let mut slow = connect(port);
    let slow = thread::spawn(move || {
        for byte in b"spark ranks 2\r\n\0".iter().cycle() {
            if slow.write_all(&[*byte]).is_err() {
                break;
            }
            thread::sleep(Duration::from_millis(700));
        }
    });
    for _ in 0..200 {
        drop(connect(port));
    }
    let second = start(1, SECRET);
    steps_are_taken(&run, 1);
    for _ in 0..200 {
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "nobody is listened to during the run");
    }
    let [first, second] = ended([first, second]);
    assert!(first.status.success() && second.status.success(), "{}\n{}", stderr(&first), stderr(&second));
    assert_eq!(rows(&run.join("metrics.jsonl")).len(), 2);
    let said = stderr(&first);
    for named in [
        "sent \"GET / HTTP/1.1\\r\\n\", as no rank does",
        "sent \"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x10{{{{{{{\"",
        "sent \"\\xff\\xff",
        "said nothing (it closed the connection)",
        "does not know the run's secret (SPARK_SECRET)",
        "connections in all",
    ] {
        assert!(said.contains(named), "{named}\n{said}");
    }
    assert!(said.lines().count() < 40, "a scan does not flood the log:\n{said}");
    assert!(!said.contains(SECRET) && !said.contains("another secret"), "{said}");
    drop(silent);
    slow.join().unwrap();
}

/// Nothing but the port says which run a rank belongs to where there is no secret; and the system who its user is.
#[test]
#[cfg(unix)]
fn another_user_of_the_machine_is_no_rank() {
    use std::os::unix::process::CommandExt;

    if !rustix::process::geteuid().is_root() {
        eprintln!("NOT TESTED: only root can start a process as another user");
        return;
    }
    let root = TempDir::new().unwrap();
    let (run, port) = (root.path().join("run"), free_port());
    let settings = ["train.steps=1"];
    let first = rank(0, 2, &run, port, &settings).spawn().unwrap();
    let impostor = rank(1, 2, &run, port, &settings).uid(65534).gid(65534).spawn().unwrap();
    let [impostor] = ended([impostor]);
    assert_eq!(impostor.status.code(), Some(2), "{}", stderr(&impostor));
    let [first, second] = ended([first, rank(1, 2, &run, port, &settings).spawn().unwrap()]);
    assert!(first.status.success() && second.status.success(), "{}\n{}", stderr(&first), stderr(&second));
    assert!(stderr(&first).contains("another user (number 65534)"), "{}", stderr(&first));
}
