//! The 25 instructions of IFEval (google-research), which open-instruct and IFBench take over.

use anyhow::Result;

use super::super::{
    arguments::Arguments,
    capitals,
    compliance::Compliance,
    definition::{Definition, define},
    keywords,
    language::Language,
    layout, marks,
    rule::Rule,
    sentences, text, whole,
};

/// The answers that `constrained_response` allows; IFEval has no argument for them.
const ANSWERS: [&str; 3] = ["My answer is yes.", "My answer is no.", "My answer is maybe."];

pub(super) static DEFINITIONS: &[Definition] = &[
    define("keywords:existence", &["keywords"], |a| {
        let words = a.texts("keywords")?;
        Ok(Rule::new(move |response| keywords::all_present(response, &words)))
    }),
    define("keywords:frequency", &["keyword", "frequency", "relation"], |a| {
        let (word, times) = (a.word("keyword")?, a.quantity("frequency", "relation")?);
        Ok(Rule::new(move |response| keywords::frequency(response, &word, times)))
    }),
    define("keywords:forbidden_words", &["forbidden_words"], |a| {
        let words = a.texts("forbidden_words")?;
        Ok(Rule::new(move |response| keywords::none_present(response, &words)))
    }),
    define("keywords:letter_frequency", LETTERS, letter_frequency),
    define("letters:letter_counting2", LETTERS, letter_frequency),
    define("language:response_language", &["language"], |a| {
        let language = Language::parse(&a.text("language")?)?;
        Ok(Rule::new(move |response| language.check(response)))
    }),
    define("length_constraints:number_sentences", &["num_sentences", "relation"], |a| {
        let quantity = a.quantity("num_sentences", "relation")?;
        Ok(Rule::new(move |response| quantity.check(sentences::sentences(response), "sentences")))
    }),
    define("length_constraints:number_paragraphs", &["num_paragraphs"], |a| {
        let count = a.count("num_paragraphs")?;
        Ok(Rule::new(move |response| layout::paragraph_count(response, "***", count)))
    }),
    define("length_constraints:number_words", &["num_words", "relation"], |a| {
        let quantity = a.quantity("num_words", "relation")?;
        Ok(Rule::new(move |response| quantity.check(text::words(response), "words")))
    }),
    define(
        "length_constraints:nth_paragraph_first_word",
        &["num_paragraphs", "nth_paragraph", "first_word"],
        nth_paragraph,
    ),
    define("detectable_content:number_placeholders", &["num_placeholders"], |a| {
        let count = a.count("num_placeholders")?;
        Ok(Rule::new(move |response| marks::placeholders(response, count)))
    }),
    define("detectable_content:postscript", &["postscript_marker"], |a| {
        let marker = a.text("postscript_marker")?;
        Ok(Rule::new(move |response| layout::postscript(response, &marker)))
    }),
    define("detectable_format:number_bullet_lists", &["num_bullets"], |a| {
        let count = a.count("num_bullets")?;
        Ok(Rule::new(move |response| layout::bullets(response, count)))
    }),
    define("detectable_format:constrained_response", &[], |_| {
        let answers = ANSWERS.map(str::to_owned);
        Ok(Rule::new(move |response| whole::choice(response, &answers)))
    }),
    define("detectable_format:number_highlighted_sections", &["num_highlights"], |a| {
        let count = a.count("num_highlights")?;
        Ok(Rule::new(move |response| marks::highlights(response, count)))
    }),
    define(
        "detectable_format:multiple_sections",
        &["section_spliter", "section_splitter", "num_sections"],
        |a| {
            // The data's own spelling first.
            let marker =
                a.text("section_spliter").or_else(|error| a.text("section_splitter").map_err(|_| error))?;
            let count = a.count("num_sections")?;
            Ok(Rule::new(move |response| layout::sections(response, count, &marker)))
        },
    ),
    define("detectable_format:json_format", &[], |_| Ok(Rule::new(whole::json))),
    define("detectable_format:title", &[], |_| Ok(Rule::new(marks::title))),
    define("combination:two_responses", &[], |_| Ok(Rule::new(whole::two_responses))),
    define("combination:repeat_prompt", &["prompt_to_repeat"], |a| {
        let prompt = a.text("prompt_to_repeat")?;
        Ok(Rule::new(move |response| whole::repeats(response, &prompt)))
    }),
    define("startend:end_checker", &["end_phrase"], |a| {
        let phrase = a.text("end_phrase")?;
        Ok(Rule::new(move |response| whole::end(response, &phrase)))
    }),
    define("startend:quotation", &[], |_| Ok(Rule::new(whole::quotation))),
    define("change_case:capital_word_frequency", &["capital_frequency", "capital_relation"], |a| {
        let quantity = a.quantity("capital_frequency", "capital_relation")?;
        Ok(Rule::new(move |response| quantity.check(capitals::words(response), "words in capitals")))
    }),
    define("punctuation:no_comma", &[], |_| Ok(Rule::new(whole::no_commas))),
    define("change_case:english_capital", &[], |_| english(true)),
    define("change_case:english_lowercase", &[], |_| english(false)),
];

/// The arguments of the two identifiers for one instruction.
const LETTERS: &[&str] = &["letter", "let_frequency", "let_relation"];

fn letter_frequency(a: &Arguments<'_>) -> Result<Rule> {
    let (letter, times) = (a.letter("letter")?, a.quantity("let_frequency", "let_relation")?);
    Ok(Rule::new(move |response| keywords::letters(&response.to_lowercase(), &letter.to_lowercase(), times)))
}

fn nth_paragraph(a: &Arguments<'_>) -> Result<Rule> {
    let (count, number) = (a.count("num_paragraphs")?, a.count("nth_paragraph")?);
    if number == 0 || number > count {
        return Err(a.wrong("nth_paragraph", "a paragraph's number from 1 to num_paragraphs"));
    }
    let first_word = a.word("first_word")?;
    Ok(Rule::new(move |response| layout::nth_paragraph(response, count, number, &first_word)))
}

/// English in letters of one case.
fn english(capitals: bool) -> Result<Rule> {
    let language = Language::parse("en")?;
    Ok(Rule::new(move |response| {
        let cased: Compliance = capitals::all(response, capitals);
        if cased.followed { language.check(&response.to_lowercase()) } else { cased }
    }))
}
