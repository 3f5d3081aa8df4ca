//! Mutations of known answers and responses: nothing panics, nothing takes long, and what must hold of every text holds.
//!
//! `cargo test` tries some thousands of them. `SPARK_FUZZ_SECONDS=600 cargo test --release --test verify_fuzz` goes on for
//! as long as it is told, with numbers that no other run has drawn if `SPARK_FUZZ_SEED` is set; what fails is printed
//! as a row, to be mended and kept in `tests/fixtures/verify_cases.jsonl`, from which all mutations start.

use std::{
    env, fs,
    time::{Duration, Instant},
};

use rayon::prelude::*;
use serde_json::{Value, json};
use spark::{
    data::Problem,
    random::Stream,
    verify::{Verifier, VerifyConfig},
};

/// Mutations where nothing says how long to go on.
const TRIES: u64 = 4000;

/// A row is compared half a dozen times, each time within a second by the clock; a busy machine stretches it.
const LONG: Duration = Duration::from_secs(10);

/// What is spliced in: signs, commands and words that the readers look for.
const PIECES: &[&str] = &[
    "\\frac{",
    "}",
    "{",
    "\\sqrt",
    "^",
    "_",
    "\\boxed{",
    "$",
    "\\(",
    "\\)",
    "<answer>",
    "</answer>",
    "####",
    "The answer is ",
    "not ",
    " or ",
    " and ",
    ",",
    ";",
    ":",
    "(",
    ")",
    "[",
    "]",
    "|",
    "\\left",
    "\\right",
    "\\text{",
    " cm",
    "^2",
    "%",
    "\\%",
    "\\pi",
    "e",
    "i",
    "0",
    "9",
    "1e9",
    "-",
    "+",
    "\\pm",
    "\\cdot",
    "/",
    "=",
    "<",
    "\\le",
    "\\in",
    "\\mathbb{R}",
    "\\cup",
    "\\infty",
    "...",
    "\\ldots",
    "million",
    "\\begin{cases}",
    "&",
    "\\\\",
    "\\end{cases}",
    "otherwise",
    "k\\in\\mathbb{Z}",
    "\\approx",
    "3.14",
    "°",
    "'",
    "\"",
    "√",
    "²",
    "½",
    "π",
    "答案是",
    "。",
    "\u{202e}",
    "\u{0}",
    "😀",
    "\n",
    "Yes",
    "No",
    "A)",
];

fn rows() -> Vec<Value> {
    let text = fs::read_to_string("tests/fixtures/verify_cases.jsonl").unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A text with a few changes: pieces put in, stretches left out or doubled, characters swapped.
fn mutated(text: &str, other: &str, stream: &mut Stream) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..=stream.below(4) {
        let at = stream.below(characters.len() + 1);
        let end = (at + 1 + stream.below(8)).min(characters.len());
        match stream.below(6) {
            0 | 1 => {
                let piece = PIECES[stream.below(PIECES.len())];
                characters.splice(at..at, piece.chars());
            }
            2 => drop(characters.drain(at.min(end)..end)),
            3 => {
                let copy = characters[at.min(end)..end].to_vec();
                characters.splice(at..at, copy);
            }
            4 if characters.len() > 1 => {
                let last = characters.len() - 1;
                characters.swap(at.min(last), stream.below(last + 1));
            }
            _ => {
                let other: Vec<char> = other.chars().collect();
                let from = stream.below(other.len() + 1);
                characters.splice(at..at, other[from..].iter().take(12).copied());
            }
        }
    }
    characters.into_iter().collect()
}

/// Judges one mutated row; the row and what is wrong with its verdict, where something is.
fn try_one(rows: &[Value], verifier: &Verifier, seed: u64, number: u64) -> Option<String> {
    let mut stream = Stream::new(&[seed, number]);
    let row = &rows[stream.below(rows.len())];
    let other = &rows[stream.below(rows.len())];
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or("").to_owned();
    let mut answer = text(row, "answer");
    let mut response = text(row, "response");
    if stream.below(3) == 0 {
        answer = mutated(&answer, &text(other, "answer"), &mut stream);
    }
    response = mutated(&response, &text(other, "response"), &mut stream);
    let problem = Problem {
        answer: answer.clone(),
        verifier: row["verifier"].as_str().map(str::to_owned),
        ..Problem::default()
    };
    let started = Instant::now();
    let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        verifier.check_gold(&problem).ok()?;
        let verdict = verifier.verify(&problem, &response);
        if let Some(found) = &verdict.extracted {
            let value = verifier.canonical(&problem, found);
            verifier.explain(&problem, found)?;
            if value.is_some_and(|value| verdict.is_correct() && verifier.differ(&problem, found, &value)) {
                return Some("its value differs from it".to_owned());
            }
        }
        verifier.holds_reference(&problem, &response);
        (!(0.0..=1.0).contains(&verdict.reward)).then(|| format!("a reward of {}", verdict.reward))
    }));
    let took = started.elapsed();
    let fault = match judged {
        Err(_) => Some("it panics".to_owned()),
        Ok(_) if took > LONG => Some(format!("it takes {took:?}")),
        Ok(fault) => fault,
    };
    fault.map(|fault| {
        let row =
            json!({"answer": answer, "response": response, "verifier": row["verifier"], "fault": fault});
        row.to_string()
    })
}

#[test]
fn mutations_end_quickly_without_a_panic_and_keep_their_value() {
    let number = |name: &str| env::var(name).ok().map(|value| value.parse::<u64>().expect("a whole number"));
    let seconds = number("SPARK_FUZZ_SECONDS");
    let seed = number("SPARK_FUZZ_SEED").unwrap_or(0);
    let rows = rows();
    let config = VerifyConfig::anywhere();
    let verifier = Verifier::new(config).unwrap();
    let started = Instant::now();
    let mut tried = 0;
    let mut faults: Vec<String> = Vec::new();
    while faults.is_empty() && seconds.map_or(tried < TRIES, |most| started.elapsed().as_secs() < most) {
        let batch = tried..tried + 1000;
        faults = batch.into_par_iter().filter_map(|number| try_one(&rows, &verifier, seed, number)).collect();
        tried += 1000;
    }
    println!("{tried} mutations");
    assert!(faults.is_empty(), "after {tried} mutations:\n{}", faults.join("\n"));
}
