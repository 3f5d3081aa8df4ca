//! Full stops that belong to their word (`Dr.`, `No. 7`, `p.m.`) and so end no sentence. Knows the text around one
//! stop; where sentences begin and end is not its matter.
//!
//! What comes next decides. Titles and the like never end a sentence; what stands before numbers ends none before
//! a number; places, firms and initials end one only before a word that opens sentences and names nothing
//! ("The", "He"); `etc.`, `al.` and `p.m.` before any capital. In doubt a stop ends no sentence.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use super::boundary::is_closing;

/// End no sentence, whatever follows.
const NEVER: &str = "dr mr mrs ms prof messrs mme mlle vs cf viz incl resp e.g i.e a.k.a sra srta dra sig z.b d.h \
     u.a p.ej bzw vgl т.е т.к им ул см напр ср";

/// End a sentence only before an opener: places, ranks, firms, and who edited a book.
const BEFORE_NAMES: &str = "st mt ft gen sen gov col capt lt sgt maj rev hon pres rep supt cmdr adm cpl pvt ave blvd rd \
     hwy jr sr inc ltd co corp bros esq dept univ assn ed eds trans str";

/// End a sentence before any capital.
const LAST: &str = "etc al a.m p.m ecc usw т.д т.п ff";

/// End no sentence before a number or a small letter.
const BEFORE_NUMBERS: &str = "nos vol vols ref refs p pp eq eqs eqn secs sect figs ch chs chap chaps arts ca circa c cl v vv \
     pt pts para paras op bk num nr tab tbl ver rm ste ext tel approx avg max min abt bd abb kap núm pág págs pag \
     cap т г стр рис табл гл";

/// Words as well as abbreviations: only before a number, and only with a capital or behind a word such as "see".
const WORDS_TOO: &str = "no sec art apt fig app par ex prop def thm lem cor prob bldg est";

/// With a capital these end no sentence before a number or a small letter.
const DATES: &str =
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun";

/// What an abbreviation that is also a word follows.
const LINKS: &str =
    "see in cf and of to from at by with under per also compare read use unit room chapter page";

/// What makes a time of day a clause of its own that cannot be a sentence ("At 5 p.m.").
const PREPOSITIONS: &str = "at by around about after before until till since from between near on";

/// What else a time of day may hold.
const IN_TIMES: &str = "a.m p.m exactly precisely and the morning of noon midnight";

/// What continues a time of day although it has a capital.
const BEHIND_TIMES: &str = "monday tuesday wednesday thursday friday saturday sunday january february march april may \
     june july august september october november december est edt et cst cdt ct mst mdt mt pst pdt pt gmt utc bst \
     cet cest ist jst eastern pacific central mountain";

/// German months, behind whose day's stop the sentence goes on.
const MONTHS_BEHIND_DAYS: &str =
    "januar februar märz april mai juni juli august september oktober november dezember";

/// Words that begin sentences and are no names.
const OPENERS: &str = "the a an this that these those he she it we they you i my your his her its our their there here \
     then but and or so if when while where who what why how which whose although though because since after before \
     during until unless despite in on at for from with without by as to of into over under between among within about \
     not no yes do does did is are was were can could would should must have has had let please some many most all each \
     every both either neither one two once now next finally first second later today tomorrow yesterday meanwhile \
     also still yet perhaps maybe another other such even just only instead thus hence therefore moreover however \
     furthermore nevertheless everyone everybody nobody nothing something someone okay sure well oh nor";

/// The longest last word that is looked at, so that the work per stop is bounded.
const LONGEST: usize = 16;

/// When the stop of a known abbreviation ends a sentence; the lists above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Abbreviation {
    Never,
    BeforeNames,
    Last,
    BeforeNumbers,
    WordToo,
    Date,
}

static KNOWN: LazyLock<HashMap<&str, Abbreviation>> = LazyLock::new(|| {
    let lists = [
        (NEVER, Abbreviation::Never),
        (BEFORE_NAMES, Abbreviation::BeforeNames),
        (LAST, Abbreviation::Last),
        (BEFORE_NUMBERS, Abbreviation::BeforeNumbers),
        (WORDS_TOO, Abbreviation::WordToo),
        (DATES, Abbreviation::Date),
    ];
    let words = |(list, kind): (&'static str, Abbreviation)| {
        list.split_ascii_whitespace().map(move |word| (word, kind))
    };
    lists.into_iter().flat_map(words).collect()
});

static OPENING: LazyLock<HashSet<&str>> = LazyLock::new(|| OPENERS.split_ascii_whitespace().collect());

/// A full stop and what is around it.
pub(crate) struct FullStop<'a> {
    /// The paragraph up to the stop.
    pub before: &'a str,
    /// Where in it the sentence began.
    pub sentence: usize,
    /// The paragraph behind the stop.
    pub after: &'a str,
}

/// What follows a stop.
#[derive(PartialEq)]
enum Next {
    Nothing,
    Number,
    Small,
    Opener,
    Capital,
}

fn holds(list: &str, word: &str) -> bool {
    !word.is_empty() && list.split_ascii_whitespace().any(|known| known == word)
}

impl FullStop<'_> {
    /// Whether the stop belongs to its word rather than to the sentence.
    pub(crate) fn is_abbreviation(&self) -> bool {
        let word = last_word(self.before);
        if self.labels_line(word) {
            return true;
        }
        let small = word.to_lowercase();
        let Some(kind) = KNOWN.get(small.as_str()) else {
            return (is_initials(word) && self.next() != Next::Opener)
                || (is_day(word) && holds(MONTHS_BEHIND_DAYS, &self.next_word().to_lowercase()));
        };
        let next = self.next();
        let number_or_small = matches!(next, Next::Number | Next::Small);
        match kind {
            Abbreviation::Never => true,
            Abbreviation::BeforeNames => next != Next::Opener,
            Abbreviation::Last => {
                !matches!(next, Next::Opener | Next::Capital) || self.goes_on_behind_time(&small, &next)
            }
            Abbreviation::BeforeNumbers => number_or_small || (is_capital(word) && self.next_is_label()),
            Abbreviation::WordToo => self.numbers_with_word(word, &small, &next),
            Abbreviation::Date => is_capital(word) && number_or_small,
        }
    }

    /// The word that follows, without marks before it.
    fn next_word(&self) -> &str {
        let is_mark = |c: char| c.is_whitespace() || is_closing(c) || "*_`([{\"'“‘„«#§№~".contains(c);
        let rest = self.after.trim_start_matches(is_mark);
        let end = rest.find(|c: char| !(c.is_alphanumeric() || "'’".contains(c))).unwrap_or(rest.len());
        &rest[..end]
    }

    fn next(&self) -> Next {
        let word = self.next_word();
        match word.chars().next() {
            None => Next::Nothing,
            Some(first) if first.is_numeric() => Next::Number,
            Some(first) if first.is_lowercase() => Next::Small,
            Some(_) if opens(word) => Next::Opener,
            Some(_) => Next::Capital,
        }
    }

    /// Whether a letter or a Roman numeral follows, with digits perhaps: `B`, `IV`, `A2`.
    fn next_is_label(&self) -> bool {
        let word = self.next_word();
        let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
        letters.len() == 1 && letters.chars().all(|c| c.is_ascii_uppercase())
            || !letters.is_empty() && letters.len() <= 6 && letters.chars().all(|c| "IVXLC".contains(c))
    }

    /// "No. 7", "see fig. 3", "Apt. B"; but not "I ate a fig. 3 others …", nor the answer "No." to a question.
    fn numbers_with_word(&self, word: &str, small: &str, next: &Next) -> bool {
        let before = &self.before[..self.before.len() - word.len()];
        if small == "no" && before.trim_end().ends_with('?') {
            return false;
        }
        let follows_link =
            before.ends_with(['(', '[']) || holds(LINKS, &last_word(before.trim_end()).to_lowercase());
        (is_capital(word) || follows_link)
            && (*next == Next::Number || is_capital(word) && self.next_is_label())
    }

    /// "5 p.m. Friday", and "At 5 p.m. John …", which has no sentence before the stop.
    fn goes_on_behind_time(&self, small: &str, next: &Next) -> bool {
        if !matches!(small, "a.m" | "p.m") || *next == Next::Opener {
            return false;
        }
        self.is_only_a_time() || holds(BEHIND_TIMES, &self.next_word().to_lowercase())
    }

    /// Whether the sentence so far is a preposition and a time: "At 5 p.m.", "On Jan. 5 at about 3 p.m.".
    fn is_only_a_time(&self) -> bool {
        let part = |word: &str| {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
            word.contains(|c: char| c.is_ascii_digit())
                || [PREPOSITIONS, BEHIND_TIMES, DATES, IN_TIMES].iter().any(|list| holds(list, &bare))
        };
        let clause = self.before[self.sentence..].trim_start_matches(|c: char| !c.is_alphanumeric());
        let mut words = clause.split_whitespace();
        words.next().is_some_and(|first| holds(PREPOSITIONS, &first.to_lowercase()))
            && words.take(10).all(part)
    }

    /// Whether a number, a letter or a small Roman numeral begins its line and a text follows it.
    fn labels_line(&self, word: &str) -> bool {
        let line = self.before[..self.before.len() - word.len()].trim_end_matches([' ', '\t']);
        let is_number = word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_digit());
        let is_letter = word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
        let is_roman = word.len() <= 5 && word.chars().all(|c| "ivx".contains(c));
        !word.is_empty()
            && (is_number || is_letter || is_roman)
            && (line.is_empty() || line.ends_with('\n'))
            && self.after.starts_with([' ', '\t'])
    }
}

/// "It" and "It's" open sentences.
fn opens(word: &str) -> bool {
    let stem = word.split(['\'', '’']).next().unwrap_or("");
    OPENING.contains(stem.to_lowercase().as_str())
}

fn last_word(before: &str) -> &str {
    let backwards = before.char_indices().rev().take(LONGEST);
    let word = backwards.take_while(|(_, c)| !(c.is_whitespace() || "([{\"'“‘„«*_-–—/,".contains(*c)));
    word.last().map_or("", |(at, _)| &before[at..])
}

fn is_capital(word: &str) -> bool {
    word.starts_with(char::is_uppercase)
}

fn is_day(word: &str) -> bool {
    (1..=2).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// `J`, `U.S`, `Ph.D`, `J.K`; a single `I` is a word.
fn is_initials(word: &str) -> bool {
    let mut parts = word.split('.');
    let short = parts.all(|part| !part.is_empty() && part.chars().count() <= 2);
    let single = word.chars().count() == 1;
    short && word != "I" && word.contains(char::is_uppercase) && (single || word.contains('.'))
}
