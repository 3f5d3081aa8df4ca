//! Reads a unit out of words and symbols, as people write them: "square metres", `kg m/s^2`, "dollars per hour",
//! "apples in each box".

use super::{
    Unit,
    names::{name, symbol},
};

/// Words that say nothing about what is counted.
const FILLERS: [&str; 36] = [
    "a",
    "an",
    "the",
    "of",
    "in",
    "on",
    "at",
    "total",
    "altogether",
    "exactly",
    "each",
    "every",
    "more",
    "less",
    "left",
    "long",
    "wide",
    "tall",
    "high",
    "deep",
    "thick",
    "old",
    "away",
    "all",
    "only",
    "about",
    "approximately",
    "around",
    "roughly",
    "other",
    "different",
    "o'clock",
    "its",
    "their",
    "his",
    "her",
];

/// Words with which a comment begins rather than a unit.
const COMMENTS: [&str; 29] = [
    "where",
    "for",
    "if",
    "when",
    "whenever",
    "since",
    "because",
    "as",
    "with",
    "is",
    "are",
    "was",
    "so",
    "which",
    "that",
    "and",
    "or",
    "but",
    "while",
    "unless",
    "provided",
    "assuming",
    "except",
    "not",
    "to",
    "by",
    "then",
    "otherwise",
    "such",
];

/// A unit that is being read, word by word.
#[derive(Debug, Default)]
pub(crate) struct UnitReader {
    factors: Vec<(String, i32)>,
    nouns: Vec<String>,
    /// Whether the next unit stands below a line, "per" it.
    per: bool,
    /// Whether everything up to a closing bracket does.
    bracketed: bool,
    /// The power that "square" or "cubic" gives to the next unit.
    power: Option<i32>,
}

/// Whether words are a comment on what stands before them, not its unit.
pub(crate) fn begins_comment(words: &str) -> bool {
    let words = words.trim_start_matches([' ', '~']);
    let first: String =
        words.chars().take_while(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    (first.is_empty() && !words.starts_with(['/', '°', '\\', '$', '€', '£', '¥', '¢']))
        || COMMENTS.contains(&first.as_str())
}

impl UnitReader {
    /// Puts what follows below the line.
    pub(crate) fn per(&mut self) {
        self.per = true;
    }

    /// Begins or ends what a bracket puts below the line together.
    pub(crate) fn bracket(&mut self, opens: bool) {
        self.bracketed = opens && self.per;
        self.per = false;
    }

    /// Whether anything has been read.
    pub(crate) fn is_empty(&self) -> bool {
        self.factors.is_empty() && self.nouns.is_empty()
    }

    /// Whether the last word was a known unit.
    pub(crate) fn has_unit(&self) -> bool {
        !self.factors.is_empty()
    }

    /// A unit by its name.
    pub(crate) fn push(&mut self, name: &str) {
        let sign = if self.per || self.bracketed { -1 } else { 1 };
        self.factors.push((name.to_owned(), sign * self.power.take().unwrap_or(1)));
        self.per = false;
    }

    /// Gives an exponent to the last unit. Milliseconds are hardly ever below a line: `ms^{-1}` is `m s^{-1}`.
    pub(crate) fn raise(&mut self, exponent: i32) {
        let Some((name, power)) = self.factors.last_mut() else { return };
        if name == "ms" && exponent < 0 && *power == 1 {
            *name = "s".to_owned();
            *power = exponent;
            self.factors.push(("m".to_owned(), 1));
            let last = self.factors.len();
            self.factors.swap(last - 2, last - 1);
        } else {
            *power = power.saturating_mul(exponent);
        }
    }

    /// Reads the content of `\text{…}` and its like: words, symbols, powers, and signs of products and quotients.
    pub(crate) fn read(&mut self, content: &str) {
        let mut rest = content;
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '/' => {
                    self.per();
                    1
                }
                '^' => self.exponent(&rest[1..]) + 1,
                '(' | ')' => {
                    self.bracket(first == '(');
                    1
                }
                '\\' => self.command(&rest[1..]) + 1,
                c if is_letter(c) => self.word_of(rest),
                c if c.is_ascii_digit() => self.exponent(rest),
                other => other.len_utf8(),
            };
            rest = &rest[length..];
        }
    }

    /// Reads one word off a text, and the plural that may follow it in brackets; returns the length.
    fn word_of(&mut self, text: &str) -> usize {
        let length: usize =
            text.chars().take_while(|c| is_letter(*c) || "'.-".contains(*c)).map(char::len_utf8).sum();
        let after = text[length..].trim_start();
        let is_last = after.is_empty() || after.starts_with(['^', '/', '.', '²', '³']);
        let raised = text[length..].starts_with('^');
        self.word(text[..length].trim_end_matches(['.', '-', '\'']), is_last, raised);
        length + if text[length..].starts_with("(s)") { 3 } else { 0 }
    }

    /// Reads a word. "In" is a preposition unless nothing follows.
    pub(crate) fn word(&mut self, word: &str, is_last: bool, raised: bool) {
        let lower = word.to_lowercase().replace('.', "");
        match lower.as_str() {
            "per" => return self.per(),
            "square" | "sq" => return self.power = Some(2),
            "cubic" | "cu" => return self.power = Some(3),
            "squared" => return self.raise(2),
            "cubed" => return self.raise(3),
            "mph" | "kph" | "kmh" => {
                self.push(if lower == "mph" { "mi" } else { "km" });
                self.per();
                return self.push("h");
            }
            // "Dollars a day" are dollars per day.
            "a" | "an" if !self.factors.is_empty() && !is_last => return self.per(),
            "in" if is_last => {}
            // A capital A is the ampere.
            filler if FILLERS.contains(&filler) && word != "A" => return,
            _ => {}
        }
        if self.is_temperature(&lower) {
            self.factors.pop();
            return self.push(if matches!(lower.as_str(), "f" | "fahrenheit") { "°F" } else { "°C" });
        }
        match name(&word.replace('.', "")) {
            Some(name) => self.push(&name),
            None => self.unknown(word, &lower, raised),
        }
    }

    fn is_temperature(&self, lower: &str) -> bool {
        matches!(lower, "c" | "f" | "celsius" | "centigrade" | "fahrenheit")
            && self.factors.last().is_some_and(|(name, _)| name == "°")
    }

    /// Symbols that run together, `kgm^2` or `Nm`, or a word for what is counted.
    fn unknown(&mut self, word: &str, lower: &str, raised: bool) {
        if raised || (word.len() <= 4 && word.chars().any(char::is_uppercase)) {
            let symbols = symbols(word);
            if !symbols.is_empty() {
                return symbols.iter().for_each(|name| self.push(name));
            }
        }
        let singular = lower.strip_suffix('s').filter(|word| word.len() > 2).unwrap_or(lower);
        if self.per {
            self.push(singular);
        } else {
            self.nouns.push(singular.to_owned());
        }
    }

    /// Reads an exponent, in braces or without; returns its length.
    fn exponent(&mut self, text: &str) -> usize {
        let bare = text.trim_start_matches(['{', ' ']);
        let sign = bare.chars().next().filter(|c| matches!(c, '-' | '−'));
        let digits = &bare[sign.map_or(0, char::len_utf8)..];
        let length = digits.bytes().take_while(u8::is_ascii_digit).count();
        if let Ok(exponent) = digits[..length].parse::<i32>() {
            self.raise(if sign.is_some() { -exponent } else { exponent });
        }
        text.len() - digits.len() + length
    }

    /// Reads a command, whose backslash has been read; returns its length.
    fn command(&mut self, text: &str) -> usize {
        let length = text.bytes().take_while(u8::is_ascii_alphabetic).count();
        match &text[..length] {
            "Omega" | "ohm" => {
                let prefix = self.nouns.pop_if(|noun| matches!(noun.as_str(), "k" | "m" | "g"));
                let multiple = prefix.and_then(|prefix| symbol(&format!("{prefix}Ω")));
                self.push(multiple.as_deref().unwrap_or("Ω"));
            }
            "ell" => self.push("L"),
            "circ" | "degree" => self.push("°"),
            "pounds" => self.push("£"),
            "euro" => self.push("€"),
            "mu" => {
                let after = text[length..].trim_start();
                let unit: String = after.chars().take_while(|c| c.is_alphabetic()).collect();
                if let Some(name) = symbol(&format!("μ{unit}")) {
                    self.push(&name);
                    return text.len() - after.len() + unit.len();
                }
            }
            "" if text.starts_with('$') => self.push("$"),
            _ => {}
        }
        length.max(text.chars().next().map_or(0, char::len_utf8))
    }

    /// Multiplies by a unit, or divides by it.
    pub(crate) fn join(&mut self, unit: Unit, below: bool) {
        let sign = if below { -1 } else { 1 };
        self.factors.extend(unit.factors.into_iter().map(|(name, power)| (name, sign * power)));
        self.nouns.extend(unit.nouns);
    }

    /// The unit that has been read.
    pub(crate) fn finish(self) -> Unit {
        let nouns = Unit { factors: Vec::new(), nouns: self.nouns };
        let one = |(name, power): &(String, i32)| Unit::named(name).power(*power);
        self.factors.iter().map(one).fold(nouns, |product, factor| product.times(&factor))
    }
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '°' | '¢' | '$' | '€' | '£' | '¥' | '₹')
}

/// The symbols that a word is made of, at most three, the longest first; none where it is not.
fn symbols(word: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = word;
    while !rest.is_empty() {
        let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8()).take(4);
        let longest = ends.filter_map(|end| Some((end, symbol(&rest[..end])?))).last();
        let Some((end, name)) = longest.filter(|_| found.len() < 3) else { return Vec::new() };
        found.push(name.into_owned());
        rest = &rest[end..];
    }
    found
}
