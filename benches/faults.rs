//! Every moment at which a run can be killed, starved of disk, damaged, interrupted or started twice, one after
//! another, on the run and by the means of `tests/faults.rs`: does it end as the unbroken one, or is it refused with
//! the file named? Prints what was tried and survived by kind; the last line is one JSON object. Anything else than
//! that is a failure, named with its moment.
//!
//! ```text
//! cargo bench --bench faults                              # all of it: an hour
//! cargo bench --bench faults -- --every 10                # each tenth moment
//! cargo bench --bench faults -- --only power              # kinds whose name contains a word
//! cargo bench --bench faults -- --spark PATH              # another binary
//! ```

#[cfg(not(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")))]
fn main() {
    eprintln!("nothing is tried here: system calls are traced on Linux on x86-64 with glibc");
    std::process::exit(1);
}

#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
#[path = "../tests/faults/mod.rs"]
mod faults;

#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
#[path = "faults/all.rs"]
mod all;

#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
fn main() {
    all::main();
}
