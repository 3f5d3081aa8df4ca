//! Several processes at one run, the ranks: who they are, and what they exchange.
//!
//! Every rank does the same work in the same order on its share of it, and each exchange hands all ranks the
//! same bytes: what follows from them is then the same everywhere, and nothing else needs to be sent. Who connects
//! must prove that it belongs to the run before anything else of what it says is read, and a rank that falls silent
//! is given up after a stated time. Knows bytes and numbers; knows nothing of what they mean, and reads no
//! environment.

mod connection;
mod connections;
mod deadline;
mod door;
mod frame;
mod handshake;
mod inbox;
mod join;
mod lost;
mod owner;
mod peers;
mod rank;
mod rendezvous;
mod secret;
#[cfg(test)]
mod testing;
mod welcome;

pub use lost::LostPeer;
pub use peers::{ALONE, Peers, Team};
pub use rank::Rank;
pub use rendezvous::Rendezvous;
pub use secret::Secret;
