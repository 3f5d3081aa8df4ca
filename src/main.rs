//! Parses the command line, runs the command, prints the error once.

use std::process::ExitCode;

use anyhow::Error;
use clap::Parser;
use spark::{
    console::{ClosedOutput, say_line},
    error::is_input_error,
    interrupt::Interrupted,
};

fn main() -> ExitCode {
    let cli = spark::cli::Cli::parse();
    match spark::commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// Says why a command ended early, once, and with which exit code that is.
fn failed(error: &Error) -> ExitCode {
    if error.is::<ClosedOutput>() {
        return ExitCode::SUCCESS;
    }
    if let Some(stopped) = error.downcast_ref::<Interrupted>() {
        say_line(format_args!("{error}"));
        return ExitCode::from(stopped.exit_code());
    }
    say_line(format_args!("error: {error:#}"));
    ExitCode::from(if is_input_error(error) { 2 } else { 1 })
}
