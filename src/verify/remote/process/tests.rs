//! Processes made of `sh`, which every Unix has.

use super::*;

fn shell(script: &str) -> Process {
    Process::start(&["sh".to_owned(), "-c".to_owned(), script.to_owned()]).unwrap()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

fn line(text: &str) -> Option<ProcessOutput> {
    Some(ProcessOutput::Line(text.into()))
}

#[test]
fn lines_go_in_and_come_out() {
    let process = shell("exec cat");
    process.send(b"a\nb\n".to_vec());
    assert_eq!(process.next(soon()), line("a\n"));
    process.send(b"c\n".to_vec());
    assert_eq!(process.next(soon()), line("b\n"));
    assert_eq!(process.next(soon()), line("c\n"));
    assert_eq!(process.next(Instant::now() + Duration::from_millis(20)), None);
    assert_eq!(process.next(Instant::now()), None);
}

#[test]
fn the_end_is_told_with_its_status() {
    let process = shell("printf last; exit 3");
    assert_eq!(process.next(soon()), line("last"));
    assert_eq!(process.next(soon()), Some(ProcessOutput::End));
    assert_eq!(process.next(soon()), Some(ProcessOutput::End));
    assert_eq!(process.end(), "exit status: 3");
}

#[test]
fn a_process_that_only_closes_its_stdout_is_killed() {
    let process = shell("exec >&-; read -r line");
    assert_eq!(process.next(soon()), Some(ProcessOutput::End));
    assert!(process.end().contains("signal: 9"));
}

#[test]
fn a_line_without_end_is_not_collected_for_ever() {
    let process = shell(
        "line=xxxxxxxxxxxxxxxx; line=$line$line$line$line; line=$line$line$line$line\n\
                         line=$line$line$line$line; while :; do printf %s $line; done",
    );
    assert_eq!(process.next(soon()), Some(ProcessOutput::TooLong));
    assert_eq!(process.next(soon()), Some(ProcessOutput::End));
}

#[test]
fn neither_a_deaf_nor_a_talkative_process_holds_us_up() {
    let begun = Instant::now();
    let deaf = shell("while :; do :; done");
    deaf.send(vec![b'x'; 1 << 20]);
    assert_eq!(deaf.next(Instant::now() + Duration::from_millis(20)), None);
    drop(deaf);
    let talkative = shell("while :; do echo x; done");
    assert_eq!(talkative.next(soon()), line("x\n"));
    drop(talkative);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

/// Whether a process runs; one that is dead and not waited for does not.
#[cfg(target_os = "linux")]
fn runs(id: &str) -> bool {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{id}/status")) else { return false };
    !status.lines().any(|line| line.starts_with("State:") && line.contains('Z'))
}

#[test]
#[cfg(target_os = "linux")]
fn dropping_kills_and_reaps_with_all_descendants() {
    let process = shell("(i=0; while [ $i -lt 10000000 ]; do i=$((i + 1)); done) & echo $!; exec cat");
    let Some(ProcessOutput::Line(line)) = process.next(soon()) else { panic!("no line") };
    let descendant = String::from_utf8(line).unwrap().trim().to_owned();
    let own = process.child.id();
    assert!(runs(&descendant) && runs(&own.to_string()));
    drop(process);
    assert!(!std::path::Path::new(&format!("/proc/{own}")).exists(), "it is left unreaped");
    let patience = Instant::now() + Duration::from_secs(2);
    while runs(&descendant) {
        assert!(Instant::now() < patience, "the descendant goes on");
        thread::sleep(Duration::from_millis(5));
    }
}
