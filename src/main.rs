//! Parses the command line, runs the command, prints the error once.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = spark::cli::Cli::parse();
    match spark::commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(if spark::error::is_input_error(&error) { 2 } else { 1 })
        }
    }
}
