//! A hub for tests: the addresses of the Hugging Face hub for repositories in memory, and a second host from which large
//! files come, as they do there. Answers can be spoilt once each.
#![allow(dead_code)]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use serde_json::{Value, json};

/// The commit of every repository that says nothing else.
pub const COMMIT: &str = "1111111111111111111111111111111111111111";

/// A repository and its state.
#[derive(Clone)]
pub struct Repository {
    pub commit: String,
    /// Contents by path. Those that end in `.safetensors` or `.parquet` come from the second host.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What the head of its README says.
    pub card: Value,
    /// Who has no such token is refused with this status, code and message.
    pub guard: Option<(String, u16, &'static str, &'static str)>,
}

impl Repository {
    pub fn new(files: &[(&str, &[u8])]) -> Self {
        let files = files.iter().map(|(path, content)| ((*path).to_owned(), content.to_vec())).collect();
        Self { commit: COMMIT.to_owned(), files, card: Value::Null, guard: None }
    }
}

/// What is wrong with one answer.
#[derive(Clone)]
pub enum Fault {
    /// The connection ends after so many bytes of the content.
    CutAfter(usize),
    /// The first byte is another one.
    Damaged,
    /// All of the content comes, whatever part was asked for.
    Whole,
    /// A status without a content, and a further header.
    Status(u16, &'static str),
    /// The answer takes a while.
    Late(Duration),
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// "hub" or "other".
    pub host: &'static str,
    pub method: String,
    pub path: String,
    pub range: Option<String>,
    pub authorization: Option<String>,
}

#[derive(Default)]
struct Shared {
    repositories: Mutex<BTreeMap<String, Repository>>,
    faults: Mutex<Vec<(String, Fault)>>,
    seen: Mutex<Vec<Seen>>,
    stop: AtomicBool,
}

pub struct HubServer {
    hub: SocketAddr,
    other: SocketAddr,
    shared: Arc<Shared>,
    listening: Vec<JoinHandle<()>>,
}

impl HubServer {
    pub fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [hub, other] = [0, 1].map(|index: usize| listeners[index].local_addr().unwrap());
        let listen = |(listener, host): (TcpListener, &'static str)| {
            let shared = shared.clone();
            thread::spawn(move || {
                for stream in listener.incoming() {
                    if shared.stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let shared = shared.clone();
                    thread::spawn(move || _ = serve(&stream.unwrap(), host, other, &shared));
                }
            })
        };
        let listening = listeners.into_iter().zip(["hub", "other"]).map(listen).collect();
        Self { hub, other, shared, listening }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.hub)
    }

    /// Puts a repository there, as `models/org/name` or `datasets/org/name`.
    pub fn put(&self, place: &str, repository: Repository) {
        self.shared.repositories.lock().unwrap().insert(place.to_owned(), repository);
    }

    /// Spoils the next answers to a GET of an address that ends so, one after the other.
    pub fn spoil(&self, ending: &str, faults: &[Fault]) {
        let faults = faults.iter().map(|fault| (ending.to_owned(), fault.clone()));
        self.shared.faults.lock().unwrap().extend(faults);
    }

    /// The requests since this was last asked.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen())
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.shared.seen.lock().unwrap()
    }
}

impl Drop for HubServer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // A connection wakes a listener, which then sees that it should stop.
        [self.hub, self.other].into_iter().for_each(|address| drop(TcpStream::connect(address)));
        self.listening.drain(..).for_each(|listening| listening.join().unwrap());
    }
}

/// What a content is called: as git calls a small one, or by its SHA-256.
pub fn etag(path: &str, content: &[u8]) -> String {
    let hash = match is_large(path) {
        true => digest(&SHA256, content),
        false => {
            let blob = [format!("blob {}\0", content.len()).as_bytes(), content].concat();
            digest(&SHA1_FOR_LEGACY_USE_ONLY, &blob)
        }
    };
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_large(path: &str) -> bool {
    path.ends_with(".safetensors") || path.ends_with(".parquet")
}

fn serve(stream: &TcpStream, host: &'static str, other: SocketAddr, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let mut first = head[0].split(' ');
    let (method, path) = (first.next().unwrap().to_owned(), first.next().unwrap().to_owned());
    let header = |name: &str| {
        let named = head.iter().filter_map(|line| line.split_once(": "));
        named.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
    };
    let seen = Seen { host, method, path, range: header("range"), authorization: header("authorization") };
    shared.seen.lock().unwrap().push(seen.clone());
    answer(stream, &seen, other, shared)
}

/// Takes the first fault that is meant for a request.
fn fault(seen: &Seen, shared: &Shared) -> Option<Fault> {
    let mut faults = shared.faults.lock().unwrap();
    let meant = |(ending, _): &(String, Fault)| seen.method == "GET" && seen.path.ends_with(ending.as_str());
    let at = faults.iter().position(meant)?;
    // A redirect is no content: what spoils that waits for the other host.
    let spoils_content = !matches!(faults[at].1, Fault::Status(..) | Fault::Late(_));
    let redirects = seen.host == "hub" && is_large(&seen.path);
    (!(spoils_content && redirects)).then(|| faults.remove(at).1)
}

fn answer(stream: &TcpStream, seen: &Seen, other: SocketAddr, shared: &Shared) -> std::io::Result<()> {
    let fault = fault(seen, shared);
    if let Some(Fault::Late(wait)) = fault {
        thread::sleep(wait);
    }
    if let Some(Fault::Status(status, header)) = fault {
        return respond(stream, seen, status, &[header.to_owned()], b"", 0);
    }
    let path = seen.path.replace("%2F", "/");
    let repositories = shared.repositories.lock().unwrap().clone();
    let found = repositories.iter().find_map(|(place, repository)| {
        let address = place.strip_prefix("models/").unwrap_or(place);
        let api = path.strip_prefix(&format!("/api/{place}/revision/")).map(|rest| (true, rest.to_owned()));
        let file = path.strip_prefix(&format!("/{address}/resolve/")).map(|rest| (false, rest.to_owned()));
        Some((repository, api.or(file)?))
    });
    let Some((repository, (is_api, rest))) = found else {
        return refuse(stream, seen, 404, "RepoNotFound", "Repository not found");
    };
    if let Some((token, status, code, message)) = &repository.guard {
        let asks = seen.authorization.as_deref();
        if seen.host == "hub" && asks != Some(format!("Bearer {token}").as_str()) {
            return refuse(stream, seen, *status, code, message);
        }
    }
    let (revision, file) = if is_api { (rest.as_str(), None) } else { split_revision(&rest, repository) };
    if revision != "main" && revision != repository.commit {
        return refuse(stream, seen, 404, "RevisionNotFound", "Invalid rev id");
    }
    let Some(file) = file else {
        let files: Vec<Value> = repository.files.keys().map(|file| json!({"rfilename": file})).collect();
        let body =
            json!({"sha": repository.commit, "siblings": files, "cardData": repository.card}).to_string();
        return respond(stream, seen, 200, &[], body.as_bytes(), body.len());
    };
    let Some(content) = repository.files.get(file) else {
        return refuse(stream, seen, 404, "EntryNotFound", "Entry not found");
    };
    send_file(stream, seen, (other, &repository.commit), (file, content), fault)
}

fn split_revision<'a>(rest: &'a str, repository: &Repository) -> (&'a str, Option<&'a str>) {
    let length =
        if rest.starts_with(&repository.commit) { repository.commit.len() } else { rest.find('/').unwrap() };
    (&rest[..length], Some(&rest[length + 1..]))
}

fn send_file(
    stream: &TcpStream,
    seen: &Seen,
    (other, commit): (SocketAddr, &str),
    (file, content): (&str, &[u8]),
    fault: Option<Fault>,
) -> std::io::Result<()> {
    let etag = etag(file, content);
    if seen.host == "hub" && is_large(file) {
        let headers = [
            format!("location: http://{other}{}", seen.path),
            format!("x-linked-etag: \"{etag}\""),
            format!("x-linked-size: {}", content.len()),
            format!("x-repo-commit: {commit}"),
        ];
        return respond(stream, seen, 302, &headers, b"", 0);
    }
    let mut content = content.to_vec();
    let size = content.len();
    let asked = seen.range.as_ref().filter(|_| !matches!(fault, Some(Fault::Whole)));
    let from: Option<usize> =
        asked.map(|range| range.trim_start_matches("bytes=").split('-').next().unwrap().parse().unwrap());
    let mut headers = vec![format!("etag: \"{etag}\""), format!("x-repo-commit: {commit}")];
    if let Some(from) = from {
        if from >= size {
            return respond(stream, seen, 416, &[], b"", 0);
        }
        headers.push(format!("content-range: bytes {from}-{}/{size}", size - 1));
        content.drain(..from);
    }
    if let Some(Fault::Damaged) = fault {
        content[0] ^= 1;
    }
    let length = content.len();
    if let Some(Fault::CutAfter(bytes)) = fault {
        content.truncate(bytes);
    }
    respond(stream, seen, if from.is_some() { 206 } else { 200 }, &headers, &content, length)
}

fn refuse(stream: &TcpStream, seen: &Seen, status: u16, code: &str, message: &str) -> std::io::Result<()> {
    let headers = [format!("x-error-code: {code}"), format!("x-error-message: {message}")];
    respond(stream, seen, status, &headers, b"", 0)
}

fn respond(
    mut stream: &TcpStream,
    seen: &Seen,
    status: u16,
    headers: &[String],
    body: &[u8],
    length: usize,
) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} Status\r\nconnection: close\r\ncontent-length: {length}\r\n");
    headers.iter().filter(|header| !header.is_empty()).for_each(|header| head += &format!("{header}\r\n"));
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    if seen.method == "HEAD" { Ok(()) } else { stream.write_all(body) }
}
