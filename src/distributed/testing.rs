//! What tests of ranks share: meetings within this process, and a wire that can be cut.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Peers, Rendezvous, Secret};

/// A meeting at an address at which nothing listens yet.
pub(super) fn meeting() -> Rendezvous {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    let secret = Secret::Given("the secret of the tests".to_owned());
    Rendezvous {
        meeting: Duration::from_secs(20),
        silence: Duration::from_secs(5),
        ..Rendezvous::at(address, secret)
    }
}

/// Runs `work` on every rank, in a thread each; the results are in the order of the ranks.
pub(super) fn together<T: Send>(
    world: usize,
    rendezvous: &Rendezvous,
    work: impl Fn(Peers) -> T + Sync,
) -> Vec<T> {
    let work = &work;
    thread::scope(|scope| {
        let start = |rank| scope.spawn(move || work(Peers::meet(rank, world, rendezvous, "test").unwrap()));
        let ranks: Vec<_> = (0..world).map(start).collect();
        ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
    })
}

/// A wire between two ranks: passes on what one says to the other, until it is cut.
pub(super) struct Proxy {
    pub(super) address: String,
    cut: Arc<AtomicBool>,
    /// What the rank that connected has said.
    heard: Arc<Mutex<Vec<u8>>>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    /// Passes one connection on to an address, once somebody listens there.
    pub(super) fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let cut = Arc::new(AtomicBool::new(false));
        let (heard, streams) = (Arc::default(), Arc::<Mutex<Vec<TcpStream>>>::default());
        let proxy = Self { address, cut, heard, streams };
        let (cut, heard, streams) = (proxy.cut.clone(), proxy.heard.clone(), proxy.streams.clone());
        let target = target.to_owned();
        thread::spawn(move || {
            let (guest, _) = listener.accept().unwrap();
            let until = Instant::now() + Duration::from_secs(10);
            let host = loop {
                match TcpStream::connect(&target) {
                    Ok(host) => break host,
                    Err(error) => assert!(Instant::now() < until, "{error}"),
                }
            };
            streams.lock().unwrap().extend([guest.try_clone().unwrap(), host.try_clone().unwrap()]);
            let (to_guest, from_host, back) =
                (guest.try_clone().unwrap(), host.try_clone().unwrap(), cut.clone());
            thread::spawn(move || pass_on(from_host, to_guest, &back, |_| {}));
            pass_on(guest, host, &cut, |bytes| heard.lock().unwrap().extend(bytes));
        });
        proxy
    }

    /// From now on nothing passes in either direction, and nobody is told.
    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    /// Both ends see that the other has hung up.
    pub(super) fn close(&self) {
        for stream in self.streams.lock().unwrap().iter() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// All that the rank that connected has said.
    pub(super) fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap().clone()
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, cut: &AtomicBool, heard: impl Fn(&[u8])) {
    let mut buffer = [0; 65536];
    loop {
        let read = from.read(&mut buffer).unwrap_or(0);
        // The streams stay open: the other thread, or the test, holds them.
        if cut.load(Ordering::SeqCst) {
            return;
        }
        if read == 0 {
            let _ = to.shutdown(Shutdown::Write);
            return;
        }
        heard(&buffer[..read]);
        if to.write_all(&buffer[..read]).is_err() {
            return;
        }
    }
}
