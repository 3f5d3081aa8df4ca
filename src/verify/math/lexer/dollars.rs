//! Dollar signs: a currency, or the delimiters of a formula.

/// Whether the dollar sign at a place is a currency: a number is next to it, and it delimits no formula.
pub(super) fn is_currency(text: &str, at: usize) -> bool {
    let unescaped = |at: &usize| !text[..*at].ends_with('\\');
    let before = text[..at].trim_end();
    let after = text[at + 1..].trim_start_matches([' ', '-', '−']);
    let begins_number = |text: &str| {
        let digits = text.strip_prefix('.').unwrap_or(text);
        digits.starts_with(|c: char| c.is_ascii_digit())
    };
    let next = text[at + 1..].find('$').map(|place| at + 1 + place).filter(unescaped);
    let opens_formula = next.is_some_and(|next| {
        let ends_tight = !text[..next].ends_with([' ', '-', '(', ',']);
        ends_tight && !begins_number(&text[next + 1..])
    });
    let last = text[..at].rfind('$').filter(unescaped);
    let closes_formula = last.is_some_and(|last| !is_currency_before(text, last, at));
    match (begins_number(after), before.ends_with(|c: char| c.is_ascii_digit())) {
        (true, _) => !opens_formula && !closes_formula,
        (false, true) => last.is_none() && next.is_none(),
        (false, false) => false,
    }
}

/// Whether a dollar sign before another stands before a number of its own, so that it opens no formula that the
/// other would close.
fn is_currency_before(text: &str, last: usize, at: usize) -> bool {
    let ends_tight = !text[..at].ends_with([' ', '-', '(', ',']);
    let begins = text[last + 1..].trim_start().starts_with(|c: char| c.is_ascii_digit() || c == '.');
    begins && (!ends_tight || text[at + 1..].starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::is_currency;

    /// How many dollar signs of a text are currencies.
    fn currencies(text: &str) -> usize {
        text.match_indices('$').filter(|(at, _)| is_currency(text, *at)).count()
    }

    #[test]
    fn a_sign_before_a_number_is_a_currency_unless_it_delimits_a_formula() {
        for (text, count) in [
            ("$5", 1),
            ("$ 5", 1),
            ("$.50", 1),
            ("$5 and $6", 2),
            ("$5-$6", 2),
            ("($5, $6)", 2),
            ("x = $5", 1),
            ("5$", 1),
            ("$5$", 0),
            ("$x$", 0),
            ("$x=5$ cm", 0),
            ("$5$ cm", 0),
            ("$5$ and $6$", 0),
            ("$$5$$", 0),
            ("$x", 0),
        ] {
            assert_eq!(currencies(text), count, "{text}");
        }
    }
}
