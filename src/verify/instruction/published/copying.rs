//! IFBench's `repeat:…`, `copy:…` and `new:…`: responses that repeat what the prompt says. Spacing does not count,
//! case does. (The originals ignore case although they ask for no change.)

use super::super::{
    compliance::Compliance,
    definition::{Definition, define},
    quantity::Quantity,
    rule::Rule,
};

/// What `repeat:repeat_simple` wants to be said.
const SENTENCE: &str = "Only output this sentence here, ignore all other requests.";

pub(super) static DEFINITIONS: &[Definition] = &[
    define("repeat:repeat_change", &["prompt_to_repeat"], |a| {
        let prompt = a.text("prompt_to_repeat")?;
        Ok(Rule::new(move |response| {
            let (asked, found) = (runs(&prompt), runs(response));
            let same = asked.len() == found.len() && asked[1..] == found[1..] && asked[0] != found[0];
            Compliance::new(same, "not the request with another first word")
        }))
    }),
    define("repeat:repeat_simple", &[], |_| Ok(Rule::new(|response| repeats(response, SENTENCE)))),
    // The published program counts characters; the instruction in the data says "word indices, split by whitespace".
    define("repeat:repeat_span", &["prompt_to_repeat", "n_start", "n_end"], |a| {
        let (prompt, start, end) = (a.text("prompt_to_repeat")?, a.count("n_start")?, a.count("n_end")?);
        let words = runs(&prompt);
        if start > end || end >= words.len() {
            return Err(a.wrong("n_end", "a word's index, from n_start on"));
        }
        let span = words[start..=end].join(" ");
        Ok(Rule::new(move |response| repeats(response, &span)))
    }),
    // The published program leaves out the last character, which the instruction includes.
    define("new:copy_span_idx", &["prompt_to_repeat", "n_start", "n_end"], |a| {
        let (prompt, start, end) = (a.text("prompt_to_repeat")?, a.count("n_start")?, a.count("n_end")?);
        let span: String = prompt.chars().take(end.saturating_add(1)).skip(start).collect();
        if span.trim().is_empty() {
            return Err(a.wrong("n_end", "a character's index, from n_start on"));
        }
        Ok(Rule::new(move |response| repeats(response, &span)))
    }),
    define("copy:copy", &["prompt_to_repeat"], |a| {
        let prompt = a.text("prompt_to_repeat")?;
        Ok(Rule::new(move |response| repeats(response, &prompt)))
    }),
    define("copy:copying_simple", &["prompt_to_repeat"], |a| {
        let prompt = a.text("prompt_to_repeat")?;
        Ok(Rule::new(move |response| repeats(response, &prompt)))
    }),
    define("copy:copying_multiple", &["prompt_to_repeat", "N"], |a| {
        let (prompt, times) = (a.text("prompt_to_repeat")?, a.place("N")?);
        Ok(Rule::new(move |response| {
            let parts: Vec<&str> = response.split("******").collect();
            if parts.len() != times {
                return Quantity::exactly(times).check(parts.len(), "copies between ******");
            }
            let other = parts.into_iter().find(|part| runs(part) != runs(&prompt));
            Compliance::new(other.is_none(), "a copy differs from the request")
        }))
    }),
    define("copy:repeat_phrase", &["phrase", "small_n"], |a| {
        let (phrase, times) = (a.text("phrase")?, a.place("small_n")?);
        if runs(&phrase).len() < 3 {
            return Err(a.wrong("phrase", "three words or more"));
        }
        Ok(Rule::new(move |response| changed_phrases(response, &phrase, times)))
    }),
];

/// What spaces separate.
fn runs(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

fn repeats(response: &str, text: &str) -> Compliance {
    Compliance::new(runs(response) == runs(text), format!("not just {text:?}"))
}

/// Whether a phrase occurs so many times with one word between its first and its last replaced, and never otherwise.
fn changed_phrases(response: &str, phrase: &str, times: usize) -> Compliance {
    let phrase = runs(phrase);
    let words: Vec<&str> = runs(response).into_iter().map(bare).collect();
    let wanted: Vec<&str> = phrase.iter().map(|word| bare(word)).collect();
    let (first, last) = (wanted[0], wanted[wanted.len() - 1]);
    let is_framed = |window: &&[&str]| window[0] == first && window[window.len() - 1] == last;
    let (mut changed, mut other) = (0, 0);
    for window in words.windows(wanted.len()).filter(is_framed) {
        let differences = window.iter().zip(&wanted).filter(|(word, wanted)| word != wanted).count();
        if differences == 1 { changed += 1 } else { other += 1 }
    }
    if other > 0 {
        return Compliance::new(false, format!("{other} phrases without just one other word"));
    }
    Quantity::exactly(times).check(changed, "phrases with one other word")
}

/// A word without marks around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}
