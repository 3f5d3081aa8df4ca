//! Scripts: which writing a letter belongs to, and how much of a text each has.

use std::collections::HashMap;

/// A writing that languages are told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Writing {
    Latin,
    Cyrillic,
    Greek,
    Arabic,
    Hebrew,
    Devanagari,
    Bengali,
    Gurmukhi,
    Gujarati,
    Tamil,
    Telugu,
    Kannada,
    Malayalam,
    Thai,
    Hangul,
    Kana,
    Han,
    Other,
}

/// First and last characters of the scripts.
const RANGES: [(char, char, Writing); 34] = [
    ('A', 'Z', Writing::Latin),
    ('a', 'z', Writing::Latin),
    ('ª', 'ª', Writing::Latin),
    ('º', 'º', Writing::Latin),
    ('À', '\u{24f}', Writing::Latin),
    ('\u{1e00}', '\u{1eff}', Writing::Latin),
    ('ﬀ', 'ﬆ', Writing::Latin),
    ('\u{370}', '\u{3ff}', Writing::Greek),
    ('\u{1f00}', '\u{1fff}', Writing::Greek),
    ('\u{400}', '\u{52f}', Writing::Cyrillic),
    ('\u{590}', '\u{5ff}', Writing::Hebrew),
    ('\u{fb1d}', '\u{fb4f}', Writing::Hebrew),
    ('\u{600}', '\u{6ff}', Writing::Arabic),
    ('\u{750}', '\u{77f}', Writing::Arabic),
    ('\u{fb50}', '\u{fdff}', Writing::Arabic),
    ('\u{fe70}', '\u{fefc}', Writing::Arabic),
    ('\u{900}', '\u{97f}', Writing::Devanagari),
    ('\u{980}', '\u{9ff}', Writing::Bengali),
    ('\u{a00}', '\u{a7f}', Writing::Gurmukhi),
    ('\u{a80}', '\u{aff}', Writing::Gujarati),
    ('\u{b80}', '\u{bff}', Writing::Tamil),
    ('\u{c00}', '\u{c7f}', Writing::Telugu),
    ('\u{c80}', '\u{cff}', Writing::Kannada),
    ('\u{d00}', '\u{d7f}', Writing::Malayalam),
    ('\u{e00}', '\u{e7f}', Writing::Thai),
    ('\u{1100}', '\u{11ff}', Writing::Hangul),
    ('\u{3130}', '\u{318f}', Writing::Hangul),
    ('\u{ac00}', '\u{d7a3}', Writing::Hangul),
    ('\u{3041}', '\u{30ff}', Writing::Kana),
    ('\u{ff66}', '\u{ff9f}', Writing::Kana),
    ('\u{3400}', '\u{4dbf}', Writing::Han),
    ('\u{4e00}', '\u{9fff}', Writing::Han),
    ('\u{f900}', '\u{faff}', Writing::Han),
    ('\u{20000}', '\u{3ffff}', Writing::Han),
];

/// The script of a letter; `None` for what is no letter.
fn script(c: char) -> Option<Writing> {
    if !c.is_alphabetic() {
        return None;
    }
    let found = RANGES.iter().find(|(first, last, _)| (*first..=*last).contains(&c));
    Some(found.map_or(Writing::Other, |(_, _, script)| *script))
}

/// The number of letters of each script in a text.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    counts: HashMap<Writing, usize>,
    total: usize,
}

impl Letters {
    /// Counts a text's letters.
    pub(crate) fn of(text: &str) -> Self {
        let mut letters = Self::default();
        for script in text.chars().filter_map(script) {
            *letters.counts.entry(script).or_default() += 1;
            letters.total += 1;
        }
        letters
    }

    /// All letters.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// The share of a script, from 0 to 1.
    pub(crate) fn share(&self, script: Writing) -> f64 {
        let count = self.counts.get(&script).copied().unwrap_or(0);
        count as f64 / self.total.max(1) as f64
    }
}
