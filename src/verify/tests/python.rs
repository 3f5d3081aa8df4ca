//! Reward functions in Python as a recipe has them: chosen, weighted, shown what they ask for.

use super::{
    remote::{
        RemoteConfig, UnscoredPolicy,
        python_testing::{folder_with, has_python},
    },
    *,
};

/// A configuration with functions of this code, each written as `NAME` or `NAME=WEIGHT`, and the folder of the code.
fn config(code: &str, functions: &[&str]) -> (VerifyConfig, tempfile::TempDir) {
    let folder = folder_with(code);
    let file = folder.path().join("reward.py");
    let python = functions.iter().map(|function| format!("{}:{function}", file.display())).collect();
    (VerifyConfig { python, ..VerifyConfig::default() }, folder)
}

/// Both verdicts that leave out what has no reward.
fn leave_out() -> RemoteConfig {
    RemoteConfig { unscored: UnscoredPolicy::LeaveOut, retries: 0, ..RemoteConfig::default() }
}

fn ask<'a>(problem: &'a Problem, text: &'a str) -> Response<'a> {
    Response { problem, prompt: "<user>1+1?", text }
}

fn one(verifier: &Verifier, problem: &Problem, text: &str) -> Verdict {
    verifier.verify_all(&[ask(problem, text)]).unwrap().remove(0).unwrap()
}

const CODE: &str = r"
def short(completions):
    return [1.0 if len(completion) < 20 else 0.0 for completion in completions]

def correct(completions, answer, **columns):
    return [1.0 if a in completion else 0.0 for completion, a in zip(completions, answer)]
";

#[test]
fn functions_that_are_set_are_used_and_rows_that_name_a_verifier_keep_it() {
    if !has_python() {
        return;
    }
    let (config, _folder) = config(CODE, &["correct"]);
    let verifier = Verifier::new(config).unwrap();
    let silent = problem("0.5", None, Kind::REASON);
    verifier.prepare(&silent).unwrap();
    let verdict = one(&verifier, &silent, r"\boxed{0.5}");
    assert_eq!((verdict.reward, verdict.extracted.as_deref()), (1.0, Some("0.5")));
    assert_eq!((verdict.reason.as_str(), verdict.parts.len()), ("as correct says", 0));
    assert_eq!(one(&verifier, &silent, r"\boxed{1/2}").reward, 0.0);
    let own = problem("0.5", Some("math"), Kind::REASON);
    assert_eq!(one(&verifier, &own, r"\boxed{1/2}").reward, 1.0);
    for name in ["python", "correct"] {
        assert_eq!(one(&verifier, &problem("0.5", Some(name), Kind::REASON), r"\boxed{1/2}").reward, 0.0);
    }
    let rows = [own, silent];
    let message = verifier.setting_overruled(&rows).unwrap().unwrap();
    assert!(message.contains("verify.python = [") && message.contains("is not used for 1 of 2"), "{message}");
}

#[test]
fn several_functions_have_weights_and_each_is_listed_by_its_name() {
    if !has_python() {
        return;
    }
    let (config, _folder) = config(CODE, &["short=1", "correct=3"]);
    let parts = |verifier: Option<&str>, text: &str| {
        let config = VerifyConfig { verifier: verifier.map(str::to_owned), ..config.clone() };
        let verdict = one(&Verifier::new(config).unwrap(), &problem("12", None, Kind::REASON), text);
        let parts = verdict.parts.iter().map(|part| (part.verifier.clone(), part.weight, part.reward));
        (verdict.reward, parts.collect::<Vec<_>>())
    };
    let part = |name: &str, weight, reward| (name.to_owned(), weight, reward);
    let expected = (0.25, vec![part("short", 0.25, 1.0), part("correct", 0.75, 0.0)]);
    assert_eq!(parts(None, r"\boxed{13}"), expected);
    assert_eq!(parts(Some("python"), r"\boxed{13}"), expected);
    let long = r"a long way to get there: \boxed{12.0}";
    let expected = (0.8, vec![part("math", 0.2, 1.0), part("short", 0.2, 0.0), part("correct", 0.6, 1.0)]);
    let (reward, found) = parts(Some("math=0.2,python=0.8"), long);
    assert!((reward - expected.0).abs() < 1e-12);
    for ((name, weight, reward), (expected, share, given)) in found.iter().zip(&expected.1) {
        assert!(name == expected && (weight - share).abs() < 1e-12 && reward == given, "{found:?}");
    }
    // Named twice, by itself and with the others, it counts twice.
    let (reward, found) = parts(Some("python=4,short=1"), r"\boxed{13}");
    assert_eq!((reward, found.len()), (0.4, 2));
}

#[test]
fn names_are_distinct_and_known() {
    if !has_python() {
        return;
    }
    let code =
        format!("{CODE}\ndef math(completions):\n    return []\ndef python(completions):\n    return []\n");
    let refusal = |functions: &[&str], verifier: Option<&str>| {
        let (config, _folder) = config(&code, functions);
        let error =
            Verifier::new(VerifyConfig { verifier: verifier.map(str::to_owned), ..config }).unwrap_err();
        assert!(is_input_error(&error));
        error.to_string()
    };
    assert!(
        refusal(&["short", "short"], None).contains("two verifiers are called \"short\": rename one of them")
    );
    assert!(refusal(&["math"], None).contains("two verifiers are called \"math\": rename one of them"));
    assert!(
        refusal(&["python"], None).contains("a verifier is called \"python\", as all functions together are")
    );
    let message = refusal(&["short"], Some("long"));
    assert!(
        message.contains("\"long\" is unknown; choose one of") && message.contains("short, python"),
        "{message}"
    );
    assert!(refusal(&["gone"], None).contains("no function 'gone'; its functions are: short, correct"));
    let nothing_set = check_gold(&problem("1", Some("python"), Kind::REASON)).unwrap_err().to_string();
    assert!(nothing_set.contains("set verify.python"), "{nothing_set}");
}

#[test]
fn a_verdict_on_another_answer_is_never_a_functions() {
    if !has_python() {
        return;
    }
    let (config, _folder) = config("def f(completions):\n    return [0.0] * len(completions)\n", &["f"]);
    let verifier = Verifier::new(config).unwrap();
    for (answer, kind) in [("Yes", Kind::POINTWISE), ("B", Kind::PAIRWISE), ("C", Kind::CHOICE)] {
        let item = Problem { reply: ReplyForm::Choice(4), ..problem(answer, None, kind) };
        let item = if answer == "Yes" { Problem { reply: ReplyForm::Answer, ..item } } else { item };
        assert_eq!(one(&verifier, &item, &format!(r"\boxed{{{answer}}}")).reward, 1.0, "{kind}");
        for name in ["python", "f", "math=0.5,f=0.5"] {
            let named = Problem { verifier: Some(name.to_owned()), ..item.clone() };
            let error = verifier.prepare(&named).unwrap_err();
            assert!(
                is_input_error(&error) && error.to_string().contains("leave out its \"verifier\""),
                "{error}"
            );
        }
    }
    let reflection = problem("12", None, Kind::REFLECTION);
    assert_eq!(one(&verifier, &reflection, r"\boxed{12}").reward, 0.0, "it is judged as its original");
}

#[test]
fn none_leaves_a_problem_to_the_others_and_single_completions_without_reward() {
    if !has_python() {
        return;
    }
    let code = r"
def sums(completions, source):
    return [None if s != 'sums' or c == 'odd' else 1.0 for c, s in zip(completions, source)]

def words(completions, source):
    return [0.5 if s == 'words' else None for s in source]
";
    let (config, _folder) = config(code, &["sums=3", "words=1"]);
    let rows = ["sums", "words", "none"]
        .map(|source| Problem { source: Some(source.to_owned()), ..problem("1", None, Kind::REASON) });
    let responses = [
        ask(&rows[0], "even"),
        ask(&rows[0], "odd"),
        ask(&rows[1], "even"),
        ask(&rows[1], "odd"),
        ask(&rows[2], "even"),
    ];
    let verifier = Verifier::new(VerifyConfig { remote: leave_out(), ..config.clone() }).unwrap();
    let verdicts = verifier.verify_all(&responses).unwrap();
    let rewards: Vec<Option<f64>> =
        verdicts.iter().map(|verdict| verdict.as_ref().ok().map(|verdict| verdict.reward)).collect();
    assert_eq!(rewards, [Some(1.0), None, Some(0.5), Some(0.5), None]);
    let parts =
        |place: usize| verdicts[place].as_ref().unwrap().parts.iter().map(|part| part.verifier.as_str());
    assert_eq!((parts(0).collect::<Vec<_>>(), parts(2).collect::<Vec<_>>()), (vec!["sums"], vec!["words"]));
    let reason = |place: usize| verdicts[place].as_ref().unwrap_err().reason.clone();
    assert!(
        reason(1).contains("sums returned None for this completion, and numbers for others"),
        "{}",
        reason(1)
    );
    assert!(reason(4).contains("no verifier applies to it: sums, words returned None"), "{}", reason(4));
    let refusing = Verifier::new(config).unwrap();
    let error = refusing.verify_all(&responses[4..]).unwrap_err().to_string();
    assert!(error.contains("problem p: no reward: no verifier applies"), "{error}");
}

#[test]
fn a_reward_beyond_the_bound_is_no_reward_whoever_gives_it() {
    if !has_python() {
        return;
    }
    let row = problem("1", None, Kind::REASON);
    let (python, _folder) = config(
        "def f(completions):\n    return [1e300 if c == 'high' else -5.0 for c in completions]\n",
        &["f"],
    );
    let verifier = Verifier::new(VerifyConfig { remote: leave_out(), ..python.clone() }).unwrap();
    let verdicts = verifier.verify_all(&[ask(&row, "high"), ask(&row, "low")]).unwrap();
    assert_eq!(verdicts[1].as_ref().unwrap().reward, -5.0);
    let reason = &verdicts[0].as_ref().unwrap_err().reason;
    assert!(reason.contains("f: the reward is 1e300, beyond verify.reward_bound = 1000"), "{reason}");
    let tight = Verifier::new(VerifyConfig { reward_bound: 4.0, remote: leave_out(), ..python }).unwrap();
    assert!(tight.verify_all(&[ask(&row, "low")]).unwrap()[0].is_err());

    let script =
        r#"while read -r line; do id=${line#*'"id":'}; echo "{\"id\": ${id%%,*}, \"reward\": 1e300}"; done"#;
    let command = ["sh", "-c", script].map(str::to_owned).to_vec();
    let remote = RemoteConfig { command, ..leave_out() };
    let verifier = Some("remote".to_owned());
    let verifier = Verifier::new(VerifyConfig { verifier, remote, ..VerifyConfig::default() }).unwrap();
    let verdicts = verifier.verify_all(&[ask(&row, "1")]).unwrap();
    assert!(
        verdicts[0].as_ref().unwrap_err().reason.contains("beyond verify.reward_bound = 1000"),
        "{verdicts:?}"
    );
}

#[test]
fn functions_are_shown_the_row_and_texts_or_messages() {
    if !has_python() {
        return;
    }
    let code = r"
def texts(prompts, completions, answer, question, id, source, kind, target, images, system):
    expected = ('<user>1+1?', '2', '1+1?', 'p', 'sums', 'reason', [1, {'a': None}], [], 'Be brief.')
    given = (prompts[0], answer[0], question[0], id[0], source[0], kind[0], target[0], images[0], system[0])
    assert given == expected, given
    return [1.0 if completion == '<think>2</think>2' else 0.0 for completion in completions]

def messages(prompts, completions):
    system, user = {'role': 'system', 'content': 'Be brief.'}, {'role': 'user', 'content': '1+1?'}
    assert prompts == [[system, user]], prompts
    assert completions == [[{'role': 'assistant', 'content': '<think>2</think>2'}]], completions
    return [1.0]
";
    let columns = serde_json::json!({"target": [1, {"a": null}], "answer": "never this"});
    let row = Problem {
        question: "1+1?".to_owned(),
        system: Some("Be brief.".to_owned()),
        source: Some("sums".to_owned()),
        columns: columns.as_object().unwrap().clone(),
        ..problem("2", None, Kind::REASON)
    };
    let (texts, _folder) = config(code, &["texts"]);
    assert_eq!(one(&Verifier::new(texts).unwrap(), &row, "<think>2</think>2").reward, 1.0);
    let (messages, _folder) = config(code, &["messages"]);
    let messages = VerifyConfig { python_messages: true, ..messages };
    assert_eq!(one(&Verifier::new(messages).unwrap(), &row, "<think>2</think>2").reward, 1.0);
}

#[test]
fn of_a_critique_a_function_judges_the_answer() {
    if !has_python() {
        return;
    }
    let code = "def f(completions):\n    return [1.0 if c == ' so 12' else 0.0 for c in completions]\n";
    let (config, _folder) = config(code, &["f"]);
    let reply = ReplyForm::Critique { right: false };
    let critique = Problem { reply, ..problem("12", None, Kind::CRITIQUE) };
    let verifier = Verifier::new(config).unwrap();
    assert_eq!(one(&verifier, &critique, r"\boxed{No} so 12").reward, 1.0);
    assert_eq!(one(&verifier, &critique, r"\boxed{Yes} so 12").reward, 0.5);
    assert_eq!(one(&verifier, &critique, r"\boxed{No} so 13").reward, 0.5);
}
