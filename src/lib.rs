//! SPARK: synergistic policy and reward co-evolving post-training, on Burn.

pub mod commands;
pub mod data;
pub mod error;
pub mod eval;
pub mod judge;
pub mod model;
pub mod processor;
pub mod random;
pub mod recycle;
pub mod rollout;
pub mod train;
pub mod verify;
