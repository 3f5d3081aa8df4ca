//! Nobody reads what a command says, or nobody can.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use super::{Guarded, fails, run, spark, stderr, steps, succeeds};

/// Runs with the reader of one of its streams gone.
fn unread(mut command: Command, stdout: bool) -> std::process::Output {
    if stdout {
        command.stdout(Stdio::piped());
    }
    let mut process = Guarded::spawn(command);
    match stdout {
        true => drop(process.child().stdout.take()),
        false => drop(process.child().stderr.take()),
    }
    process.output()
}

#[test]
fn a_run_goes_on_when_nobody_reads_its_progress_or_its_table() {
    let root = TempDir::new().unwrap();
    for (name, stdout) in [("stdout", true), ("stderr", false)] {
        let out = root.path().join(name);
        let mut command = run(&out, &["train.steps=1"]);
        // As much on stderr as there is.
        command.args(["--profile"]);
        let output = unread(command, stdout);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
        assert!(out.join("summary.json").exists() && steps(&out) == [1]);
    }
}

#[test]
fn no_command_panics_when_its_reader_is_gone() {
    let root = TempDir::new().unwrap();
    let rows = root.path().join("rows.jsonl");
    fs::write(&rows, "{\"answer\": \"1\", \"response\": \"\\\\boxed{1}\"}\n".repeat(20_000)).unwrap();
    let rows = rows.to_str().unwrap();
    let commands: [&[&str]; 5] = [
        &["verify", "--data", rows],
        &["backends"],
        &["plan"],
        &["plan", "--json"],
        &["generate", "--model", "models/tiny-text", "--prompt", "1 + 1 =", "--max-new-tokens", "3"],
    ];
    for arguments in commands {
        for stdout in [true, false] {
            let mut command = spark();
            command.args(arguments);
            let output = unread(command, stdout);
            assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
            assert!(!stderr(&output).contains("panicked"), "{arguments:?}: {}", stderr(&output));
        }
        // An error that nobody reads is one all the same.
        let mut command = spark();
        command.args(["eval", "--model", "nowhere", "--data", "nowhere"]);
        assert_eq!(unread(command, false).status.code(), Some(2));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_output_that_cannot_be_written_is_a_failure_and_not_a_reader_that_has_enough() {
    for arguments in [&["backends"][..], &["plan"]] {
        let mut command = spark();
        command.args(arguments).stdout(File::options().write(true).open("/dev/full").unwrap());
        fails(command, 1, &["writing to standard output", "No space left"]);
    }
    // Nor does a full stderr end anything.
    let mut command = spark();
    command.args(["backends"]).stderr(File::options().write(true).open("/dev/full").unwrap());
    succeeds(command);
}

/// `println!` and its kin panic where a stream is closed.
#[test]
fn nothing_prints_with_macros_that_panic() {
    fn visit(dir: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            // What a test prints is caught by the test's harness.
            let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
            let is_code = |line: &&str| !line.trim_start().starts_with("//");
            let prints =
                |line: &&str| ["print!(", "println!(", "dbg!("].iter().any(|name| line.contains(name));
            let lines = text.lines().enumerate().filter(|(_, line)| is_code(line) && prints(line));
            found.extend(
                lines.map(|(number, line)| format!("{}:{}: {}", path.display(), number + 1, line.trim())),
            );
        }
    }
    let mut found = Vec::new();
    visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.is_empty(), "use say! or print_line!:\n{}", found.join("\n"));
}
