//! From the command line to the first token: `spark generate` on the default model, a process each time.
//!
//! ```text
//! cargo bench --bench startup
//! ```

use std::{process::Command, time::Instant};

use serde_json::json;

const RUNS: usize = 21;

fn main() {
    let once = |_| {
        let started = Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_spark"))
            .args(["generate", "--quiet", "--model=models/tiny-vl", "--prompt=What number is written?"])
            .args([
                "--image=datasets/digits-vl/images/test-0001.png",
                "--max-new-tokens=1",
                "--temperature=0",
            ])
            .output()
            .expect("spark was built before its bench");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        started.elapsed().as_secs_f64() * 1000.0
    };
    let mut milliseconds: Vec<f64> = (0..RUNS).map(once).collect();
    milliseconds.sort_by(f64::total_cmp);
    let (median, worst) = (milliseconds[RUNS / 2], milliseconds[RUNS - 1]);
    println!("{}", json!({"first_token_milliseconds": median, "worst_milliseconds": worst, "runs": RUNS}));
}
