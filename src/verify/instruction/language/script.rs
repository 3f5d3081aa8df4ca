//! Scripts: which writing a letter belongs to, and how much of a text each has.

use std::collections::HashMap;

/// A writing that languages are told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Script {
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
const RANGES: [(char, char, Script); 34] = [
    ('A', 'Z', Script::Latin),
    ('a', 'z', Script::Latin),
    ('ª', 'ª', Script::Latin),
    ('º', 'º', Script::Latin),
    ('À', '\u{24f}', Script::Latin),
    ('\u{1e00}', '\u{1eff}', Script::Latin),
    ('ﬀ', 'ﬆ', Script::Latin),
    ('\u{370}', '\u{3ff}', Script::Greek),
    ('\u{1f00}', '\u{1fff}', Script::Greek),
    ('\u{400}', '\u{52f}', Script::Cyrillic),
    ('\u{590}', '\u{5ff}', Script::Hebrew),
    ('\u{fb1d}', '\u{fb4f}', Script::Hebrew),
    ('\u{600}', '\u{6ff}', Script::Arabic),
    ('\u{750}', '\u{77f}', Script::Arabic),
    ('\u{fb50}', '\u{fdff}', Script::Arabic),
    ('\u{fe70}', '\u{fefc}', Script::Arabic),
    ('\u{900}', '\u{97f}', Script::Devanagari),
    ('\u{980}', '\u{9ff}', Script::Bengali),
    ('\u{a00}', '\u{a7f}', Script::Gurmukhi),
    ('\u{a80}', '\u{aff}', Script::Gujarati),
    ('\u{b80}', '\u{bff}', Script::Tamil),
    ('\u{c00}', '\u{c7f}', Script::Telugu),
    ('\u{c80}', '\u{cff}', Script::Kannada),
    ('\u{d00}', '\u{d7f}', Script::Malayalam),
    ('\u{e00}', '\u{e7f}', Script::Thai),
    ('\u{1100}', '\u{11ff}', Script::Hangul),
    ('\u{3130}', '\u{318f}', Script::Hangul),
    ('\u{ac00}', '\u{d7a3}', Script::Hangul),
    ('\u{3041}', '\u{30ff}', Script::Kana),
    ('\u{ff66}', '\u{ff9f}', Script::Kana),
    ('\u{3400}', '\u{4dbf}', Script::Han),
    ('\u{4e00}', '\u{9fff}', Script::Han),
    ('\u{f900}', '\u{faff}', Script::Han),
    ('\u{20000}', '\u{3ffff}', Script::Han),
];

/// The script of a letter; `None` for what is no letter.
fn script(c: char) -> Option<Script> {
    if !c.is_alphabetic() {
        return None;
    }
    let found = RANGES.iter().find(|(first, last, _)| (*first..=*last).contains(&c));
    Some(found.map_or(Script::Other, |(_, _, script)| *script))
}

/// The number of letters of each script in a text.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    counts: HashMap<Script, usize>,
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
    pub(crate) fn share(&self, script: Script) -> f64 {
        let count = self.counts.get(&script).copied().unwrap_or(0);
        count as f64 / self.total.max(1) as f64
    }
}
