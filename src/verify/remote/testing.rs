//! A reward server for tests: one thread per connection, one request per connection.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

use serde_json::Value;

/// What the server does with a request.
pub(crate) enum Answer {
    /// A status and a body.
    Status(u16, String),
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// Nothing, until the client hangs up.
    Silence,
}

impl Answer {
    pub(crate) fn ok(body: impl ToString) -> Self {
        Self::Status(200, body.to_string())
    }
}

/// A request as it came.
pub(crate) struct Received {
    pub head: String,
    pub body: Value,
}

#[derive(Default)]
struct Shared {
    received: Mutex<Vec<Received>>,
    open: AtomicUsize,
    most_open: AtomicUsize,
    stop: AtomicBool,
}

pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

impl Server {
    /// A server whose answers `answer` makes from the number of requests before and the request's body.
    pub(crate) fn start(answer: impl Fn(usize, &Value) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let (seen, answer) = (shared.clone(), Arc::new(answer));
        let listening = thread::spawn(move || {
            for stream in listener.incoming() {
                if seen.stop.load(Ordering::SeqCst) {
                    return;
                }
                let (seen, answer) = (seen.clone(), answer.clone());
                thread::spawn(move || serve(stream.unwrap(), &seen, &*answer));
            }
        });
        Self { address, shared, listening: Some(listening) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/get_reward", self.address)
    }

    /// The requests so far.
    pub(crate) fn received(&self) -> std::sync::MutexGuard<'_, Vec<Received>> {
        self.shared.received.lock().unwrap()
    }

    /// The most connections that were open at once.
    pub(crate) fn most_open(&self) -> usize {
        self.shared.most_open.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // A connection wakes the listener, which then sees that it should stop.
        drop(TcpStream::connect(self.address));
        self.listening.take().unwrap().join().unwrap();
    }
}

fn serve(mut stream: TcpStream, shared: &Shared, answer: &dyn Fn(usize, &Value) -> Answer) {
    let open = shared.open.fetch_add(1, Ordering::SeqCst) + 1;
    shared.most_open.fetch_max(open, Ordering::SeqCst);
    let request = read_request(&mut stream);
    let body = request.body.clone();
    let before = {
        let mut received = shared.received.lock().unwrap();
        received.push(request);
        received.len() - 1
    };
    let answer = answer(before, &body);
    // The connection is given up before the client gets its answer: the client's next one must not be counted on
    // top of it.
    shared.open.fetch_sub(1, Ordering::SeqCst);
    // A client that has hung up is part of some tests.
    let _ = match answer {
        Answer::Status(status, body) => write!(
            stream,
            "HTTP/1.1 {status} Status\r\ncontent-length: {}\r\nlocation: /elsewhere\r\n\r\n{body}",
            body.len()
        ),
        Answer::Raw(bytes) => stream.write_all(&bytes),
        Answer::Silence => stream.read(&mut [0]).map(drop),
    };
}

fn read_request(stream: &mut TcpStream) -> Received {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "the head breaks off: {head:?}");
    }
    head.make_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    Received { head, body: serde_json::from_slice(&body).unwrap() }
}
