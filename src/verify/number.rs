//! Exact numbers: what `1,200`, `0.5`, `1/2`, `\frac{1}{2}` and `50%` have in common is a fraction.

/// A fraction in lowest terms with a positive denominator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rational {
    numerator: i128,
    denominator: i128,
}

impl Rational {
    /// Checked throughout: `i128::MIN` has no opposite.
    fn new(numerator: i128, denominator: i128) -> Option<Self> {
        let divisor = greatest_common_divisor(numerator.unsigned_abs(), denominator.unsigned_abs());
        let divisor = i128::try_from(divisor).ok()?.checked_mul(denominator.signum())?;
        Some(Self {
            numerator: numerator.checked_div(divisor)?,
            denominator: denominator.checked_div(divisor)?,
        })
    }

    fn divided_by(self, other: Self) -> Option<Self> {
        let numerator = self.numerator.checked_mul(other.denominator)?;
        Self::new(numerator, self.denominator.checked_mul(other.numerator)?)
    }

    fn negated(self) -> Option<Self> {
        Some(Self { numerator: self.numerator.checked_neg()?, ..self })
    }
}

fn greatest_common_divisor(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// Reads a number; `None` for anything else, and for one too long to be held exactly.
pub fn parse_number(text: &str) -> Option<Rational> {
    signed(text, |unsigned| match unsigned.strip_suffix("\\%").or(unsigned.strip_suffix('%')) {
        Some(percent) => {
            parse_fraction(percent.trim_end())?.divided_by(Rational { numerator: 100, denominator: 1 })
        }
        None => parse_fraction(unsigned),
    })
}

/// Reads a sign, and what follows it with `parse`.
fn signed(text: &str, parse: impl Fn(&str) -> Option<Rational>) -> Option<Rational> {
    let text = text.trim();
    match text.strip_prefix(['-', '−']) {
        Some(rest) => parse(rest.trim_start())?.negated(),
        None => parse(text.strip_prefix('+').unwrap_or(text).trim_start()),
    }
}

/// `a/b`, `\frac{a}{b}` or a decimal alone. Fractions do not nest.
fn parse_fraction(text: &str) -> Option<Rational> {
    let latex = ["\\frac", "\\dfrac", "\\tfrac"].into_iter().find_map(|name| text.strip_prefix(name));
    let (above, below) = match latex {
        Some(arguments) => arguments.trim().strip_prefix('{')?.strip_suffix('}')?.split_once("}{")?,
        None => match text.split_once('/') {
            Some(parts) => parts,
            None => return parse_decimal(text),
        },
    };
    signed(above, parse_decimal)?.divided_by(signed(below, parse_decimal)?)
}

/// Digits, perhaps with thousands separators, perhaps with a decimal point.
fn parse_decimal(text: &str) -> Option<Rational> {
    let (whole, fraction) = text.trim_end().split_once('.').unwrap_or((text.trim_end(), ""));
    let digits = without_separators(whole)? + fraction;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Rational::new(digits.parse().ok()?, 10i128.checked_pow(u32::try_from(fraction.len()).ok()?)?)
}

/// `12,345,678` or `12{,}345` without the commas; `None` when they do not separate thousands.
fn without_separators(whole: &str) -> Option<String> {
    let whole = whole.replace("{,}", ",");
    let (first, groups) = match whole.split_once(',') {
        None => return Some(whole),
        Some((first, groups)) => (first, groups),
    };
    let thousands = (1..=3).contains(&first.len()) && !first.starts_with('0');
    let regular = thousands && groups.split(',').all(|group| group.len() == 3);
    regular.then(|| whole.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn same(left: &str, right: &str) -> bool {
        parse_number(left).is_some() && parse_number(left) == parse_number(right)
    }

    #[test]
    fn one_value_has_many_spellings() {
        for other in ["1/2", "\\frac{1}{2}", "\\dfrac{2}{4}", "50%", "50\\%", ".5", "+0.50", "2/4"] {
            assert!(same("0.5", other), "{other}");
        }
        assert!(same("1,200", "1200") && same("007", "7") && same("-3", "−3") && same("-\\frac{6}{2}", "-3"));
    }

    #[test]
    fn near_is_not_equal() {
        assert!(!same("0.333", "1/3") && !same("12", "1.2") && !same("-3", "3"));
    }

    #[test]
    fn what_is_no_exact_number_is_none() {
        let long = "9".repeat(60);
        for text in [
            "",
            ".",
            "-",
            "1/0",
            "12,34",
            ",123",
            "0,123",
            "1e5",
            "x",
            "1.2.3",
            "%",
            "5%%",
            "--5",
            "1/2/3",
            "\\frac{1}",
            &long,
        ] {
            assert_eq!(parse_number(text), None, "{text}");
        }
    }

    #[test]
    fn the_largest_numbers_do_not_panic() {
        // 2^126 divided by a half is 2^127, which only its opposite fits.
        let huge = "85070591730234615865843651857942052864";
        assert_eq!(parse_number(&format!("\\frac{{-{huge}}}{{-0.5}}")), None);
        assert_eq!(parse_number(&format!("-\\frac{{-{huge}}}{{0.5}}")), None);
        assert!(parse_number(huge).is_some());
    }

    #[test]
    fn long_texts_neither_recurse_nor_panic() {
        assert_eq!(parse_number(&"%".repeat(1_000_000)), None);
        let nested = "\\frac{1}{".repeat(100_000) + &"}".repeat(100_000);
        assert_eq!(parse_number(&nested), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in r"[-+−0-9.,/%{} \\frac]{0,48}|-?[0-9]{30,40}/-?0\.[0-9]{1,3}") {
            let _ = parse_number(&text);
        }

        #[test]
        fn reading_inverts_writing(numerator in -1_000_000i128..1_000_000, denominator in 1i128..1000) {
            let expected = Rational::new(numerator, denominator);
            prop_assert_eq!(parse_number(&format!("{numerator}/{denominator}")), expected);
            prop_assert_eq!(parse_number(&format!("\\frac{{{numerator}}}{{{denominator}}}")), expected);
        }
    }
}
