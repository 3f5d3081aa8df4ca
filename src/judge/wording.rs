//! One wording of a prompt about answers: a text with places for the question and for what is shown. Text in, text
//! out; knows nothing of which wordings there are.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use super::kinds::letter;

/// The number of answers that a wording shows where it shows as many as there are, in a line each.
pub(super) const SEVERAL: usize = usize::MAX;

/// A text that shows a question and so many answers, each in its place.
///
/// `{question}` stands for the question and comes first. One answer is `{answer}`; two are `{a}` and `{b}`, in this
/// order; several are one line with `{letter}` and `{answer}`, which is repeated for each. Every place occurs once.
/// Braces behind a LaTeX command are plain text (`\boxed{}`, `\boxed{no}`), and so are those that hold anything but
/// small letters; `{{name}}` writes `{name}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wording {
    text: String,
    pieces: Vec<WordingPiece>,
}

/// A part of a wording.
#[derive(Debug, Clone, PartialEq, Eq)]
enum WordingPiece {
    Text(String),
    Question,
    /// An answer by its place among those shown; in a line for each, the line's own.
    Answer(usize),
    /// The letter of a line's answer.
    Letter,
    /// A line for each answer.
    Lines(Vec<WordingPiece>),
}

impl Wording {
    /// Reads a wording that shows so many answers, or [`SEVERAL`].
    ///
    /// # Errors
    /// Names the place that is wrong, and the places that there are.
    pub(super) fn parse(text: String, answers: usize) -> Result<Self, String> {
        let found = named(&text);
        check(&text, &found, places(answers))?;
        let pieces = match answers {
            SEVERAL => with_line(&text, &found)?,
            _ => pieces(&text, 0..text.len(), &found),
        };
        Ok(Self { text, pieces })
    }

    /// The wording as it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The wording with a question and answers in their places.
    pub(super) fn fill(&self, question: &str, answers: &[&str]) -> String {
        filled(&self.pieces, question, answers, 0)
    }
}

/// The names of the places of a wording that shows so many answers, in their order.
const fn places(answers: usize) -> &'static [&'static str] {
    match answers {
        1 => &["question", "answer"],
        2 => &["question", "a", "b"],
        _ => &["question", "letter", "answer"],
    }
}

fn filled(pieces: &[WordingPiece], question: &str, answers: &[&str], line: usize) -> String {
    let piece = |piece: &WordingPiece| match piece {
        WordingPiece::Text(text) => text.clone(),
        WordingPiece::Question => question.to_owned(),
        WordingPiece::Answer(place) => answers[line + place].to_owned(),
        WordingPiece::Letter => letter(line as u8),
        WordingPiece::Lines(pieces) => {
            let lines = (0..answers.len()).map(|line| filled(pieces, question, answers, line));
            lines.collect::<Vec<_>>().join("\n")
        }
    };
    pieces.iter().map(piece).collect()
}

/// Braces with a name in them: where they stand, and whether they are a place or, as `{{name}}`, text.
struct Named<'a> {
    at: Range<usize>,
    name: &'a str,
    is_place: bool,
}

/// `{{name}}`, a LaTeX command with its arguments, or `{name}`, whichever begins first.
static BRACES: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"\{\{(?<text>[a-z_]+)\}\}|\\[A-Za-z]+(?:\{[^{}]*\})*|\{(?<place>[a-z_]+)\}";
    Regex::new(pattern).expect("a valid pattern")
});

fn named(text: &str) -> Vec<Named<'_>> {
    let found = BRACES.captures_iter(text).filter_map(|captures| {
        let at = captures.get(0)?.range();
        let place = captures.name("place");
        let name = place.or(captures.name("text"))?.as_str();
        Some(Named { at, name, is_place: place.is_some() })
    });
    found.collect()
}

/// Refuses places that there are none of, that are missing, that stand there twice or in another order.
fn check(text: &str, found: &[Named<'_>], expected: &[&str]) -> Result<(), String> {
    let places: Vec<&Named<'_>> = found.iter().filter(|named| named.is_place).collect();
    let listed = expected.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(", ");
    if let Some(unknown) = places.iter().find(|named| !expected.contains(&named.name)) {
        let (name, line) = (unknown.name, line_of(text, unknown.at.start));
        return Err(format!(
            "{line}there is no place {{{name}}}: write {{{{{name}}}}} for the text {{{name}}}, or one of {listed}"
        ));
    }
    for &name in expected {
        let mut of_name = places.iter().filter(|named| named.name == name);
        if of_name.next().is_none() {
            return Err(format!(
                "{{{name}}} is missing: a wording has each of {listed} once (braces behind a LaTeX command are text)"
            ));
        }
        if let Some(again) = of_name.next() {
            let line = line_of(text, again.at.start);
            return Err(format!("{line}{{{name}}} stands there again: a wording has each of {listed} once"));
        }
    }
    match places.iter().zip(expected).find(|(named, expected)| named.name != **expected) {
        None => Ok(()),
        Some((named, expected)) => Err(format!(
            "{}{{{}}} stands before {{{expected}}}: their order is {listed}",
            line_of(text, named.at.start),
            named.name
        )),
    }
}

/// "line 2 of it: " where a text has several lines.
fn line_of(text: &str, at: usize) -> String {
    match text.trim_end().contains('\n') {
        true => format!("line {} of it: ", 1 + text[..at].matches('\n').count()),
        false => String::new(),
    }
}

/// The pieces of a wording with a line for each answer.
fn with_line(text: &str, found: &[Named<'_>]) -> Result<Vec<WordingPiece>, String> {
    let start_of = |name: &str| {
        let named = found.iter().find(|named| named.is_place && named.name == name);
        named.map_or(0, |named| named.at.start)
    };
    let (letter, answer) = (start_of("letter"), start_of("answer"));
    let start = text[..letter].rfind('\n').map_or(0, |before| before + 1);
    let end = text[letter..].find('\n').map_or(text.len(), |length| letter + length);
    if answer > end || start_of("question") >= start {
        return Err("{letter} and {answer} share a line without {question}: it is repeated for each answer"
            .to_owned());
    }
    let mut all = pieces(text, 0..start, found);
    all.push(WordingPiece::Lines(pieces(text, start..end, found)));
    all.extend(pieces(text, end..text.len(), found));
    Ok(all)
}

/// The pieces of a part of a text.
fn pieces(text: &str, part: Range<usize>, found: &[Named<'_>]) -> Vec<WordingPiece> {
    let (mut pieces, mut from) = (Vec::new(), part.start);
    for named in found.iter().filter(|named| part.contains(&named.at.start)) {
        pieces.push(WordingPiece::Text(text[from..named.at.start].to_owned()));
        pieces.push(match (named.is_place, named.name) {
            (false, name) => WordingPiece::Text(format!("{{{name}}}")),
            (true, "question") => WordingPiece::Question,
            (true, "letter") => WordingPiece::Letter,
            (true, "b") => WordingPiece::Answer(1),
            (true, _) => WordingPiece::Answer(0),
        });
        from = named.at.end;
    }
    pieces.push(WordingPiece::Text(text[from..part.end].to_owned()));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled<const ANSWERS: usize>(text: &str, answers: &[&str]) -> Result<String, String> {
        Wording::parse(text.to_owned(), ANSWERS).map(|wording| wording.fill("What?", answers))
    }

    #[test]
    fn places_are_filled_and_what_fills_them_is_not_read_again() {
        assert_eq!(filled::<1>("Q: {question}\nA: {answer}!", &["7"]).unwrap(), "Q: What?\nA: 7!");
        assert_eq!(filled::<1>("{question} {answer}", &["{question}"]).unwrap(), "What? {question}");
        assert_eq!(filled::<2>("{question} {a} or {b}", &["{b}", "x"]).unwrap(), "What? {b} or x");
    }

    #[test]
    fn an_answer_of_several_has_a_line_with_its_letter() {
        let lines = "{question}\nOption {letter}: {answer}\nWhich? \\boxed{}";
        let shown = "What?\nOption A: 1\nOption B: 2\nOption C: 3\nWhich? \\boxed{}";
        assert_eq!(filled::<SEVERAL>(lines, &["1", "2", "3"]).unwrap(), shown);
        let last = "{question}\n({letter}) {answer}";
        assert_eq!(filled::<SEVERAL>(last, &["1", "2"]).unwrap(), "What?\n(A) 1\n(B) 2");
        for apart in ["{question}\n{letter}\n{answer}", "{question} {letter}: {answer}\nWhich?"] {
            assert!(filled::<SEVERAL>(apart, &["1"]).unwrap_err().contains("share a line"), "{apart}");
        }
    }

    #[test]
    fn braces_of_latex_and_doubled_ones_are_text() {
        let text =
            r#"{question} {answer}: \boxed{Yes}, \boxed{no}, \frac{a}{b}, {Yes}, {}, {"a": 1}, {{answer}}"#;
        let shown = r#"What? 7: \boxed{Yes}, \boxed{no}, \frac{a}{b}, {Yes}, {}, {"a": 1}, {answer}"#;
        assert_eq!(filled::<1>(text, &["7"]).unwrap(), shown);
        assert!(
            filled::<1>(r"{question} \boxed{answer}", &["7"]).unwrap_err().contains("{answer} is missing")
        );
    }

    #[test]
    fn a_place_that_is_unknown_missing_doubled_or_out_of_order_is_refused_with_its_line() {
        let refused = |text: &str| filled::<1>(text, &["7"]).unwrap_err();
        assert!(
            refused("{question}\n{answer}\n{verdict}?").contains("line 3 of it: there is no place {verdict}")
        );
        assert!(refused("{question} {a}").contains("there is no place {a}"));
        assert!(refused("{question}?").contains("{answer} is missing"));
        assert!(refused("{answer}?").contains("{question} is missing"));
        assert!(
            refused("{question}\n{answer}\n{answer}").contains("line 3 of it: {answer} stands there again")
        );
        assert!(refused("{answer} {question}").contains("{answer} stands before {question}"));
        assert!(
            filled::<2>("{question} {b} {a}", &["1", "2"]).unwrap_err().contains("{b} stands before {a}")
        );
        assert!(filled::<2>("{question} {answer}", &["1", "2"]).unwrap_err().contains("no place {answer}"));
    }
}
