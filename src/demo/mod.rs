//! Makes what the repository ships: the data sets digits-vl and calculations, and the tokenizers and configuration
//! files of the tiny models. Nothing but the command `spark data` knows this room.

mod calculations;
mod digits;
mod digits_vl;
mod drills;
mod exercise;
mod tiny_model;
mod vocabulary;
mod warm_start;
mod write_calculations;

pub use self::{
    digits_vl::{DigitsVlOptions, DigitsVlReport, write_digits_vl},
    tiny_model::{Architecture, TinyModelOptions, TinyModelReport, write_tiny_model},
    write_calculations::{CalculationsOptions, write_calculations},
};
