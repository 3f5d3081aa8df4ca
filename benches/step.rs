//! One whole GRPO step of a text model of 5.4 million parameters: sample 16 prompts × 8 completions of
//! 128 tokens, then update. Prints the medians over a few steps as one JSON object: `spark bench` with its defaults.
//!
//! ```text
//! cargo bench --bench step             # 5 measured steps
//! cargo bench --bench step -- 1        # 1
//! ```

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    // Cargo passes `--bench`; anything that reads as a number is the count of steps.
    let steps: usize = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(5);
    let steps = format!("--steps={steps}");
    let status = Command::new(env!("CARGO_BIN_EXE_spark")).args(["bench", &steps]).status();
    if status.expect("spark was built before its bench").success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
