//! How a process that connects and rank 0 prove to each other that they belong to one run.
//!
//! ```text
//! guest → host   greeting, nonce              48 bytes
//! host → guest   greeting, nonce              48 bytes
//! guest → host   who it is, and a proof       over both nonces: whoever lacks the secret is known here
//! host → guest   welcome or refused, and a proof
//! ```
//!
//! Nothing that a guest says is parsed before its proof holds, and no message has a length that the guest chooses
//! freely. The secret itself never travels. Knows nothing of which ranks are there already.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::Result;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    deadline::Deadline,
    secret::{Nonce, Party, Proof, Proofs, Secret, nonce},
};

/// The first bytes of both ends: the protocol and its version.
const GREETING: [u8; 16] = *b"spark ranks 2\r\n\0";

/// How much of the greeting is the same in all versions.
const ANY_VERSION: usize = 12;

/// How long each end may take to prove that it belongs to the run.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(10);

/// The most bytes of a message that carries a proof.
const LONGEST: usize = 2048;

/// What a rank says of itself. The ranks of one run say the same but for their number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hello {
    /// The version of the program.
    pub(super) version: String,
    pub(super) rank: usize,
    pub(super) world: usize,
    /// How long a rank may be silent, in milliseconds.
    pub(super) silence: u64,
    /// A hash of the work that the run does.
    pub(super) work: String,
}

/// A process that knows the secret, and what it says of itself.
pub(super) struct Proven {
    stream: TcpStream,
    proofs: Proofs,
    pub(super) hello: Hello,
}

impl Proven {
    /// The address of its end of the connection, where the connection still has one.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.stream.peer_addr().ok()
    }

    /// Tells the process that it is welcome, or why not. Gives the connection to it back.
    ///
    /// # Errors
    /// When it cannot be told.
    pub(super) fn answer(self, refusal: Option<String>, limit: Duration) -> io::Result<TcpStream> {
        write_proven(&mut Deadline::after(limit, &self.stream), &self.proofs, Party::Host, &refusal)?;
        Ok(self.stream)
    }
}

/// Why a process that has connected is turned away.
pub(super) struct Stranger {
    /// What was wrong with it, as what follows its address in a sentence.
    pub(super) wrong: String,
    /// Whether it began as a rank does: it may be one that is set up wrongly.
    pub(super) greeted: bool,
}

/// Rank 0's side: reads who connects, once it has proven that it knows the secret, all within `limit`.
///
/// # Errors
/// What was wrong with it.
pub(super) fn challenge(stream: TcpStream, secret: &Secret, limit: Duration) -> Result<Proven, Stranger> {
    let mut timed = Deadline::after(limit, &stream);
    let guest = read_greeting(&mut timed).map_err(|(sent, error)| Stranger {
        wrong: ungreeted(&sent, &error, limit),
        greeted: sent.starts_with(&GREETING[..ANY_VERSION]),
    })?;
    let (proofs, hello) =
        prove(&mut timed, guest, secret, limit).map_err(|wrong| Stranger { wrong, greeted: true })?;
    Ok(Proven { stream, proofs, hello })
}
/// Answers a greeting, and reads the proof and what it is for.
fn prove(
    timed: &mut Deadline<'_>,
    guest: Nonce,
    secret: &Secret,
    limit: Duration,
) -> Result<(Proofs, Hello), String> {
    let host = nonce().map_err(|error| error.to_string())?;
    let proofs = Proofs::new(secret, guest, host);
    let hello = write_greeting(timed, &host)
        .and_then(|()| read_proven(timed, &proofs, Party::Guest))
        .map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied => format!("does not know the run's secret ({})", secret.source()),
            _ => format!("greeted as a rank does, but did not say which one ({})", failure(&error, limit)),
        })?;
    Ok((proofs, hello))
}

/// How an introduction failed.
pub(super) enum NotIntroduced {
    /// Rank 0 hung up or was silent before it said anything: it may be busy, or not there yet behind a proxy.
    Unheard(io::Error),
    /// It answered, and it will not answer differently.
    Turned(String),
}

/// Another rank's side: tells rank 0 who this is, within `limit`.
///
/// # Errors
/// Why this rank is not taken in.
pub(super) fn introduce(
    stream: &TcpStream,
    secret: &Secret,
    hello: &Hello,
    limit: Duration,
) -> Result<(), NotIntroduced> {
    let turned = |why: &str| NotIntroduced::Turned(why.to_owned());
    let mut timed = Deadline::after(limit, stream);
    let guest = nonce().map_err(|error| turned(&error.to_string()))?;
    let host = write_greeting(&mut timed, &guest)
        .map_err(|error| (Vec::new(), error))
        .and_then(|()| read_greeting(&mut timed))
        .map_err(|(sent, error)| match error.kind() {
            ErrorKind::InvalidData => NotIntroduced::Turned(format!("is no rank 0: it {error}")),
            _ if sent.is_empty() => NotIntroduced::Unheard(error),
            _ => turned("answered as a rank does and then broke off"),
        })?;
    let proofs = Proofs::new(secret, guest, host);
    let source = secret.source();
    let refusal: Option<String> = write_proven(&mut timed, &proofs, Party::Guest, hello)
        .and_then(|()| read_proven(&mut timed, &proofs, Party::Host))
        .map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied => {
                turned(&format!("does not know this rank's secret ({source}); give all ranks the same SPARK_SECRET"))
            }
            _ => turned(&format!(
                "did not take this rank in ({}): does it have the secret of this rank ({source})? Give all ranks the \
                 same SPARK_SECRET; what rank 0 says tells more",
                failure(&error, limit)
            )),
        })?;
    refusal.map_or(Ok(()), |why| Err(NotIntroduced::Turned(format!("refused it: {why}"))))
}

fn write_greeting(to: &mut impl Write, nonce: &Nonce) -> io::Result<()> {
    to.write_all(&[GREETING.as_slice(), nonce].concat())
}

/// Reads a greeting and gives its nonce. Fails at the first byte that is not a greeting's, with what has come.
fn read_greeting(from: &mut impl Read) -> Result<Nonce, (Vec<u8>, io::Error)> {
    let mut bytes = [0; GREETING.len() + size_of::<Nonce>()];
    let mut read = 0;
    while read < bytes.len() {
        let came = match from.read(&mut bytes[read..]) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            came => came,
        };
        read += came.map_err(|error| (bytes[..read].to_vec(), error))?;
        let known = read.min(GREETING.len());
        if bytes[..known] != GREETING[..known] {
            return Err((bytes[..read].to_vec(), not_a_greeting(&bytes[..read])));
        }
    }
    Ok(bytes[GREETING.len()..].try_into().expect("the nonce is the rest"))
}

fn not_a_greeting(sent: &[u8]) -> io::Error {
    let message = if sent.starts_with(&GREETING[..ANY_VERSION]) {
        "speaks another version of the ranks' protocol; run one version of spark everywhere".to_owned()
    } else {
        format!("sent \"{}\", as no rank does", shown(sent))
    };
    io::Error::new(ErrorKind::InvalidData, message)
}

/// What to say of a process that sent no greeting.
fn ungreeted(sent: &[u8], error: &io::Error, limit: Duration) -> String {
    match error.kind() {
        ErrorKind::InvalidData => error.to_string(),
        _ if sent.is_empty() => format!("said nothing ({})", failure(error, limit)),
        _ => format!("sent only \"{}\" ({})", shown(sent), failure(error, limit)),
    }
}

/// The first bytes that a stranger sent, safe to print.
fn shown(sent: &[u8]) -> String {
    sent[..sent.len().min(GREETING.len())].escape_ascii().to_string()
}

fn failure(error: &io::Error, limit: Duration) -> String {
    match error.kind() {
        ErrorKind::UnexpectedEof => "it closed the connection".to_owned(),
        ErrorKind::TimedOut => format!("{} s passed", limit.as_secs_f64()),
        _ => error.to_string(),
    }
}

/// Writes a message behind its length and its proof.
fn write_proven(
    to: &mut impl Write,
    proofs: &Proofs,
    party: Party,
    message: &impl Serialize,
) -> io::Result<()> {
    let text = serde_json::to_vec(message)?;
    let length = u16::try_from(text.len()).ok().filter(|length| usize::from(*length) <= LONGEST);
    let length = length.ok_or(ErrorKind::InvalidInput)?;
    let proof = proofs.sign(party, &text);
    to.write_all(&[length.to_le_bytes().as_slice(), &proof, &text].concat())
}

/// Reads a message that [`write_proven`] wrote. It is parsed only when the proof holds; `PermissionDenied` when not.
fn read_proven<T: DeserializeOwned>(from: &mut impl Read, proofs: &Proofs, party: Party) -> io::Result<T> {
    let (mut length, mut proof): ([u8; 2], Proof) = Default::default();
    from.read_exact(&mut length)?;
    let length = usize::from(u16::from_le_bytes(length));
    if length > LONGEST {
        return Err(io::Error::new(
            ErrorKind::InvalidData,
            format!("it announced {length} bytes of {LONGEST}"),
        ));
    }
    from.read_exact(&mut proof)?;
    let mut text = vec![0; length];
    from.read_exact(&mut text)?;
    if !proofs.verify(party, &text, &proof) {
        return Err(ErrorKind::PermissionDenied.into());
    }
    Ok(serde_json::from_slice(&text)?)
}
