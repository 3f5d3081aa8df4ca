//! One file per command: from its options to library calls.

pub mod data;
