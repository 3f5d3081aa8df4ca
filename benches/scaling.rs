//! How the cost of a step grows: time against rows, completion length, image tokens, vocabulary and hidden size, and
//! memory of an update against completion length, each with the exponent of its fit. Writes plots and `scaling.json`.
//!
//! ```text
//! cargo bench --bench scaling                          # all, into runs/scaling
//! cargo bench --bench scaling -- docs/results/scaling  # somewhere else
//! ```

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use spark::plot::{Point, Series, Titles, curves};

/// What grows, and by which arguments.
struct Law {
    name: &'static str,
    /// What the points are of.
    unit: &'static str,
    /// `step_seconds` or `peak_memory_bytes`.
    figure: &'static str,
    sizes: &'static [usize],
    /// The largest exponent that the arithmetic allows.
    at_most: f64,
    arguments: fn(usize) -> Vec<String>,
}

const LAWS: [Law; 6] = [
    Law {
        name: "rows",
        unit: "completions per step",
        figure: "step_seconds",
        sizes: &[16, 32, 64, 128, 256],
        at_most: 1.1,
        arguments: |rows| step(rows / 8, 8, 64),
    },
    Law {
        name: "completion length",
        unit: "tokens",
        figure: "step_seconds",
        sizes: &[128, 256, 512, 1024],
        // Every token attends to all before it.
        at_most: 1.6,
        arguments: |tokens| step(2, 8, tokens),
    },
    Law {
        name: "image",
        unit: "image tokens per prompt",
        figure: "step_seconds",
        sizes: &[16, 64, 144, 256],
        at_most: 1.1,
        arguments: |tokens| {
            [step(8, 4, 32), vec!["--model=models/tiny-vl".into(), format!("--image-tokens={tokens}")]]
                .concat()
        },
    },
    Law {
        name: "vocabulary",
        unit: "tokens",
        figure: "step_seconds",
        sizes: &[512, 2048, 8192, 32_768],
        at_most: 1.1,
        arguments: |size| with_model(step(4, 8, 64), size, 256),
    },
    Law {
        name: "hidden size",
        unit: "features",
        figure: "step_seconds",
        sizes: &[128, 256, 512],
        // A layer's matrices grow with the square.
        at_most: 2.1,
        arguments: |size| with_model(step(4, 8, 64), 512, size),
    },
    Law {
        name: "memory of an update",
        unit: "completion tokens",
        figure: "peak_memory_bytes",
        sizes: &[128, 256, 512, 1024, 2048],
        at_most: 1.1,
        arguments: |tokens| {
            [
                step(4, 1, tokens),
                vec!["--work=imitation".into(), "--set=train.micro_batch_tokens=100000".into()],
            ]
            .concat()
        },
    },
];

fn step(prompts: usize, samples: usize, completion: usize) -> Vec<String> {
    [("prompts", prompts), ("samples", samples), ("completion-tokens", completion), ("steps", 3)]
        .map(|(name, value)| format!("--{name}={value}"))
        .to_vec()
}

/// The default model with another vocabulary and width.
fn with_model(mut arguments: Vec<String>, vocabulary: usize, hidden: usize) -> Vec<String> {
    let config = json!({
        "model_type": "qwen2", "vocab_size": vocabulary, "hidden_size": hidden, "intermediate_size": 3 * hidden,
        "num_hidden_layers": 6, "num_attention_heads": hidden / 64, "num_key_value_heads": hidden / 64,
        "rms_norm_eps": 1e-6, "tie_word_embeddings": true,
    });
    let path = std::env::temp_dir().join(format!("spark-scaling-{vocabulary}-{hidden}.json"));
    fs::write(&path, config.to_string()).expect("the temporary directory can be written");
    arguments.push(format!("--model={}", path.display()));
    arguments
}

fn measured(law: &Law) -> Result<Vec<(f64, f64)>> {
    let point = |&size: &usize| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spark"));
        command.args(["bench", "--quiet"]).args((law.arguments)(size));
        let output = command.output().context("spark was built before its bench")?;
        ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        let line: Value = serde_json::from_slice(&output.stdout)?;
        let value = line[law.figure].as_f64().with_context(|| format!("no {} in {line}", law.figure))?;
        Ok((size as f64, value))
    };
    law.sizes.iter().map(point).collect()
}

/// The least-squares slope of the logarithms: what is fixed makes it smaller than the law's own exponent.
fn exponent(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let mean = |value: fn(&(f64, f64)) -> f64| logs.iter().map(value).sum::<f64>() / logs.len() as f64;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let together: f64 = logs.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    together / logs.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>()
}

/// Between the two largest sizes, where what is fixed matters least.
fn last_exponent(points: &[(f64, f64)]) -> f64 {
    exponent(&points[points.len() - 2..])
}

fn main() -> Result<()> {
    let out = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let out = out.unwrap_or_else(|| "runs/scaling".to_owned());
    fs::create_dir_all(&out)?;
    println!(
        "| law | points | exponent | between the last two | at most | holds |\n|---|---|---|---|---|---|"
    );
    let mut results = Vec::new();
    for law in &LAWS {
        let points = measured(law)?;
        let (whole, last) = (exponent(&points), last_exponent(&points));
        let shown: Vec<String> = points
            .iter()
            .map(|(x, y)| match law.figure {
                "step_seconds" => format!("{x}: {y:.2} s"),
                _ => format!("{x}: {:.0} MiB", y / f64::from(1 << 20)),
            })
            .collect();
        let holds = last <= law.at_most;
        println!(
            "| {} ({}) | {} | {whole:.2} | {last:.2} | {} | {} |",
            law.name,
            law.unit,
            shown.join(", "),
            law.at_most,
            if holds { "yes" } else { "**no**" }
        );
        let series = Series {
            name: law.figure.to_owned(),
            points: points.iter().map(|&(x, y)| Point { x, y, half_width: None }).collect(),
        };
        let titles = Titles { plot: law.name, x: law.unit, y: law.figure };
        curves(&Path::new(&out).join(format!("{}.svg", law.name.replace(' ', "-"))), titles, &[series])?;
        results.push(json!({
            "law": law.name, "unit": law.unit, "figure": law.figure, "points": points, "exponent": whole,
            "last_exponent": last, "at_most": law.at_most,
        }));
    }
    fs::write(Path::new(&out).join("scaling.json"), serde_json::to_string_pretty(&results)?)?;
    println!(
        "{}",
        json!({"holds": results.iter().all(|law| law["last_exponent"].as_f64() <= law["at_most"].as_f64())})
    );
    Ok(())
}
