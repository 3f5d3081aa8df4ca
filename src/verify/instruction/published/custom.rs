//! IFBench's `custom:…`: single questions with a checkable answer.

use std::collections::HashSet;

use super::{
    super::{
        boundary::folded,
        compliance::Compliance,
        definition::{Definition, define},
        quantity::Quantity,
        rule::Rule,
        sentences,
        text::tokens,
        whole::unfenced,
    },
    count::numbers,
    csv::{self, Field},
    geography::{CAPITALS, african_country, key},
};

/// Countries of Africa that must be listed, at least; it has 54.
const COUNTRIES: usize = 52;

/// The years in which Napoleon lived.
const YEARS: std::ops::RangeInclusive<u32> = 1769..=1821;

pub(super) static DEFINITIONS: &[Definition] = &[
    define("custom:multiples", &[], |_| {
        Ok(Rule::new(|response| {
            let asked = ["14", "21", "28", "35", "42", "49"];
            Compliance::new(numbers(response).eq(asked), "not just the multiples of 7 from 10 to 50")
        }))
    }),
    define("custom:mcq_count_length", &[], |_| Ok(Rule::new(questions))),
    define("custom:reverse_newline", &[], |_| Ok(Rule::new(countries))),
    define("custom:word_reverse", &[], |_| {
        Ok(Rule::new(|response| {
            let words: Vec<String> = tokens(response).map(folded).collect();
            let is_named = words.windows(2).any(|pair| pair == ["eagle", "bald"]);
            let reason = "not a sentence with the bald eagle, its words reversed";
            Compliance::new(words.len() > 3 && is_named && sentences::sentences(response) == 1, reason)
        }))
    }),
    define("custom:character_reverse", &[], |_| {
        Ok(Rule::new(|response| {
            let is_named = folded(response).contains("elgae dlab") && tokens(response).count() > 3;
            Compliance::new(is_named, "not a sentence with the bald eagle, its letters reversed")
        }))
    }),
    define("custom:sentence_alphabet", &[], |_| {
        Ok(Rule::new(|response| {
            let found = sentences::split(response);
            let first =
                |sentence: &&str| tokens(sentence).next().and_then(|word| folded(word).chars().next());
            let in_order = found.iter().map(first).eq(('a'..='z').map(Some));
            Compliance::new(in_order, format!("{} sentences that do not begin with A to Z", found.len()))
        }))
    }),
    define("custom:european_capitals_sort", &[], |_| {
        Ok(Rule::new(|response| {
            let names = response.trim().trim_end_matches('.').split(',').map(key);
            Compliance::new(names.eq(CAPITALS.map(key)), "not the capitals from north to south")
        }))
    }),
    define("custom:csv_city", &[], |_| {
        Ok(Rule::new(|response| {
            table(response, ',', ["ID", "Country", "City", "Year", "Count"], 7, |_| true)
        }))
    }),
    define("custom:csv_special_character", &[], |_| {
        Ok(Rule::new(|response| {
            let is_special = |field: &Field| {
                let special = |c: char| !c.is_alphanumeric() && !c.is_whitespace() && c != '_';
                field.is_quoted && field.text.contains(special)
            };
            table(response, ',', ["ProductID", "Category", "Brand", "Price", "Stock"], 14, |rows| {
                rows[1..].iter().flatten().any(is_special)
            })
        }))
    }),
    define("custom:csv_quotes", &[], |_| {
        Ok(Rule::new(|response| {
            table(response, '\t', ["StudentID", "Subject", "Grade", "Semester", "Score"], 3, |rows| {
                rows.iter().flatten().all(|field| field.is_quoted)
            })
        }))
    }),
    define("custom:date_format_list", &[], |_| {
        Ok(Rule::new(|response| {
            let dates: Vec<&str> = response.split(',').map(str::trim).collect();
            let other = dates.iter().find(|date| !is_date(date));
            let reason = format!("no date from Napoleon's life: {}", other.unwrap_or(&""));
            Compliance::new(dates.len() > 1 && other.is_none(), reason)
        }))
    }),
];

/// Whether a response is a table with a header, so many rows of filled fields, and what else is asked.
fn table(
    response: &str,
    delimiter: char,
    header: [&str; 5],
    count: usize,
    holds: impl Fn(&[Vec<Field>]) -> bool,
) -> Compliance {
    let Some(rows) = csv::rows(unfenced(response.trim()), delimiter) else {
        return Compliance::new(false, "quotation marks that do not fit");
    };
    let names = rows.first().map(|row| row.iter().map(|field| field.text.trim()));
    if !names.is_some_and(|names| names.eq(header)) {
        return Compliance::new(false, format!("the header is not {}", header.join(", ")));
    }
    if rows.len() != count + 1 {
        return Quantity::exactly(count).check(rows.len() - 1, "rows");
    }
    let is_filled =
        |row: &Vec<Field>| row.len() == header.len() && row.iter().all(|field| !field.text.trim().is_empty());
    if !rows.iter().all(is_filled) {
        return Compliance::new(false, "a row without five filled fields");
    }
    Compliance::new(holds(&rows), "fields are not quoted as asked")
}

/// Whether a text is a date `YYYY-MM-DD` that exists, in Napoleon's life.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |text: &str, digits: usize| {
        let fits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits { text.parse::<u32>().ok() } else { None }
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2)) else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(is_leap),
        _ => 0,
    };
    YEARS.contains(&year) && (1..=days).contains(&day)
}

/// Whether the countries of Africa stand on lines of their own from Zimbabwe backwards. (The original takes any
/// lines that are sorted.)
fn countries(response: &str) -> Compliance {
    let is_mark = |c: char| !c.is_alphabetic() && c != ')';
    let lines = response.lines().map(|line| line.trim_matches(is_mark)).filter(|line| !line.is_empty());
    let listed: Vec<&str> = lines.skip_while(|line| key(line) != "zimbabwe").collect();
    let found: HashSet<usize> = listed.iter().filter_map(|line| african_country(line)).collect();
    if found.len() != listed.len() {
        return Compliance::new(false, "a line that is no country of Africa, or one twice");
    }
    let sorted = listed.windows(2).all(|pair| key(pair[0]) > key(pair[1]));
    if !sorted {
        return Compliance::new(false, "not in reverse order");
    }
    Quantity::at_least(COUNTRIES).check(found.len(), "countries")
}

/// Whether a response is four questions of five options each, every question longer than the one before.
fn questions(response: &str) -> Compliance {
    let mut questions: Vec<(String, usize)> = Vec::new();
    for line in response.lines().map(|line| line.trim().trim_matches(['*', '#', ' '])) {
        if let Some(text) = line.strip_prefix("Question") {
            let text = text.trim_start_matches(|c: char| !c.is_alphabetic());
            questions.push((text.to_owned(), 0));
        } else if let Some((text, options)) = questions.last_mut() {
            if line.is_empty() {
                continue;
            }
            match option_letter(line) {
                Some(letter) if letter as usize == usize::from(b'A') + *options => *options += 1,
                None if *options == 0 => *text += line,
                _ => return Compliance::new(false, format!("a line that is no option in order: {line:?}")),
            }
        } else if !line.is_empty() {
            return Compliance::new(false, "something stands before the first question");
        }
    }
    if questions.len() != 4 || questions.iter().any(|(_, options)| *options != 5) {
        let options: Vec<usize> = questions.iter().map(|(_, options)| *options).collect();
        return Compliance::new(false, format!("questions with {options:?} options, four with 5 asked"));
    }
    let lengths: Vec<usize> = questions.iter().map(|(text, _)| text.chars().count()).collect();
    let grows = lengths[0] > 0 && lengths.windows(2).all(|pair| pair[1] > pair[0]);
    Compliance::new(grows, format!("questions of {lengths:?} characters, longer each asked"))
}

/// The letter of an option, `A) …` or `a. …`.
fn option_letter(line: &str) -> Option<char> {
    let mut characters = line.trim_start_matches('(').chars();
    let letter = characters.next()?.to_ascii_uppercase();
    let is_option = ('A'..='E').contains(&letter) && matches!(characters.next(), Some('.' | ')'));
    (is_option && characters.any(char::is_alphanumeric)).then_some(letter)
}
