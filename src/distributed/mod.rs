//! Several processes at one run, the ranks: who they are, and what they exchange.
//!
//! Every rank does the same work in the same order on its share of it, and each exchange hands all ranks the
//! same bytes: what follows from them is then the same everywhere, and nothing else needs to be sent. Knows bytes
//! and numbers; knows nothing of what they mean, and reads no environment.

mod connections;
mod peers;
mod rank;

pub use connections::LostPeer;
pub use peers::{ALONE, Peers, Team};
pub use rank::Rank;
