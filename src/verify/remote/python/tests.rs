//! Functions in Python that behave as they should, badly, or not at all.

mod failures;

use std::{fs, path::Path};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::{
    answer::PythonReward,
    testing::{folder_with, has_python},
    *,
};
use crate::verify::remote::{RemoteConfig, Unscored};

fn quick() -> RemoteConfig {
    RemoteConfig { timeout_seconds: 20.0, retries: 2, backoff_seconds: 0.001, ..RemoteConfig::default() }
}

fn try_start(
    folder: &Path,
    names: &[&str],
    workers: usize,
    remote: &RemoteConfig,
) -> anyhow::Result<PythonRewards> {
    let file = folder.join("reward.py");
    let function = |name: &&str| PythonFunction::parse(&format!("{}:{name}", file.display())).unwrap();
    let functions = names.iter().map(function).collect();
    PythonRewards::start(functions, PythonSettings { executable: "python3", workers, remote })
}

/// The functions of some code, in one worker.
fn start(code: &str, names: &[&str]) -> (PythonRewards, TempDir) {
    let folder = folder_with(code);
    (try_start(folder.path(), names, 1, &quick()).unwrap(), folder)
}

/// Completions of one prompt each.
fn queries(completions: &[&str]) -> Vec<PythonQuery> {
    let query = |(group, completion): (usize, &&str)| PythonQuery {
        prompt: json!("p"),
        completion: json!(completion),
        columns: json!({"answer": format!("a{group}")}).as_object().unwrap().clone(),
        group,
    };
    completions.iter().enumerate().map(query).collect()
}

fn rewards(scored: &[PythonReward]) -> Vec<f64> {
    scored.iter().map(|scored| scored.as_ref().unwrap().unwrap()).collect()
}

fn reason(scored: &PythonReward) -> &str {
    &scored.as_ref().unwrap_err().reason
}

#[test]
fn functions_get_lists_and_give_rewards_in_order() {
    if !has_python() {
        return;
    }
    let code = "
def length(prompts, completions, **columns):
    assert prompts == ['p'] * len(completions) and list(columns) == ['answer'], columns
    return [float(len(completion)) for completion in completions]

def of_answer(answer):
    return tuple(int(answer[1:]) for answer in answer)

async def waiting(completions, **columns):
    import asyncio
    await asyncio.sleep(0.001)
    return (len(completion) for completion in completions)

class Scalar:
    def __float__(self):
        return -0.5

def scalars(completions, other=3):
    return [Scalar(), True, 10][:len(completions)]
";
    let (functions, _folder) = start(code, &["length", "of_answer", "waiting", "scalars"]);
    let asked = queries(&["a", "", "über\n\u{2028}"]);
    assert_eq!(rewards(&functions.score(0, &asked)), [1.0, 0.0, 6.0]);
    assert_eq!(rewards(&functions.score(1, &asked)), [0.0, 1.0, 2.0]);
    for _ in 0..2 {
        assert_eq!(rewards(&functions.score(2, &asked)), [1.0, 0.0, 6.0]);
    }
    assert_eq!(rewards(&functions.score(3, &asked)), [-0.5, 1.0, 10.0]);
    assert_eq!(functions.score(0, &[]), []);
}

#[test]
fn texts_and_columns_arrive_as_they_are() {
    if !has_python() {
        return;
    }
    use proptest::{prelude::*, test_runner::TestRunner};
    let code = "
def length(prompts, completions, copy, number):
    same = [prompt == c[0] and c[1] == [completion] for prompt, completion, c in zip(prompts, completions, copy)]
    return [len(completion) + n if equal else None for completion, n, equal in zip(completions, number, same)]
";
    let (functions, _folder) = start(code, &["length"]);
    let texts = (any::<String>(), any::<String>(), -1e6..1e6);
    let law = |rows: Vec<(String, String, f64)>| {
        let query = |(group, (prompt, completion, number)): (usize, &(String, String, f64))| PythonQuery {
            prompt: json!(prompt),
            completion: json!(completion),
            columns: Map::from_iter([
                ("copy".to_owned(), json!([prompt, [completion]])),
                ("number".to_owned(), json!(number)),
            ]),
            group,
        };
        let asked: Vec<PythonQuery> = rows.iter().enumerate().map(query).collect();
        let expected: Vec<PythonReward> = rows
            .iter()
            .map(|(_, completion, number)| Ok(Some(completion.chars().count() as f64 + number)))
            .collect();
        prop_assert_eq!(functions.score(0, &asked), expected);
        Ok(())
    };
    TestRunner::default().run(&prop::collection::vec(texts, 0..5), law).unwrap();
}

#[test]
fn what_a_function_prints_or_reads_does_not_disturb() {
    if !has_python() {
        return;
    }
    let code = "
import os, subprocess, sys
print('{\"ready\": true}')

def noisy(completions):
    print('{\"rewards\": [9]}')
    os.write(1, b'{\"rewards\": [9]}\\n')
    subprocess.run(['echo', '{\"rewards\": [9]}'])
    assert sys.stdin.read() == '' and os.read(0, 10) == b''
    assert subprocess.run(['cat'], capture_output=True).stdout == b''
    return [1.0] * len(completions)
";
    let (functions, _folder) = start(code, &["noisy"]);
    assert_eq!(rewards(&functions.score(0, &queries(&["a", "b"]))), [1.0, 1.0]);
    assert_eq!(rewards(&functions.score(0, &queries(&["a"]))), [1.0]);
}

#[test]
fn what_is_no_list_of_numbers_is_an_error_that_names_the_function() {
    if !has_python() {
        return;
    }
    let code = "
def values(completions):
    return [float(completion) if completion in ('nan', 'inf', '-inf', '1e300') else eval(completion)
            for completion in completions]

def short(completions):
    return [1.0] * (len(completions) - 1)

def scalar(completions):
    return 1.0

def text(completions):
    return '1' * len(completions)

def keyed(completions):
    return {completion: 1.0 for completion in completions}
";
    let (functions, _folder) = start(code, &["values", "short", "scalar", "text", "keyed"]);
    let asked = ["1", "None", "nan", "inf", "-inf", "'1'", "b'1'", "[1]", "1j", "10**400", "2", "1e300"];
    let scored = functions.score(0, &queries(&asked));
    for (asked, scored) in asked.iter().zip(&scored) {
        match *asked {
            "1" | "2" => assert_eq!(scored, &Ok(asked.parse().ok())),
            "1e300" => assert_eq!(scored, &Ok(Some(1e300)), "the bound is for the check to say"),
            "None" => assert_eq!(scored, &Ok(None)),
            _ => {
                let reason = reason(scored);
                assert!(reason.contains("reward.py:values\": it returned "), "{asked}: {reason}");
                assert!(reason.contains("a finite number or None is expected"), "{asked}: {reason}");
            }
        }
    }
    for (place, expected) in [
        (1, "reward.py:short\": it returned 1 values, where a list of 2 numbers"),
        (2, "reward.py:scalar\": it returned 1.0 (float), where a list of 2 numbers"),
        (3, "reward.py:text\": it returned '11' (str), where a list"),
        (4, "reward.py:keyed\": it returned {'a': 1.0, 'b': 1.0} (dict), where a list"),
    ] {
        for scored in functions.score(place, &queries(&["a", "b"])) {
            assert!(reason(&scored).contains(expected), "{}", reason(&scored));
        }
    }
}

#[test]
fn what_a_function_raises_is_told_with_its_traceback_and_the_worker_lives_on() {
    if !has_python() {
        return;
    }
    let code = "
import os, sys

def inner(completion):
    return {'ok': 1.0}[completion]

def raising(completions, **columns):
    return [inner(completion) for completion in completions]

def leaving(completions):
    sys.exit('no more \\ud800')

def endless(completions):
    return endless(completions)

def messages(completions):
    return [completion[0]['content'] for completion in completions]

def worker(completions):
    return [float(os.getpid())]
";
    let (functions, _folder) = start(code, &["raising", "leaving", "endless", "messages", "worker"]);
    let worker = rewards(&functions.score(4, &queries(&["a"])));
    let raised = functions.score(0, &queries(&["ok", "other"]));
    for expected in
        ["reward.py:raising\": Traceback", "reward.py\", line 8, in raising", "in inner", "KeyError: 'other'"]
    {
        assert!(reason(&raised[0]).contains(expected), "{raised:?}");
    }
    assert!(!reason(&raised[0]).contains("<string>"), "the worker's own frames say nothing: {raised:?}");
    assert_eq!(raised[0], raised[1]);
    assert!(reason(&functions.score(1, &queries(&["a"]))[0]).contains("SystemExit: no more ?"));
    let endless = functions.score(2, &queries(&["a"]));
    assert!(reason(&endless[0]).contains("RecursionError") && reason(&endless[0]).len() < 10_000);
    assert!(reason(&functions.score(3, &queries(&["a"]))[0]).contains("verify.python_messages = true"));
    assert_eq!(rewards(&functions.score(4, &queries(&["a"]))), worker, "it was not started again");
}

#[test]
fn a_function_gets_what_it_names_and_must_be_able_to() {
    if !has_python() {
        return;
    }
    let code = "
def own(completions, unit, answer, missing=5):
    return [len(answer) + missing if unit else 0 for answer, unit in zip(answer, unit)]

def wanting(completions, target, answers):
    return [1.0]

def positional(a, /, **columns):
    return [1.0]
";
    let (functions, _folder) = start(code, &["own", "wanting", "positional"]);
    let mut asked = queries(&["a", "b"]);
    asked[1].columns.insert("unit".to_owned(), json!("m"));
    assert_eq!(rewards(&functions.score(0, &asked)), [0.0, 7.0]);
    let wanting = functions.score(1, &asked);
    let expected =
        "the function takes target, answers, which the data does not have (it has answer, unit, prompts";
    assert!(reason(&wanting[0]).contains(expected), "{wanting:?}");
    assert!(reason(&functions.score(2, &asked)[0]).contains("TypeError"));
}

#[test]
fn neighbours_can_be_imported_and_the_standard_library_stays_itself() {
    if !has_python() {
        return;
    }
    let folder = folder_with(
        "
import dataclasses, random, statistics
import helper

@dataclasses.dataclass
class Weight:
    value: 'float'

def f(completions):
    return [statistics.mean([helper.TWO, Weight(4.0).value]) for _ in completions]
",
    );
    for (name, code) in
        [("helper.py", "TWO = 2.0"), ("statistics.py", "broken = True"), ("json.py", "broken = True")]
    {
        fs::write(folder.path().join(name), code).unwrap();
    }
    fs::write(folder.path().join("math.py"), "import math\ndef g(completions):\n    return [math.tau]\n")
        .unwrap();
    let functions = ["reward.py:f", "math.py:g"]
        .map(|function| PythonFunction::parse(&format!("{}/{function}", folder.path().display())).unwrap());
    let remote = quick();
    let settings = PythonSettings { executable: "python3", workers: 1, remote: &remote };
    let functions = PythonRewards::start(functions.to_vec(), settings).unwrap();
    assert_eq!(rewards(&functions.score(0, &queries(&["a"]))), [3.0]);
    assert_eq!(rewards(&functions.score(1, &queries(&["a"]))), [std::f64::consts::TAU]);
}

#[test]
fn batches_go_to_all_workers_and_keep_prompts_together() {
    if !has_python() {
        return;
    }
    let folder = folder_with(
        "
import os, time
calls = 0

def f(completions, group):
    time.sleep(0.2)
    assert all(group.count(g) == 4 for g in group), group
    return [float(completion) + os.getpid() / 1e9 for completion in completions]
",
    );
    let remote = RemoteConfig { batch_size: 6, ..quick() };
    let functions = try_start(folder.path(), &["f"], 3, &remote).unwrap();
    let asked: Vec<PythonQuery> = (0..32)
        .map(|number| PythonQuery {
            prompt: Value::Null,
            completion: json!(number.to_string()),
            columns: Map::from_iter([("group".to_owned(), json!(number / 4))]),
            group: number / 4,
        })
        .collect();
    let scored: Vec<PythonReward> = functions.score(0, &asked);
    assert!(
        scored.iter().all(Result::is_ok),
        "{:?}",
        scored.iter().find_map(|scored: &Result<_, Unscored>| scored.as_ref().err())
    );
    let rewards = rewards(&scored);
    let numbers: Vec<f64> = rewards.iter().map(|reward| reward.floor()).collect();
    assert_eq!(numbers, (0..32).map(f64::from).collect::<Vec<_>>());
    let mut workers: Vec<u64> = rewards.iter().map(|reward| (reward.fract() * 1e9).round() as u64).collect();
    workers.sort_unstable();
    workers.dedup();
    assert_eq!(workers.len(), 3);
}
