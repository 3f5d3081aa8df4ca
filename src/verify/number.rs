//! Exact numbers: what `1,200`, `0.5`, `1/2`, `\frac{1}{2}` and `50%` have in common is a fraction.

/// A fraction in lowest terms with a positive denominator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rational {
    numerator: i128,
    denominator: i128,
}

impl Rational {
    fn new(numerator: i128, denominator: i128) -> Option<Self> {
        if denominator == 0 {
            return None;
        }
        let divisor = greatest_common_divisor(numerator.unsigned_abs(), denominator.unsigned_abs());
        let divisor = i128::try_from(divisor).ok()?.checked_mul(denominator.signum())?;
        Some(Self { numerator: numerator / divisor, denominator: denominator / divisor })
    }

    fn divided_by(self, other: Self) -> Option<Self> {
        let numerator = self.numerator.checked_mul(other.denominator)?;
        Self::new(numerator, self.denominator.checked_mul(other.numerator)?)
    }
}

fn greatest_common_divisor(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// Reads a number; `None` for anything else, and for one too long to be held exactly.
pub fn parse_number(text: &str) -> Option<Rational> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix(['-', '−']) {
        let positive = parse_unsigned(rest.trim_start())?;
        return Rational::new(-positive.numerator, positive.denominator);
    }
    parse_unsigned(text.strip_prefix('+').unwrap_or(text))
}

fn parse_unsigned(text: &str) -> Option<Rational> {
    if let Some(percent) = text.strip_suffix("\\%").or(text.strip_suffix('%')) {
        return parse_unsigned(percent.trim_end())?.divided_by(Rational { numerator: 100, denominator: 1 });
    }
    let latex = ["\\frac", "\\dfrac", "\\tfrac"].into_iter().find_map(|name| text.strip_prefix(name));
    if let Some(arguments) = latex {
        let (above, below) = arguments.strip_prefix('{')?.strip_suffix('}')?.split_once("}{")?;
        return parse_number(above)?.divided_by(parse_number(below)?);
    }
    match text.split_once('/') {
        Some((above, below)) => parse_decimal(above.trim())?.divided_by(parse_decimal(below.trim())?),
        None => parse_decimal(text),
    }
}

/// Digits, perhaps with thousands separators, perhaps with a decimal point.
fn parse_decimal(text: &str) -> Option<Rational> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = without_separators(whole)? + fraction;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Rational::new(digits.parse().ok()?, 10i128.checked_pow(u32::try_from(fraction.len()).ok()?)?)
}

/// `12,345,678` without its commas; `None` when they do not separate thousands.
fn without_separators(whole: &str) -> Option<String> {
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let mut digits = first.to_owned();
    for group in groups {
        if group.len() != 3 || first.is_empty() || first.len() > 3 {
            return None;
        }
        digits += group;
    }
    Some(digits)
}

#[cfg(test)]
mod tests {
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
        for text in ["", ".", "-", "1/0", "12,34", ",123", "1e5", "x", "1.2.3", "%", "\\frac{1}", &long] {
            assert_eq!(parse_number(text), None, "{text}");
        }
    }
}
