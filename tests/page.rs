//! A run as a page of HTML: it stands by itself, shows what completions hold as text, and leaves out what would be too much.
//! With SPARK_CHROMIUM, the path of a Chromium, also what a browser makes of it:
//!
//!     SPARK_CHROMIUM=$(which chromium) cargo test --test page -- --ignored

mod common;

use std::{fs, path::Path, process::Command};

use common::command::{refused, spark, train};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A run's directory, whose completions are what a page must stand.
fn hostile_run(dir: &Path, completions: usize) {
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("recipe.toml"), "# </script><script>document.title = 'taken'</script>\nseed = 1\n")
        .unwrap();
    let scores = |accuracy: f64| {
        json!({"problems": 100, "reasoning_accuracy": accuracy, "votes": [
        {"samples": 1, "majority": accuracy, "judged": accuracy, "any": accuracy},
        {"samples": 2, "majority": accuracy, "judged": accuracy, "any": 0.9}]})
    };
    let summary =
        json!({"steps": 3, "tokens": 1234, "seconds": 5.0, "before": scores(0.25), "after": scores(0.5)});
    fs::write(dir.join("summary.json"), summary.to_string()).unwrap();
    let metrics = (1..=3).map(|step| {
        json!({"step": step, "reason/reward": 0.1 * f64::from(step), "loss": 0.5}).to_string() + "\n"
    });
    fs::write(dir.join("metrics.jsonl"), metrics.collect::<String>()).unwrap();
    let texts = [
        "</script><script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"
            .to_owned(),
        "\u{0}\u{1b}[31m\u{202e}\u{2028} control".to_owned(),
        "x".repeat(1 << 20),
    ];
    let row = |number: usize| {
        let is_judge = number % 5 == 4;
        let problem = format!("p{}{}", number / 15, if is_judge { "#pointwise@1" } else { "" });
        let kind = if is_judge { "pointwise" } else { "reason" };
        let completion = if number < 3 { texts[number].clone() } else { format!("answer {number}") };
        let reward = (number % 3) as f64 / 2.0;
        json!({"step": 1 + number % 3, "kind": kind, "problem": problem, "question": "<b>?</b>", "images": [],
            "prompt": "", "completion": completion, "answer": "7", "extracted": null, "reward": reward,
            "reason": "different", "advantage": 0.5, "finish_reason": "stop"})
    };
    let rows: String = (0..completions).map(|number| row(number).to_string() + "\n").collect();
    fs::write(dir.join("rollouts.jsonl"), rows).unwrap();
}

fn page_of(run: &Path) -> String {
    let output = spark().arg("report").arg(run).assert().success().get_output().stdout.clone();
    assert_eq!(Path::new(String::from_utf8(output).unwrap().trim()), run.join("report.html"));
    fs::read_to_string(run.join("report.html")).unwrap()
}

/// What the page holds of its runs.
fn data(page: &str) -> Value {
    let text = page.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_page_stands_by_itself_and_holds_completions_as_text() {
    let root = TempDir::new().unwrap();
    hostile_run(root.path(), 30);
    let page = page_of(root.path());
    assert_eq!(page.matches("<script").count(), 2, "the data and the page's own");
    assert!(
        !page.contains("http://")
            || page.matches("http://").count() == page.matches("http://www.w3.org/2000/svg").count()
    );
    assert!(!page.contains("https://"));
    assert!(page.len() < 1 << 18, "a long text is cut off: {}", page.len());
    let run = &data(&page)["runs"][0];
    assert_eq!((&run["all"], run["completions"].as_array().unwrap().len()), (&json!(30), 30));
    assert!(run["completions"][0]["completion"].as_str().unwrap().starts_with("</script>"));
}

#[test]
fn of_many_completions_some_problems_are_shown_in_little_time() {
    let root = TempDir::new().unwrap();
    hostile_run(root.path(), 100_000);
    let started = std::time::Instant::now();
    let page = page_of(root.path());
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    let run = &data(&page)["runs"][0];
    let shown = run["completions"].as_array().unwrap().len();
    assert!(run["all"] == 100_000 && (1_000..=8_000).contains(&shown), "{shown}");
}

#[test]
fn a_run_ends_with_its_page_and_what_is_no_run_has_none() {
    let root = TempDir::new().unwrap();
    let run = root.path().join("run");
    train(&run).assert().success();
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    let shown = &data(&page)["runs"][0];
    assert!(
        !shown["metrics"].as_array().unwrap().is_empty()
            && !shown["completions"].as_array().unwrap().is_empty()
    );
    // Amid a run there is no summary yet.
    fs::remove_file(run.join("summary.json")).unwrap();
    assert!(data(&page_of(&run))["runs"][0]["summary"].is_null());
    refused(spark().arg("report").arg(root.path()), &["recipe.toml"]);
}

#[test]
#[ignore = "needs Chromium, named by SPARK_CHROMIUM"]
fn a_browser_shows_it_and_runs_nothing_of_it() {
    let root = TempDir::new().unwrap();
    hostile_run(root.path(), 100_000);
    page_of(root.path());
    let chromium = std::env::var("SPARK_CHROMIUM").expect("SPARK_CHROMIUM names a Chromium");
    let url = format!("file://{}", root.path().join("report.html").display());
    let output = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--virtual-time-budget=3000",
            "--dump-dom",
            &url,
        ])
        .output()
        .unwrap();
    let dom = String::from_utf8(output.stdout).unwrap();
    assert!(dom.contains("<title>spark: ") && !dom.contains("<title>taken"));
    assert_eq!(dom.matches("class=\"completion ").count(), 40, "the first of them");
    assert!(dom.matches("<polyline").count() >= 4 && dom.contains("+25.0"));
}
