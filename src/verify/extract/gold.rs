//! The reference answer: as it stands, or extracted where it is a whole solution.

use std::borrow::Cow;

use super::{boxes, latex, phrases, reading::Reading};

/// Words between formulas that leave a reference one answer: `$1$ and $2$`, `$125$ miles`.
const MOST_WORDS: usize = 4;

/// The reference answer inside a text: its boxes, what follows its last `####` or `A:`, its last formula
/// where it is prose with formulas, or all of it.
pub fn gold_answer(gold: &str) -> Cow<'_, str> {
    if let Some((boxed, _)) = boxes::answer(gold).filter(|(boxed, _)| !boxed.is_empty()) {
        return Cow::Owned(boxed);
    }
    let gold = gold.trim();
    if let Some((_, answer)) = gold.rsplit_once("####") {
        return Cow::Borrowed(answer.trim());
    }
    if gold.contains('\n') || gold.len() > 200 {
        let announced = phrases::answers(gold, &Reading::new(gold)).into_iter().next();
        return match announced.map(|(answer, _)| answer).or_else(|| latex::answer(gold)) {
            Some(answer) => Cow::Owned(answer),
            None => Cow::Borrowed(gold),
        };
    }
    let formulas = latex::formulas(gold);
    if formulas.is_empty() || words_outside(gold, &formulas) <= MOST_WORDS {
        return Cow::Borrowed(gold);
    }
    Cow::Owned(latex::joined(gold, &formulas, formulas.len() - 1))
}

fn words_outside(text: &str, formulas: &[latex::Formula]) -> usize {
    let mut from = 0;
    let mut words = 0;
    for formula in formulas {
        words += text[from..formula.outside.0].split_whitespace().count();
        from = formula.outside.1;
    }
    words + text[from..].split_whitespace().count()
}
