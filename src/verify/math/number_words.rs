//! Numbers in words: "twenty-one", "three hundred and five", "million", "thirds". English only.

/// The numbers below twenty, in order.
const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

/// The tens from twenty on.
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// Words that multiply the number before them.
const MAGNITUDES: [(&str, u64); 7] = [
    ("dozen", 12),
    ("hundred", 100),
    ("thousand", 1_000),
    ("million", 1_000_000),
    ("billion", 1_000_000_000),
    ("trillion", 1_000_000_000_000),
    ("quadrillion", 1_000_000_000_000_000),
];

/// The plurals of parts. A quarter is also a coin, and a second a time.
const PARTS: [(&str, u64); 13] = [
    ("halves", 2),
    ("thirds", 3),
    ("fourths", 4),
    ("fifths", 5),
    ("sixths", 6),
    ("sevenths", 7),
    ("eighths", 8),
    ("ninths", 9),
    ("tenths", 10),
    ("twelfths", 12),
    ("hundredths", 100),
    ("thousandths", 1_000),
    ("millionths", 1_000_000),
];

/// What a word multiplies the number before it by: "million", "dozens".
pub(crate) fn magnitude(word: &str) -> Option<u64> {
    let lower = word.to_lowercase();
    let singular = lower.strip_suffix('s').unwrap_or(&lower);
    MAGNITUDES.iter().find(|(name, _)| *name == singular).map(|(_, value)| *value)
}

/// What a word divides the number before it by: "thirds", "hundredths".
pub(crate) fn part(word: &str) -> Option<u64> {
    let lower = word.to_lowercase();
    PARTS.iter().find(|(name, _)| *name == lower).map(|(_, value)| *value)
}

/// As [`part`], behind a number in words: also "third" and "quarters".
pub(crate) fn part_in_words(word: &str) -> Option<u64> {
    let lower = word.to_lowercase();
    let found = PARTS.iter().find(|(name, _)| *name == lower || name.strip_suffix('s') == Some(&lower));
    match lower.as_str() {
        "half" => Some(2),
        "quarter" | "quarters" => Some(4),
        _ => found.map(|(_, value)| *value),
    }
}

/// The number that a list of words begins with, and how many words it takes; `None` where it begins with none.
pub(crate) fn number(words: &[&str]) -> Option<(u64, usize)> {
    let mut reader = NumberReader::default();
    let mut taken = 0;
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let word = word.to_lowercase();
        let article = matches!(word.as_str(), "a" | "an") && at == 0;
        let joins = word == "and" && reader.current.is_multiple_of(100) && reader.seen;
        at += 1;
        if article || joins {
            if !words
                .get(at)
                .is_some_and(|next| if article { magnitude(next).is_some() } else { small(next).is_some() })
            {
                break;
            }
            if article {
                reader.current = 1;
            }
            continue;
        }
        if reader.take(&word).is_none() {
            break;
        }
        taken = at;
    }
    (taken > 0).then(|| (reader.total + reader.current, taken))
}

/// A number that is being read, word by word.
#[derive(Default)]
struct NumberReader {
    /// What is finished with a magnitude of a thousand or more.
    total: u64,
    /// What stands behind the last such magnitude.
    current: u64,
    last_magnitude: Option<u64>,
    seen: bool,
    /// Whether the last word was one of the tens, which a digit may follow.
    tens: bool,
}

impl NumberReader {
    /// Takes one word more; `None` where it does not go on with the number.
    fn take(&mut self, word: &str) -> Option<()> {
        if let Some(value) = small(word) {
            let fits = self.current.is_multiple_of(100) || (self.tens && (1..10).contains(&value));
            if !fits || (self.seen && value == 0) || (self.seen && self.total + self.current == 0) {
                return None;
            }
            self.tens = value >= 20;
            self.current += value;
        } else {
            let magnitude = magnitude(word).filter(|_| self.current > 0)?;
            self.tens = false;
            if magnitude <= 100 {
                self.current = Some(self.current).filter(|current| *current < 100)? * magnitude;
            } else {
                if self.last_magnitude.is_some_and(|last| last <= magnitude) {
                    return None;
                }
                self.last_magnitude = Some(magnitude);
                self.total = self.total.checked_add(self.current.checked_mul(magnitude)?)?;
                self.current = 0;
            }
        }
        self.seen = true;
        Some(())
    }
}

/// The value of one word below a hundred.
fn small(word: &str) -> Option<u64> {
    let place = |words: &[&str]| words.iter().position(|other| word.eq_ignore_ascii_case(other));
    place(&SMALL).map(|value| value as u64).or_else(|| place(&TENS).map(|place| 20 + 10 * place as u64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str) -> Option<u64> {
        let words: Vec<&str> = text.split([' ', '-']).collect();
        number(&words).filter(|(_, taken)| *taken == words.len()).map(|(value, _)| value)
    }

    /// A number in words, as it is taught.
    fn in_words(number: u64) -> String {
        match number {
            0..20 => SMALL[number as usize].to_owned(),
            20..100 if number.is_multiple_of(10) => TENS[number as usize / 10 - 2].to_owned(),
            20..100 => format!("{}-{}", TENS[number as usize / 10 - 2], SMALL[number as usize % 10]),
            _ => {
                let (name, size) =
                    MAGNITUDES.into_iter().rfind(|(_, size)| *size <= number && *size > 12).unwrap();
                let rest = if !number.is_multiple_of(size) {
                    format!(" {}", in_words(number % size))
                } else {
                    String::new()
                };
                format!("{} {name}{rest}", in_words(number / size))
            }
        }
    }

    #[test]
    fn words_that_are_no_number_are_none() {
        for text in [
            "apple",
            "five six",
            "hundred",
            "twenty twelve",
            "and five",
            "a",
            "five zero",
            "zero five",
            "million five",
        ] {
            assert_eq!(value(text), None, "{text}");
        }
        assert_eq!(value("a hundred and five"), Some(105));
        assert_eq!(value("five dozen"), Some(60));
    }

    proptest! {
        #[test]
        fn a_number_in_words_is_that_number(number in prop_oneof![0..2000u64, 0..1_000_000_000_000u64]) {
            prop_assert_eq!(value(&in_words(number)), Some(number));
        }
    }
}
