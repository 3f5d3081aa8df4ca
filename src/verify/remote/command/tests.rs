//! Commands made of `sh`, which every Unix has.

use std::path::Path;

use super::*;
use crate::error::is_input_error;

/// Reads a line and takes the id and the response (a number) out of it.
const READ: &str = r#"
next() {
    IFS= read -r line || return 1
    id=${line#*'"id":'}; id=${id%%,*}
    response=${line#*'"response":"'}; response=${response%%'"'*}
}
reply() { printf '{"id": %s, "reward": %s}\n' "$1" "$2"; }
"#;

fn config(script: &str) -> RemoteConfig {
    RemoteConfig {
        command: ["sh", "-c", &[READ, script].concat()].map(str::to_owned).to_vec(),
        timeout_seconds: 10.0,
        retries: 2,
        backoff_seconds: 0.001,
        ..RemoteConfig::default()
    }
}

fn scored(source: &dyn RewardSource, responses: &[&str]) -> Vec<Scored> {
    let queries: Vec<_> =
        responses.iter().map(|response| RewardQuery { prompt: "p\n", response, label: "l" }).collect();
    source.score(&queries)
}

fn open(config: &RemoteConfig) -> Box<dyn RewardSource> {
    config.open().unwrap().unwrap()
}

fn rewards(scored: &[Scored]) -> Vec<f64> {
    scored.iter().map(|scored| scored.as_ref().unwrap().reward).collect()
}

fn reason(scored: &Scored) -> &str {
    &scored.as_ref().unwrap_err().reason
}

/// A script that runs `first` when started for the first time and `later` after that.
fn by_start(directory: &Path, first: &str, later: &str) -> String {
    let mark = directory.join("started");
    format!("if [ -e '{0}' ]; then\n{later}\nelse\n: > '{0}'\n{first}\nfi", mark.display())
}

const ECHO: &str = r#"while next; do reply "$id" "$response"; done"#;

#[test]
fn one_process_answers_all_batches() {
    let script =
        format!("started=0; {}", r#"while next; do started=$((started + 1)); reply "$id" "$started"; done"#);
    let source = open(&RemoteConfig { batch_size: 2, ..config(&script) });
    assert_eq!(rewards(&scored(&*source, &["x"; 5])), [1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(rewards(&scored(&*source, &["x"])), [6.0]);
    assert_eq!(scored(&*source, &[]), []);
}

#[test]
fn replies_may_come_in_any_order() {
    let script = r#"next; first="$id $response"; next; second="$id $response"; next
        reply "$id" "$response"; reply $first; reply $second; cat"#;
    let source = open(&config(script));
    assert_eq!(rewards(&scored(&*source, &["1", "2", "-3.5"])), [1.0, 2.0, -3.5]);
}

#[test]
fn a_reply_is_a_reward_with_a_reason_or_an_error() {
    let script = r#"next; printf '{"id": %s, "reward": 1, "reason": "as it should be"}\n' "$id"
        next; printf '{"id": %s, "error": "no unit"}\n' "$id"
        next; printf '{"id": %s, "reward": NaN}\n' "$id"; cat"#;
    let scored = scored(&*open(&config(script)), &["1", "2", "3"]);
    assert_eq!(scored[0].as_ref().unwrap().reason.as_deref(), Some("as it should be"));
    assert_eq!(reason(&scored[1]), "the reward command says: no unit");
    assert!(reason(&scored[2]).contains("finite number"));
}

#[test]
fn a_command_that_dies_is_started_again_and_asked_for_the_rest() {
    let directory = tempfile::tempdir().unwrap();
    // The second start shows by its sign what it was asked.
    let script = by_start(
        directory.path(),
        r#"next; next; reply "$id" "$response"; exit 7"#,
        r#"while next; do reply "$id" "-$response"; done"#,
    );
    let source = open(&config(&script));
    assert_eq!(rewards(&scored(&*source, &["1", "2", "3"])), [-1.0, 2.0, -3.0]);
    assert_eq!(rewards(&scored(&*source, &["4"])), [-4.0]);
}

#[test]
fn a_command_that_keeps_dying_is_given_up_with_its_status() {
    let directory = tempfile::tempdir().unwrap();
    let starts = directory.path().join("starts");
    let script = format!(r#"echo >> '{}'; next; next; reply "$id" "$response"; exit 7"#, starts.display());
    let scored = scored(&*open(&config(&script)), &["1", "2", "3", "4", "5", "6"]);
    // Each start answers the second of those it is asked for: 2, then 3, then 4.
    assert_eq!(rewards(&scored[1..4]), [2.0, 3.0, 4.0]);
    for unscored in [&scored[0], &scored[4], &scored[5]] {
        let reason = reason(unscored);
        assert!(reason.contains("ended (exit status: 7) with 3 replies of the batch missing"), "{reason}");
        assert!(reason.contains("given up after verify.remote.retries = 2"), "{reason}");
    }
    assert_eq!(std::fs::read(starts).unwrap().len(), 3);
}

#[test]
fn a_command_that_never_answers_is_given_up_and_started_anew() {
    let directory = tempfile::tempdir().unwrap();
    let script = by_start(directory.path(), r#"next; reply "$id" "$response"; cat > /dev/null"#, ECHO);
    let source = open(&RemoteConfig { timeout_seconds: 0.5, ..config(&script) });
    let begun = Instant::now();
    let first = scored(&*source, &["1", "2"]);
    assert_eq!(rewards(&first[..1]), [1.0]);
    assert!(reason(&first[1]).contains("no reply within 500ms"), "{first:?}");
    assert!(reason(&first[1]).contains("verify.remote.timeout_seconds"));
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(rewards(&scored(&*source, &["3"])), [3.0]);
}

#[test]
fn a_command_that_does_not_even_read_holds_nobody_up() {
    let source = open(&RemoteConfig { timeout_seconds: 0.3, ..config("while :; do :; done") });
    let begun = Instant::now();
    let scored = scored(&*source, &["x".repeat(1 << 20).as_str()]);
    assert!(reason(&scored[0]).contains("no reply within 300ms"));
    drop(source);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_batch_larger_than_any_pipe_goes_through() {
    let source = open(&config(ECHO));
    let long = format!("1{}", " ".repeat(1 << 14));
    assert_eq!(rewards(&scored(&*source, &vec![long.as_str(); 40])), [1.0; 40]);
}

#[test]
fn a_stray_line_now_and_then_is_let_through() {
    let script = r#"echo loading; while next; do echo; echo "{\"id\": 99}"; reply "$id" "$response"; done"#;
    assert_eq!(rewards(&scored(&*open(&config(script)), &["1", "2", "3"])), [1.0, 2.0, 3.0]);
}

#[test]
fn a_command_that_talks_in_another_way_is_given_up_at_once() {
    let script = "next; while :; do echo reward: 1; done";
    let scored = scored(&*open(&config(script)), &["1"]);
    assert!(reason(&scored[0]).contains("100 lines that are no replies, the last: reward: 1;"), "{scored:?}");
    assert!(reason(&scored[0]).contains("stderr"));
}

#[test]
fn too_few_stray_lines_for_that_are_named_after_the_timeout() {
    let config = RemoteConfig { timeout_seconds: 0.3, ..config("next; echo 1.0; cat > /dev/null") };
    let scored = scored(&*open(&config), &["1"]);
    assert!(reason(&scored[0]).contains("only 1 lines that are none"), "{scored:?}");
}

#[test]
fn a_line_that_does_not_end_is_final() {
    let script = "x=xxxxxxxxxxxxxxxx; x=$x$x$x$x; x=$x$x$x$x; x=$x$x$x$x; while :; do printf %s $x; done";
    let scored = scored(&*open(&config(script)), &["1"]);
    assert!(reason(&scored[0]).contains("a line that does not end"), "{scored:?}");
}

#[test]
fn a_command_that_is_not_there_is_the_users_to_mend() {
    for program in ["/nowhere/reward", "no-such-program-anywhere"] {
        let config = RemoteConfig { command: vec![program.to_owned()], ..RemoteConfig::default() };
        let error = config.open().unwrap_err();
        assert!(is_input_error(&error));
        let expected = format!("verify.remote.command = [{program:?}]: cannot start {program:?}");
        assert!(error.to_string().contains(&expected), "{error}");
        assert!(error.to_string().contains("name an executable"), "{error}");
    }
}

#[test]
fn a_command_that_vanishes_between_two_starts_is_given_up() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("reward");
    std::fs::write(&program, format!("#!/bin/sh\nrm '{}'\nread line\n", program.display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = RemoteConfig { command: vec![program.display().to_string()], ..config("") };
    let scored = scored(&*open(&config), &["1"]);
    assert!(reason(&scored[0]).contains("cannot start"), "{scored:?}");
    assert!(reason(&scored[0]).contains("given up"), "{scored:?}");
}

#[test]
fn callers_from_several_threads_get_their_own_rewards() {
    let source = open(&RemoteConfig { batch_size: 3, ..config(ECHO) });
    std::thread::scope(|scope| {
        for number in 0..4 {
            let source = &source;
            scope.spawn(move || {
                let text = number.to_string();
                assert_eq!(rewards(&scored(&**source, &[text.as_str(); 10])), [f64::from(number); 10]);
            });
        }
    });
}
