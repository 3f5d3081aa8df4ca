//! IFBench's `format:…` for lines, lists, titles and templates.

use super::super::{
    boundary::{folded, is_emoji},
    compliance::Compliance,
    definition::{Definition, define},
    quantity::Quantity,
    rule::Rule,
    sentences,
    text::tokens,
};
use super::ratio::final_mark;

/// Words that titles may have in small letters.
const MINOR: &str =
    "a an the and but or nor for so yet as at by in of off on per to up via with from into over than if";

/// The parts of the template, in their order.
const TEMPLATE: [&str; 3] = ["My Answer:", "My Conclusion:", "Future Outlook:"];

pub(super) static DEFINITIONS: &[Definition] = &[
    define("format:options", &["options"], |a| {
        let options = a.text("options")?;
        Ok(Rule::new(move |response| option(response, &options)))
    }),
    define("format:newline", &[], |_| {
        Ok(Rule::new(|response| {
            let counts: Vec<usize> = lines(response).map(|line| tokens(line).count()).collect();
            let longest = counts.iter().copied().max().unwrap_or(0);
            let reason = format!("a line of {longest} words among {} lines", counts.len());
            Compliance::new(counts.iter().sum::<usize>() > 1 && longest == 1, reason)
        }))
    }),
    define("format:emoji", &[], |_| Ok(Rule::new(emoji))),
    define("format:line_indent", &[], |_| {
        Ok(Rule::new(|response| {
            let indents: Vec<usize> = lines(response).map(indent).collect();
            let grows = indents.windows(2).all(|pair| pair[1] > pair[0]);
            Compliance::new(indents.len() > 1 && grows, "a line is not indented more than the one before")
        }))
    }),
    define("format:list", &["sep"], |a| {
        let mark = a.text("sep")?.trim().to_owned();
        Ok(Rule::new(move |response| list(response, &mark)))
    }),
    define("format:thesis", &[], |_| Ok(Rule::new(theses))),
    define("format:sub-bullets", &[], |_| Ok(Rule::new(sub_bullets))),
    define("format:no_bullets_bullets", &[], |_| Ok(Rule::new(sentences_then_bullets))),
    define("format:title_case", &[], |_| Ok(Rule::new(title_case))),
    define("format:output_template", &[], |_| Ok(Rule::new(template))),
    define("format:no_whitespace", &[], |_| {
        Ok(Rule::new(|response| {
            let count = response.chars().filter(|c| c.is_whitespace()).count();
            Compliance::new(count == 0, format!("{count} spaces"))
        }))
    }),
];

fn lines(response: &str) -> impl Iterator<Item = &str> {
    response.lines().filter(|line| !line.trim().is_empty())
}

fn indent(line: &str) -> usize {
    line.chars().take_while(|c| c.is_whitespace()).count()
}

/// A line's text behind a bullet of one sort.
fn bullet(line: &str, mark: char) -> Option<&str> {
    let rest = line.trim_start().strip_prefix(mark)?;
    rest.strip_prefix([' ', '\t']).filter(|text| text.contains(char::is_alphanumeric))
}

/// Whether a response is one of the options and nothing else; marks around it and case do not count.
fn option(response: &str, options: &str) -> Compliance {
    let separator = ["/", " or ", ","].into_iter().find(|separator| options.contains(separator));
    let bare = |text: &str| folded(text.trim_matches(|c: char| !c.is_alphanumeric()));
    let answer = bare(response);
    let is_one = options.split(separator.unwrap_or("\n")).map(bare).any(|option| option == answer);
    Compliance::new(!answer.is_empty() && is_one, format!("not one of {options}"))
}

/// Whether an emoji ends every sentence, before its mark or behind it.
fn emoji(response: &str) -> Compliance {
    let found = sentences::split(response);
    let marks = |c: char| !c.is_alphanumeric() && !is_emoji(c);
    let ends = |sentence: &str| sentence.trim_end_matches(marks).ends_with(is_emoji);
    let begins = |sentence: &&str| sentence.trim_start_matches(marks).starts_with(is_emoji);
    let is_broken = |place: &usize| !ends(found[*place]) && !found.get(place + 1).is_some_and(begins);
    let broken = (0..found.len()).find(is_broken);
    Compliance::new(
        !found.is_empty() && broken.is_none(),
        format!("no emoji behind {:?}", broken.map_or("", |place| found[place])),
    )
}

/// Whether a mark begins at least two lines, and ordinary bullets none. (The original counts it anywhere.)
fn list(response: &str, mark: &str) -> Compliance {
    let is_item = |line: &&str| {
        line.trim_start().strip_prefix(mark).is_some_and(|rest| rest.contains(char::is_alphanumeric))
    };
    let items = lines(response).filter(is_item).count();
    let is_other = |line: &str| ['*', '-', '•'].into_iter().any(|other| bullet(line, other).is_some());
    if lines(response).filter(|line| !is_item(line)).any(is_other) {
        return Compliance::new(false, "other bullets");
    }
    Quantity::at_least(2).check(items, &format!("items with {mark:?}"))
}

/// Whether each section begins with a statement in `<i>` or `<em>` and goes on. Headings begin sections; without
/// them the response is one. (The original is content with one such statement anywhere.)
fn theses(response: &str) -> Compliance {
    let mut sections: Vec<String> = vec![String::new()];
    let has_headings = lines(response).any(is_heading);
    for line in lines(response) {
        if is_heading(line) {
            sections.push(String::new());
        } else if let Some(section) = sections.last_mut() {
            section.push_str(line.trim());
            section.push('\n');
        }
    }
    // What stands before the first heading is no section.
    let sections = sections.into_iter().skip(usize::from(has_headings)).filter(|section| !section.is_empty());
    let begins = sections.map(|section| begins_in_italics(&section)).collect::<Vec<_>>();
    let broken = begins.iter().filter(|begins| !**begins).count();
    Compliance::new(!begins.is_empty() && broken == 0, format!("{broken} sections do not begin in italics"))
}

fn is_heading(line: &str) -> bool {
    let line = line.trim();
    let is_bold = line.starts_with("**") && line.trim_end_matches(':').ends_with("**");
    let small = line.to_lowercase();
    let is_tag = (1..=6).any(|level| small.starts_with(&format!("<h{level}")));
    line.starts_with('#') || is_bold || is_tag
}

fn begins_in_italics(section: &str) -> bool {
    let section = section.trim_start();
    let section = section.strip_prefix("<p>").unwrap_or(section);
    [("<i>", "</i>"), ("<em>", "</em>")].into_iter().any(|(open, close)| {
        let parts = section.strip_prefix(open).and_then(|rest| rest.split_once(close));
        parts.is_some_and(|(thesis, rest)| {
            thesis.contains(char::is_alphanumeric) && rest.replace("</p>", "").contains(char::is_alphanumeric)
        })
    })
}

/// Whether there are bullets with `*`, and a line with `-` behind each. (The original is content with no bullets.)
fn sub_bullets(response: &str) -> Compliance {
    let (mut bullets, mut bare, mut is_bare) = (0, 0, false);
    for line in lines(response) {
        if bullet(line, '*').is_some() {
            bare += usize::from(is_bare);
            (bullets, is_bare) = (bullets + 1, true);
        } else if bullet(line, '-').is_some() {
            is_bare = false;
        }
    }
    bare += usize::from(is_bare);
    Compliance::new(bullets > 0 && bare == 0, format!("{bare} of {bullets} bullets without a sub-bullet"))
}

/// Whether at least two sentences with full stops come first, then at least two bullets with `*` and nothing else.
fn sentences_then_bullets(response: &str) -> Compliance {
    let is_bullet = |line: &&str| bullet(line, '*').is_some();
    let text: Vec<&str> = lines(response).take_while(|line| !is_bullet(line)).collect();
    let rest: Vec<&str> = lines(response).skip(text.len()).collect();
    let text = text.join("\n");
    let stops =
        sentences::split(&text).into_iter().filter(|sentence| final_mark(sentence) == Some('.')).count();
    if stops < 2 {
        return Quantity::at_least(2).check(stops, "sentences with a full stop before the bullets");
    }
    if rest.iter().any(|line| !is_bullet(line)) {
        return Compliance::new(false, "a line behind the bullets that is none");
    }
    Quantity::at_least(2).check(rest.len(), "bullets with *")
}

/// Whether every word but articles, conjunctions and short prepositions begins with a capital, the first one in any
/// case. A response in nothing but capitals is not in title case.
fn title_case(response: &str) -> Compliance {
    let is_minor = |word: &str| MINOR.split_whitespace().any(|minor| minor == word);
    let is_small = |word: &str| word.chars().next().is_some_and(char::is_lowercase);
    let small: Vec<&str> = tokens(response)
        .enumerate()
        .filter(|(place, word)| is_small(word) && (*place == 0 || !is_minor(word)))
        .map(|(_, word)| word)
        .collect();
    let has_both = response.contains(char::is_uppercase) && response.contains(char::is_lowercase);
    Compliance::new(has_both && small.is_empty(), format!("words without a capital: {}", small.join(" ")))
}

/// Whether the parts of the template come first to last, with a text behind each and nothing before them.
fn template(response: &str) -> Compliance {
    let marks = |c: char| !c.is_alphanumeric();
    let mut rest = response.trim_start_matches(marks);
    for (place, label) in TEMPLATE.iter().enumerate() {
        let Some(behind) = rest.strip_prefix(label) else {
            return Compliance::new(false, format!("{label:?} is not where it must be"));
        };
        let end = TEMPLATE.get(place + 1).map_or(Some(behind.len()), |next| behind.find(next));
        let Some(end) = end else {
            return Compliance::new(false, format!("{:?} is missing", TEMPLATE[place + 1]));
        };
        if !behind[..end].contains(char::is_alphanumeric) {
            return Compliance::new(false, format!("nothing behind {label:?}"));
        }
        rest = &behind[end..];
    }
    Compliance::new(true, "")
}
