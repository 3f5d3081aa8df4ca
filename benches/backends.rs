//! Every backend of this build that has a device here, side by side: `spark compare` on the default model.
//!
//! ```text
//! cargo bench --bench backends --features vulkan             # 20 updates
//! cargo bench --bench backends --features vulkan -- 3        # 3
//! ```

use std::process::{Command, ExitCode};

use spark::backend::availability;

fn main() -> ExitCode {
    let steps: usize = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(20);
    let mut backends = vec!["flex".to_owned()];
    for found in availability().expect("backends can be asked") {
        // With Vulkan, wgpu is the same thing by another name.
        if found.devices.is_empty() || ["flex", "wgpu"].contains(&found.backend) {
            continue;
        }
        backends.push(found.backend.to_owned());
        if found.backend != "tch" {
            backends.push(format!("{}-unfused", found.backend));
        }
    }
    if backends.len() == 1 {
        backends.push("flex".to_owned());
    }
    let status = Command::new(env!("CARGO_BIN_EXE_spark"))
        .args(["compare", "--backends", &backends.join(","), "--steps", &steps.to_string()])
        .args(["--set", "train.prompts_per_step=8", "--set", "train.samples_per_prompt=4"])
        .status();
    if status.expect("spark was built before its bench").success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
