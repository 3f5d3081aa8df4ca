//! `spark backends`: what is compiled in, what this machine has, and what is missing.

use anyhow::Result;

use crate::{
    backend::{Availability, Device, availability},
    cli::BackendsArgs,
};

/// Prints a table, or JSON.
///
/// # Errors
/// When a device that was found cannot be opened.
pub(super) fn run(args: &BackendsArgs) -> Result<()> {
    let backends = availability()?;
    if args.json {
        return print_line!("{}", serde_json::to_string_pretty(&backends)?);
    }
    print_line!("{:<10} {:<12} what there is", "backend", "--backend")?;
    backends.iter().try_for_each(print)
}

fn print(Availability { backend, devices, missing, .. }: &Availability) -> Result<()> {
    if devices.is_empty() {
        print_line!("{backend:<10} {:<12} {missing}", "-")?;
    }
    for Device { name, description, memory, dtypes } in devices {
        let memory = memory.map_or(String::new(), |bytes| format!(", {:.1} GiB", bytes as f64 / GIBIBYTE));
        print_line!("{backend:<10} {name:<12} {description}{memory}; {}", dtypes.join(", "))?;
    }
    Ok(())
}

const GIBIBYTE: f64 = (1_u64 << 30) as f64;
