//! IFBench's `ratio:…`: shares of words, sentences and letter groups.

use std::{collections::HashSet, sync::LazyLock};

use super::super::{
    boundary::{folded, is_closing, is_word},
    compliance::Compliance,
    definition::{Definition, define},
    quantity::Quantity,
    rule::Rule,
    sentences,
    text::tokens,
};

/// English words without a meaning of their own, among them what is left of contractions ("don", "t"): the list by
/// which the constraint is defined.
const STOP_WORDS: &str = "i me my myself we our ours ourselves you you're you've you'll you'd your yours yourself yourselves \
     he him his himself she she's her hers herself it it's its itself they them their theirs themselves what which who \
     whom this that that'll these those am is are was were be been being have has had having do does did doing a an the \
     and but if or because as until while of at by for with about against between into through during before after above \
     below to from up down in out on off over under again further then once here there when where why how all any both \
     each few more most other some such no nor not only own same so than too very s t can will just don don't should \
     should've now d ll m o re ve y ain aren aren't couldn couldn't didn didn't doesn doesn't hadn hadn't hasn hasn't \
     haven haven't isn isn't ma mightn mightn't mustn mustn't needn needn't shan shan't shouldn shouldn't wasn wasn't \
     weren weren't won won't wouldn wouldn't he'd he'll he's i'd i'll i'm i've it'd it'll she'd she'll they'd they'll \
     they're they've we'd we'll we're we've";

/// How far a share may be from the one that is asked for, in per cent.
const TOLERANCE: f64 = 2.0;

pub(super) static DEFINITIONS: &[Definition] = &[
    define("ratio:stop_words", &["percentage"], |a| {
        let most = a.percentage("percentage")?;
        Ok(Rule::new(move |response| {
            let share = stop_words(response);
            let reason = format!("{share:.1} % stop words, at most {most} % asked");
            Compliance::new(share <= most, reason)
        }))
    }),
    define("ratio:sentence_type", &[], |_| {
        Ok(Rule::new(|response| {
            let (statements, questions, _) = kinds(response);
            let reason = format!("{statements} statements and {questions} questions, twice as many asked");
            Compliance::new(questions > 0 && statements == 2 * questions, reason)
        }))
    }),
    define("ratio:sentence_balance", &[], |_| {
        Ok(Rule::new(|response| {
            let (statements, questions, exclamations) = kinds(response);
            let reason = format!(
                "{statements} statements, {questions} questions and {exclamations} exclamations, as many of each asked"
            );
            Compliance::new(statements > 0 && statements == questions && questions == exclamations, reason)
        }))
    }),
    define("ratio:sentence_words", &[], |_| Ok(Rule::new(three_equal_sentences))),
    define("ratio:overlap", &["reference_text", "percentage"], |a| {
        let (reference, percentage) = (a.text("reference_text")?, a.percentage("percentage")?);
        let reference = trigrams(&reference);
        Ok(Rule::new(move |response| {
            let own = trigrams(response);
            let share = 100.0 * own.intersection(&reference).count() as f64 / own.len().max(1) as f64;
            let reason =
                format!("{share:.1} % of the trigrams are the reference's, {percentage} % ± 2 % asked");
            Compliance::new(!own.is_empty() && (share - percentage).abs() <= TOLERANCE, reason)
        }))
    }),
];

/// The share of stop words in per cent; a response without words has nothing else.
fn stop_words(response: &str) -> f64 {
    static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| STOP_WORDS.split_whitespace().collect());
    let small = folded(response);
    let words = small.split(|c: char| !(is_word(c) || c == '_')).filter(|word| !word.is_empty());
    let (mut count, mut stops) = (0u32, 0u32);
    for word in words {
        count += 1;
        stops += u32::from(KNOWN.contains(word));
    }
    if count == 0 { 100.0 } else { 100.0 * f64::from(stops) / f64::from(count) }
}

/// How many sentences end with `.`, `?` and `!`.
fn kinds(response: &str) -> (usize, usize, usize) {
    let (mut statements, mut questions, mut exclamations) = (0, 0, 0);
    for sentence in sentences::split(response) {
        match final_mark(sentence) {
            Some('.' | '。' | '।' | '۔') => statements += 1,
            Some('?' | '？' | '؟') => questions += 1,
            Some('!' | '！') => exclamations += 1,
            _ => {}
        }
    }
    (statements, questions, exclamations)
}

/// The mark that a sentence ends with, behind which only closing marks stand.
pub(super) fn final_mark(sentence: &str) -> Option<char> {
    let is_behind = |c: char| c.is_whitespace() || is_closing(c) || "*_`".contains(c);
    sentence.trim_end_matches(is_behind).chars().next_back().filter(|c| !is_word(*c))
}

/// Three sentences of as many characters each, in which no word occurs twice. (The original does not look at the
/// words.)
fn three_equal_sentences(response: &str) -> Compliance {
    let found = sentences::split(response);
    if found.len() != 3 {
        return Quantity::exactly(3).check(found.len(), "sentences");
    }
    let lengths: Vec<usize> = found.iter().map(|sentence| sentence.chars().count()).collect();
    if lengths.iter().any(|length| *length != lengths[0]) {
        return Compliance::new(false, format!("sentences of {lengths:?} characters"));
    }
    let mut seen = HashSet::new();
    let repeated = tokens(response).map(folded).find(|word| !seen.insert(word.clone()));
    Compliance::new(repeated.is_none(), format!("a word repeated: {}", repeated.unwrap_or_default()))
}

/// All groups of three characters.
fn trigrams(text: &str) -> HashSet<[char; 3]> {
    let characters: Vec<char> = text.chars().collect();
    characters.windows(3).map(|group| [group[0], group[1], group[2]]).collect()
}
