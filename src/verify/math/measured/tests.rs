//! Numbers, units, signs and characters: what is equal however it is spelled, and what is near and must stay different.

use proptest::prelude::*;

use crate::verify::math::{Comparison, Settings, compare};

fn equal(gold: &str, answer: &str) -> bool {
    compare(gold, answer, Settings::default()).is_equal()
}

/// Both ways round.
#[track_caller]
fn all_equal(pairs: &[(&str, &str)]) {
    for (gold, answer) in pairs {
        assert!(equal(gold, answer) && equal(answer, gold), "{gold} and {answer}");
    }
}

#[track_caller]
fn all_different(pairs: &[(&str, &str)]) {
    for (gold, answer) in pairs {
        assert!(!equal(gold, answer) && !equal(answer, gold), "{gold} and {answer}");
    }
}

/// Units, each in several spellings.
const UNITS: [&[&str]; 14] = [
    &[r"\text{ m}", r"\,\mathrm{m}", " meters", r"\text{ metres}", r"\mathrm{~m}", r"{\rm m}"],
    &[r"\text{ s}", " seconds", r"\text{ sec}", r"\,\mathrm{s}"],
    &[
        r"\text{ m/s}",
        r"\,\frac{\text{m}}{\text{s}}",
        r"\,\mathrm{m\,s^{-1}}",
        " meters per second",
        r"\,\mathrm{ms^{-1}}",
    ],
    &[
        r"\text{ m/s}^2",
        r"\,\mathrm{m\,s^{-2}}",
        r"\text{ m}\cdot\text{s}^{-2}",
        r"\mathrm{~m} / \mathrm{s}^{2}",
    ],
    &[r"\text{ cm}^2", " square centimeters", " cm^2", " cm²", r"\text{ sq. cm}"],
    &[r"\text{ cm}^3", " cubic centimeters", " cm^{3}"],
    &[r"\text{ cm}", " centimetres", " cm"],
    &[r"\text{ km/h}", " kilometers per hour", " km/h", r"\frac{\text{km}}{\text{h}}"],
    &[r"\text{ kg}\cdot\text{m}^2", r"\text{ kg m}^2", r"\,\mathrm{kg\,m^2}"],
    &[" dollars", r"\text{ USD}", r"\$"],
    &[" cents", "¢"],
    &[r"\,\Omega", r"\text{ ohms}", " Ω"],
    &[r"^\circ\text{C}", " degrees Celsius", "°C", r"^{\circ}C"],
    &[r"\text{ radians}", " rad"],
];

#[test]
fn magnitudes_and_numbers_in_words() {
    all_equal(&[
        ("5000000", r"5\text{ million dollars}"),
        ("five million", r"\$5 million"),
        ("a hundred", "100"),
        (r"\text{Twenty-one}", "21"),
        (r"\frac{5}{2}\text{ thousand}", "2500"),
        (r"\frac23", "two thirds"),
        ("0.05", "5 hundredths"),
        ("60", "5 dozen eggs"),
    ]);
    all_different(&[
        ("5", "5 million"),
        ("5 million", "5 billion"),
        ("2", "2 thirds"),
        ("1", "one-to-one"),
        ("5", "5 dozen"),
        ("five", "four"),
        ("50", "five"),
    ]);
}

#[test]
fn signs_of_different_kinds_never_stand_for_each_other() {
    let signs = [
        r"\$5",
        r"5\%",
        r"5\text{ cm}",
        r"5^\circ",
        r"5\text{ euros}",
        "5 cents",
        "£5",
        "5 rad",
        "5°C",
        "5 apples",
    ];
    for (index, one) in signs.iter().enumerate() {
        assert!(equal("5", one) && equal(one, "5"), "{one}");
        for other in &signs[index + 1..] {
            all_different(&[(one, other)]);
        }
    }
    all_different(&[
        (r"5\text{ cm}", r"50\text{ mm}"),
        ("x = 5 m".replace(" m", r"\text{ m}").as_str(), r"x = 5\text{ s}"),
        (r"h < 5\text{ m}", r"h < 5\text{ cm}"),
        ("5", "5m"),
        ("15", "5 feet 3 inches"),
        ("6", "1 in 6"),
        ("15", r"5\text{ cm}\cdot 3 x"),
        ("5 apples", "5 oranges"),
    ]);
    all_equal(&[
        (r"5\text{ m}", "5m"),
        (r"12\text{ m/s}", "12 m/s"),
        ("5 feet 6 inches", "5.5 feet"),
        ("2 h 30 min", "2.5 hours"),
        (r"15\text{ cm}^2", r"5\text{ cm}\times 3\text{ cm}"),
        (r"\$20\text{ per hour}", r"\$20/\text{hour}"),
        ("2mgh", "2hgm"),
        (r"2\pi hr", r"2\pi rh"),
        (r"\frac34\text{ cup}", "3/4 cups"),
    ]);
}

#[test]
fn times_of_day_angles_and_ratios() {
    all_equal(&[
        ("3:45 pm", r"3:45\text{ p.m.}"),
        ("3:45", "3:45 pm"),
        ("5 pm", "5:00 p.m."),
        ("12:00 PM", r"12:00\text{ pm}"),
        ("30.25^\\circ", r"30^\circ 15'"),
        ("30.25^\\circ", r"30°15′"),
        (r"10.26^\circ", r"10^\circ 15' 36''"),
        ("2:3", "4 to 6"),
        (r"4\operatorname{cis}(\pi)", "-4"),
        (r"2\operatorname{cis} 90^\circ", "2i"),
    ]);
    all_different(&[
        ("3:45 pm", "3:45 am"),
        ("1:30 pm", "2:60 pm"),
        ("3.75", "3:45 pm"),
        (r"30^\circ 15'", r"30^\circ 25'"),
        (r"30^\circ 15'", "45"),
        (r"30^\circ 15'", r"30^\circ 15''"),
        ("2:3", "4 to 7"),
        ("[2,3]", "2 to 3"),
        (r"\operatorname{cis} 90", "i"),
    ]);
}

#[test]
fn spellings_of_numbers_and_signs() {
    all_equal(&[
        (r"6.02\times 10^{23}", "6.02 x 10^23"),
        ("0.00012", "1.2 × 10⁻⁴"),
        ("1234.56", "1.234,56"),
        (r"12^{\text{th}}", "12"),
        ("x:=5", "5"),
        ("±3", "+-3"),
        ("±3", "+/- 3"),
        (r"2\pm\sqrt3", "2 +- sqrt(3)"),
        ("3x-5", "3x+-5"),
        (r"33\frac13\%", r"33\frac13"),
        ("33 1/3%", r"\frac13"),
        ("35 per cent", r"35\%"),
    ]);
    all_different(&[
        ("1234", "1.234"),
        ("3", "13th"),
        ("±3", "3"),
        ("2", "5+-3x"),
        (r"33\frac13\%", "33"),
        ("22nd", "23rd"),
    ]);
}

#[test]
fn commands_of_formatting_vanish_with_what_they_hide() {
    for nine in [
        r"\large 9",
        r"\tiny{9}",
        r"\emph{9}",
        r"9\hspace{2pt}",
        r"9\phantom{1}",
        r"9\tag{1}",
        r"9\label{a}",
        r"\colorbox{red}{9}",
        r"\fcolorbox{red}{white}{$9$}",
        r"\mathbf{\underline{9}}",
        r"\text{\bfseries 9}",
        r"\color[rgb]{1,0,0}9",
        r"9\mkern3mu",
        r"\raisebox{2pt}{9}",
    ] {
        assert!(equal("9", nine), "{nine}");
        assert!(!equal("91", nine) && !equal("1", nine), "{nine}");
    }
    all_different(&[("9", r"\cancel{9}"), ("9", r"\phantom{9}"), ("9", r"8\tag{9}")]);
}

/// Greek letters of Unicode, each with its command.
const GREEK: [(&str, &str); 14] = [
    ("α", r"\alpha"),
    ("β", r"\beta"),
    ("γ", r"\gamma"),
    ("δ", r"\delta"),
    ("θ", r"\theta"),
    ("λ", r"\lambda"),
    ("μ", r"\mu"),
    ("ρ", r"\rho"),
    ("σ", r"\sigma"),
    ("φ", r"\phi"),
    ("ω", r"\omega"),
    ("Δ", r"\Delta"),
    ("Σ", r"\Sigma"),
    ("Φ", r"\Phi"),
];

/// The digits of a number one by one, raised, lowered, or of a mathematical alphabet.
fn drawn(number: u32, digits: &str) -> String {
    let digit = |c: char| digits.chars().nth(c as usize - '0' as usize).unwrap();
    number.to_string().chars().map(digit).collect()
}

/// A decimal as text: so many digits behind the point.
fn decimal(digits: i64, places: u32) -> String {
    let scale = 10_i64.pow(places);
    let sign = if digits < 0 { "-" } else { "" };
    format!("{sign}{}.{:0width$}", digits.abs() / scale, digits.abs() % scale, width = places as usize)
}

proptest! {
    #[test]
    fn a_magnitude_is_a_factor(number in 2..999_u64, which in 0..4_usize, way in 0..4_usize) {
        let (name, zeros) = [("hundred", 2), ("thousand", 3), ("million", 6), ("billion", 9)][which];
        let spelled = [
            format!("{number} {name}"),
            format!(r"{number}\text{{ {name}}}"),
            format!(r"\${number}\text{{ {name}}}"),
            format!("{number} {name} apples"),
        ];
        let value = format!("{number}{}", "0".repeat(zeros));
        prop_assert!(equal(&value, &spelled[way]), "{} {}", value, spelled[way]);
        prop_assert!(!equal(&number.to_string(), &spelled[way]));
        let larger = format!("{value}0");
        prop_assert!(!equal(&larger, &spelled[way]));
    }

    #[test]
    fn a_unit_may_be_left_out_but_not_changed(
        value in 1..999_u32, units in (0..14_usize, 0..14_usize), ways in (0..6_usize, 0..6_usize),
    ) {
        let spelled = |unit: usize, way: usize| format!("{value}{}", UNITS[unit][way % UNITS[unit].len()]);
        let (one, other) = (spelled(units.0, ways.0), spelled(units.1, ways.1));
        prop_assert!(equal(&value.to_string(), &one) && equal(&one, &value.to_string()), "{}", one);
        prop_assert_eq!(equal(&one, &other), units.0 == units.1, "{} {}", one, other);
    }

    /// Only the nearest decimal and the one that is cut off stand for a value that does not end.
    #[test]
    fn a_decimal_is_rounded_correctly_or_cut_off(
        above in 1..200_i64, below in prop::sample::select(vec![3_i64, 7, 9, 11, 13, 17, 19, 21, 23]),
        places in 6..9_u32, step in -2..=2_i64, negative in any::<bool>(),
    ) {
        let scaled = above * 10_i64.pow(places);
        let cut = scaled / below;
        prop_assume!(scaled % below != 0 && cut > 2);
        let nearest = cut + i64::from(2 * (scaled % below) > below);
        let sign = if negative { -1 } else { 1 };
        let written = decimal(sign * (cut + step), places);
        let value = format!("{}\\frac{{{above}}}{{{below}}}", if negative { "-" } else { "" });
        let fits = cut + step == cut || cut + step == nearest;
        prop_assert_eq!(equal(&value, &written), fits, "{} {}", value, written);
    }

    #[test]
    fn a_root_is_rounded_correctly_or_cut_off(radicand in 2..500_u32, step in -2..=2_i64) {
        let root = f64::from(radicand).sqrt();
        prop_assume!(root.fract() != 0.0);
        let cut = (root * 1e6).floor() as i64;
        let nearest = (root * 1e6).round() as i64;
        let written = decimal(cut + step, 6);
        let fits = step == 0 || cut + step == nearest;
        prop_assert_eq!(equal(&format!("\\sqrt{{{radicand}}}"), &written), fits, "{} {}", radicand, written);
    }

    #[test]
    fn a_mixed_number_of_percent_is_its_value(whole in 1..99_u32, above in 1..9_u32, below in 2..12_u32) {
        // A third is 33⅓ %: there the fraction by itself is the value.
        prop_assume!(above < below && whole * below != 99 * above);
        let percent = format!(r"{whole}\frac{{{above}}}{{{below}}}\%");
        let value = format!(r"\frac{{{}}}{{{}}}", whole * below + above, 100 * below);
        prop_assert!(equal(&percent, &value) && equal(&value, &percent), "{} {}", percent, value);
        let (plain, in_line) = (percent.replace(r"\%", ""), format!("{whole} {above}/{below}%"));
        prop_assert!(equal(&percent, &plain), "{}", percent);
        prop_assert!(equal(&percent, &in_line), "{}", percent);
        let fraction = format!(r"\frac{{{above}}}{{{below}}}");
        prop_assert!(!equal(&percent, &whole.to_string()) && !equal(&percent, &fraction));
    }

    #[test]
    fn groups_of_thousands(groups in prop::collection::vec(100..999_u32, 2..4), first in 1..999_u32, way in 0..6_usize) {
        let separator = ["'", "_", ".", ",", "{,}", r"\,"][way];
        let join = |separator: &str| {
            groups.iter().fold(first.to_string(), |number, group| format!("{number}{separator}{group}"))
        };
        prop_assert!(equal(&join(""), &join(separator)), "{}", join(separator));
        let other = format!("{}1", &join("")[..join("").len() - 1]);
        prop_assert_eq!(equal(&other, &join(separator)), other == join(""));
    }

    #[test]
    fn an_ordinal_is_its_number(number in 1..400_u32, raised in any::<bool>()) {
        let ending = match (number % 100, number % 10) {
            (11..=13, _) => "th",
            (_, 1) => "st",
            (_, 2) => "nd",
            (_, 3) => "rd",
            _ => "th",
        };
        let ordinal = if raised { format!(r"{number}^{{\text{{{ending}}}}}") } else { format!("{number}{ending}") };
        prop_assert!(equal(&number.to_string(), &ordinal) && equal(&ordinal, &number.to_string()), "{}", ordinal);
        prop_assert!(!equal(&(number + 1).to_string(), &ordinal));
    }

    #[test]
    fn raised_and_lowered_digits(base in 2..9_u32, number in 2..30_u32, negative in any::<bool>()) {
        let sign = if negative { ("⁻", "-") } else { ("", "") };
        let raised = format!("{base}{}{}", sign.0, drawn(number, "⁰¹²³⁴⁵⁶⁷⁸⁹"));
        let (sign, other) = (sign.1, number + 1);
        prop_assert!(equal(&format!("{base}^{{{sign}{number}}}"), &raised), "{}", raised);
        prop_assert!(!equal(&format!("{base}^{{{sign}{other}}}"), &raised), "{}", raised);
        let lowered = format!("x{}", drawn(number, "₀₁₂₃₄₅₆₇₈₉"));
        let (same, next) = (format!("x_{{{number}}}"), format!("x_{{{other}}}"));
        prop_assert!(equal(&same, &lowered) && !equal(&next, &lowered), "{}", lowered);
        prop_assert!(equal(&number.to_string(), &drawn(number, "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗")));
    }

    #[test]
    fn greek_letters_are_their_commands(one in 0..14_usize, other in 0..14_usize, factor in 2..99_u32) {
        let (letter, command) = (format!("{factor}{}x+1", GREEK[one].0), format!("{factor}{} x+1", GREEK[other].1));
        prop_assert_eq!(equal(&command, &letter), one == other, "{} {}", command, letter);
    }

    #[test]
    fn minutes_are_sixtieths_of_a_degree(degrees in 1..179_u32, minutes in 1..59_u32, other in 1..59_u32) {
        let angle = format!(r"{degrees}^\circ {minutes}'");
        prop_assert!(equal(&angle, &format!(r"\frac{{{}}}{{60}}^\circ", 60 * degrees + minutes)), "{}", angle);
        prop_assert_eq!(equal(&angle, &format!("{degrees}°{other}′")), minutes == other);
    }

    #[test]
    fn clocks_are_no_ratios(hour in 1..12_u32, minute in 10..59_u32, afternoon in any::<bool>(), other in any::<bool>()) {
        let half = |afternoon| if afternoon { "p" } else { "a" };
        let gold = format!(r"{hour}:{minute}\text{{ {}.m.}}", half(afternoon));
        prop_assert_eq!(equal(&gold, &format!("{hour}:{minute} {}m", half(other))), afternoon == other);
        let doubled = format!("{}:{} {}m", 2 * hour, 2 * minute, half(afternoon));
        prop_assert!(!equal(&gold, &doubled), "{}", gold);
    }

    #[test]
    fn anything_with_units_ends_without_a_panic(
        text in r"(\\(text|mathrm|frac|rm|phantom|tag|kern|color|\$|circ|Omega|mu)|[{}()$'°^/ .,:0-9-]|m|s|cm|kg|per|million|five|x|to|Δ|₁|²|€){0,30}",
        other in r"(\\text\{ (m|s|cm\^2|million)\}|[0-9]|\\%|\$){0,6}",
    ) {
        equal(&text, &other);
        equal(&other, &text);
    }
}

/// A comparison that is unsure of its words says so rather than calling them equal.
#[test]
fn what_is_no_quantity_stays_text() {
    for (gold, answer) in [(r"\text{3-digit}", "3"), (r"\text{2D shape}", "2"), (r"\text{two by two}", "2")] {
        assert!(!equal(gold, answer), "{gold} {answer}");
        assert_eq!(compare(gold, gold, Settings::default()), Comparison::SameText);
    }
}
