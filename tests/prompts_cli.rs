//! Prompts that fit and prompts that do not, chat templates and what ends a completion, from the command line.

mod common;

use std::{fs, path::Path};

use common::command::{printed, refused, rows, spark, train};
use predicates::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A copy of a shipped model without a link to it.
fn copied(model: &str) -> TempDir {
    let copy = TempDir::new().unwrap();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(model)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    copy
}

/// Changes a JSON file of a model directory.
fn edit(model: &TempDir, file: &str, change: impl FnOnce(&mut Value)) {
    let path = model.path().join(file);
    let mut value: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

/// Three calculations, of which the second takes 20,000 words.
fn long_data(root: &TempDir) -> std::path::PathBuf {
    let data = root.path().join("long.jsonl");
    let row = |id: &str, question: String| {
        json!({"id": id, "question": question, "answer": "2"}).to_string() + "\n"
    };
    let long = format!("What is 1 + 1? {}", "please ".repeat(20_000));
    let rows = [row("a", "What is 1 + 1?".into()), row("long", long), row("c", "What is 2 + 0?".into())];
    fs::write(&data, rows.concat()).unwrap();
    data
}

#[test]
fn a_question_of_20000_words_is_refused_by_name() {
    let root = TempDir::new().unwrap();
    let data = long_data(&root);
    let mut eval = spark();
    eval.args(["eval", "--quiet", "--model", "models/tiny-text", "--max-new-tokens", "48", "--data"])
        .arg(&data);
    refused(
        &mut eval,
        &["long.jsonl", "problem long", "tokens, and at most 2000 are read", "max_position_embeddings"],
    );
    let mut run = spark();
    run.args(["train", "--quiet", "--recipe", "recipes/calculations.toml", "--out"])
        .arg(root.path().join("run"));
    run.arg("--set").arg(format!("data.train={}", data.display()));
    refused(&mut run, &["problem long", "tokens, and at most"]);
}

#[test]
fn a_question_of_20000_words_is_skipped_and_counted_where_the_recipe_says_so() {
    let root = TempDir::new().unwrap();
    let (data, out) = (long_data(&root), root.path().join("run"));
    let mut run = spark();
    run.args(["train", "--quiet", "--recipe", "recipes/calculations.toml", "--out"]).arg(&out);
    for setting in
        ["train.steps=1", "train.prompts_per_step=2", "train.recycled_per_step=0", "data.bad_rows=skip"]
    {
        run.args(["--set", setting]);
    }
    for setting in
        ["train.samples_per_prompt=2", "train.max_new_tokens=8", "eval.problems=2", "eval.judge_items=0"]
    {
        run.args(["--set", setting]);
    }
    run.args(["--set", "eval.max_new_tokens=8", "--set"]).arg(format!("data.train={}", data.display()));
    let skipped = predicate::str::contains("1 rows skipped").and(predicate::str::contains("problem long"));
    run.assert().success().stderr(skipped);
    assert_eq!(rows(&out.join("metrics.jsonl")).len(), 1);
}

#[test]
fn the_recipes_own_bound_holds_and_may_not_exceed_the_models() {
    let out = TempDir::new().unwrap();
    let mut run = train(&out.path().join("run"));
    refused(
        run.args(["--set", "data.max_prompt_tokens=10"]),
        &["train.jsonl", "at most 10 are read", "data.max_prompt_tokens = 10"],
    );
    let mut run = train(&out.path().join("other"));
    refused(
        run.args(["--set", "data.max_prompt_tokens=3000"]),
        &["data.max_prompt_tokens = 3000: at most 2008"],
    );
    let mut run = train(&out.path().join("third"));
    refused(
        run.args(["--set", "train.max_new_tokens=2048"]),
        &["train.max_new_tokens = 2048", "at most 2048 tokens"],
    );
}

#[test]
fn generate_keeps_within_what_the_model_reads() {
    let model = copied("tiny-text");
    edit(&model, "config.json", |config| config["max_position_embeddings"] = json!(64));
    let generate = |prompt: &str, more: &[&str]| {
        let mut command = spark();
        command.args(["generate", "--quiet", "--json", "--temperature", "0", "--prompt", prompt, "--model"]);
        command.arg(model.path()).args(more);
        command
    };
    let row = printed(&mut generate("What is 1 + 1?", &[])).remove(0);
    let [prompt, new] =
        [row["prompt_tokens"].as_u64().unwrap(), row["token_ids"].as_array().unwrap().len() as u64];
    assert!(prompt + new <= 64, "{row}");
    refused(&mut generate("What is 1 + 1?", &["--max-new-tokens", "64"]), &["--max-new-tokens = 64"]);
    refused(&mut generate(&"what ".repeat(100), &[]), &["tokens, and at most 63 are read"]);
}

#[test]
fn score_and_sft_refuse_what_is_longer_than_the_model_reads() {
    let model = copied("tiny-text");
    edit(&model, "config.json", |config| config["max_position_embeddings"] = json!(64));
    let data = model.path().join("rows.jsonl");
    let long = "one ".repeat(200);
    fs::write(&data, json!({"messages": [{"role": "user", "content": "q"}], "completion": long}).to_string())
        .unwrap();
    let mut score = spark();
    score.args(["score", "--quiet", "--model"]).arg(model.path()).arg("--data").arg(&data);
    refused(&mut score, &["rows.jsonl", "at most 64 (max_position_embeddings"]);
    fs::write(&data, json!({"question": "q", "completion": long}).to_string()).unwrap();
    let mut sft = spark();
    sft.args(["sft", "--quiet", "--recipe", "recipes/tiny-text-sft.toml", "--out"])
        .arg(model.path().join("run"));
    for (key, path) in [("model.path", model.path()), ("sft.data", &data)] {
        sft.arg("--set").arg(format!("{key}={}", path.display()));
    }
    refused(&mut sft, &["rows.jsonl", "its completion included", "at most 64 (max_position_embeddings"]);
}

#[test]
fn the_templates_end_of_turn_ends_completions_and_is_said_once() {
    let model = copied("tiny-text");
    edit(&model, "generation_config.json", |config| config["eos_token_id"] = json!(587));
    let generate = |model: &Path| {
        let mut command = spark();
        command.args(["generate", "--quiet", "--json", "--temperature", "0", "--max-new-tokens", "80"]);
        command.args(["--prompt", "What is 3 + 4?", "--model"]).arg(model);
        command
    };
    let shipped = printed(&mut generate(Path::new("models/tiny-text")));
    assert_eq!(shipped[0]["finish_reason"], "stop");
    let said = generate(model.path()).assert().success().get_output().stderr.clone();
    let said = String::from_utf8(said).unwrap();
    assert_eq!(said.matches("<|im_end|> ends a completion, too").count(), 1, "{said}");
    assert_eq!(
        printed(&mut generate(model.path())),
        shipped,
        "nothing is sampled behind the end of the turn"
    );
    generate(Path::new("models/tiny-text"))
        .assert()
        .success()
        .stderr(predicate::str::contains("ends a completion").not());
}

#[test]
fn templates_are_given_arguments_and_refuse_those_that_they_do_not_mention() {
    let model = copied("tiny-text");
    let template = "{{ style }}{{ strftime_now('%d %B %Y') }}{% for m in messages %}{{ m.content }}{% endfor %}<|im_end|>";
    fs::write(model.path().join("chat_template.jinja"), template).unwrap();
    let generate = |arguments: &[&str]| {
        let mut command = spark();
        command.args(["generate", "--quiet", "--json", "--max-new-tokens", "1", "--prompt", "q", "--model"]);
        command.arg(model.path());
        for argument in arguments {
            command.args(["--template-argument", argument]);
        }
        command
    };
    let tokens = |arguments: &[&str]| printed(&mut generate(arguments))[0]["prompt_tokens"].as_u64().unwrap();
    let date = "strftime_now=2024-07-26";
    assert!(tokens(&[date, "style=a long style of its own"]) > tokens(&[date]));
    refused(&mut generate(&["stile=x"]), &["--template-argument stile: ", "it takes strftime_now, style"]);
    let mut run = train(&model.path().join("run"));
    run.args(["--set", "data.template_arguments.enable_thinking=false"]);
    refused(&mut run, &["data.template_arguments.enable_thinking: ", "does not mention it"]);
}

#[test]
fn a_system_message_is_refused_where_the_template_knows_none() {
    let model = copied("tiny-text");
    let root = TempDir::new().unwrap();
    let template = |text: &str| fs::write(model.path().join("chat_template.jinja"), text).unwrap();
    let each = "{% for m in messages %}<|im_start|>{{ m.role }}: {{ m.content }}<|im_end|>{% endfor %}";
    let mut count = 0;
    let mut command = |name: &str, settings: &[&str]| {
        count += 1;
        let mut command = spark();
        command.args([name, "--set"]).arg(format!("model.path={}", model.path().display()));
        if name != "plan" {
            command.args(["--quiet", "--out"]).arg(root.path().join(count.to_string()));
        }
        let recipe = if name == "sft" { "recipes/tiny-text-sft.toml" } else { "recipes/calculations.toml" };
        command.args(["--recipe", recipe]);
        settings.iter().for_each(|setting| {
            command.args(["--set", setting]);
        });
        command
    };
    let system = "data.system=\"Be brief.\"";
    template(&format!(
        "{{% if messages[0].role == 'system' %}}{{{{ raise_exception('System role not supported') }}}}{{% endif %}}{each}"
    ));
    for name in ["train", "plan"] {
        refused(
            &mut command(name, &[system]),
            &["data.system", "takes no system message", "System role not supported", "data.instruction"],
        );
    }
    template("{% for m in messages if m.role == 'user' %}{{ m.content }}<|im_end|>{% endfor %}");
    refused(&mut command("train", &[system]), &["data.system", "does not show system messages"]);
    let pairs = root.path().join("pairs.jsonl");
    fs::write(&pairs, json!({"question": "q", "completion": "c"}).to_string()).unwrap();
    let pairs = format!("sft.data={}", pairs.display());
    refused(&mut command("sft", &[system, &pairs]), &["data.system", "does not show system messages"]);
    // What rows bring is their own affair, and said.
    let row = json!({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "What is 1 + 1?"},
        {"role": "assistant", "content": "2"}, {"role": "user", "content": "And 2 + 2?"}], "answer": "4"});
    let data = root.path().join("rows.jsonl");
    fs::write(&data, row.to_string()).unwrap();
    let mut eval = spark();
    eval.args(["eval", "--quiet", "--max-new-tokens", "2", "--model"])
        .arg(model.path())
        .arg("--data")
        .arg(&data);
    let said = |what: &str| predicate::str::contains(format!("rows.jsonl: 1 problems have {what}"));
    let both = said("a system message").and(said("earlier turns"));
    eval.assert().success().stderr(both);
    template(each);
    let none = predicate::str::contains("does not show").not();
    eval.assert().success().stderr(none);
}

#[test]
fn a_template_that_doubles_a_text_is_refused_by_name() {
    let model = copied("tiny-text");
    let template = "{% set ns = namespace(s='ab') %}{% for i in range(40) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}";
    fs::write(model.path().join("chat_template.jinja"), template).unwrap();
    let mut command = spark();
    command.args(["generate", "--prompt", "q", "--model"]).arg(model.path());
    refused(&mut command, &["chat_template.jinja", "more than 4 MiB"]);
}
