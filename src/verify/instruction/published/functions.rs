//! The 25 functions of the RLVR-IFEval data (Tülu 3).

use super::super::{
    capitals,
    definition::{Definition, define},
    keywords,
    language::Language,
    layout, marks,
    quantity::Quantity,
    rule::Rule,
    sentences, text, whole,
};

pub(super) static DEFINITIONS: &[Definition] = &[
    define("verify_keywords", &["keyword_list"], |a| {
        let words = a.texts("keyword_list")?;
        Ok(Rule::new(move |response| keywords::all_present(response, &words)))
    }),
    define("verify_keyword_frequency", &["word", "N"], |a| {
        let (word, times) = (a.text("word")?, Quantity::exactly(a.count("N")?));
        Ok(Rule::new(move |response| keywords::frequency(response, &word, times)))
    }),
    define("validate_forbidden_words", &["forbidden_words"], |a| {
        let words = a.texts("forbidden_words")?;
        Ok(Rule::new(move |response| keywords::none_present(response, &words)))
    }),
    define("verify_letter_frequency", &["letter", "N"], |a| {
        let (letter, times) = (a.letter("letter")?, Quantity::exactly(a.count("N")?));
        Ok(Rule::new(move |response| keywords::letters(response, &letter, times)))
    }),
    define("validate_response_language", &["language"], |a| {
        let language = Language::parse(&a.text("language")?)?;
        Ok(Rule::new(move |response| language.check(response)))
    }),
    define("verify_paragraph_count", &["N"], |a| {
        let count = a.count("N")?;
        Ok(Rule::new(move |response| layout::paragraph_count(response, "* * *", count)))
    }),
    define("validate_word_constraint", &["N", "quantifier"], |a| {
        let quantity = a.quantity("N", "quantifier")?;
        Ok(Rule::new(move |response| quantity.check(text::words(response), "words")))
    }),
    define("verify_sentence_constraint", &["N", "quantifier"], |a| {
        let quantity = a.quantity("N", "quantifier")?;
        Ok(Rule::new(move |response| quantity.check(sentences::sentences(response), "sentences")))
    }),
    define("validate_paragraphs", &["N", "i", "first_word"], |a| {
        let (count, number) = (a.count("N")?, a.count("i")?);
        if number == 0 || number > count {
            return Err(a.wrong("i", "a paragraph's number from 1 to N"));
        }
        let first_word = a.word("first_word")?;
        Ok(Rule::new(move |response| layout::nth_paragraph(response, count, number, &first_word)))
    }),
    define("verify_postscript", &["postscript_marker"], |a| {
        let marker = a.text("postscript_marker")?;
        Ok(Rule::new(move |response| layout::postscript(response, &marker)))
    }),
    define("validate_placeholders", &["N"], |a| {
        let count = a.count("N")?;
        Ok(Rule::new(move |response| marks::placeholders(response, count)))
    }),
    define("verify_bullet_points", &["N"], |a| {
        let count = a.count("N")?;
        Ok(Rule::new(move |response| layout::bullets(response, count)))
    }),
    define("validate_title", &[], |_| Ok(Rule::new(marks::title))),
    define("validate_choice", &["options"], |a| {
        let options = a.texts("options")?;
        Ok(Rule::new(move |response| whole::choice(response, &options)))
    }),
    define("validate_highlighted_sections", &["N"], |a| {
        let count = a.count("N")?;
        Ok(Rule::new(move |response| marks::highlights(response, count)))
    }),
    define("validate_sections", &["N", "section_splitter"], |a| {
        let (count, marker) = (a.count("N")?, a.text("section_splitter")?);
        Ok(Rule::new(move |response| layout::sections(response, count, &marker)))
    }),
    define("validate_json_format", &[], |_| Ok(Rule::new(whole::json))),
    define("validate_repeat_prompt", &["original_prompt"], |a| {
        let prompt = a.text("original_prompt")?;
        Ok(Rule::new(move |response| whole::repeats(response, &prompt)))
    }),
    define("validate_two_responses", &[], |_| Ok(Rule::new(whole::two_responses))),
    define("validate_uppercase", &[], |_| Ok(Rule::new(|response| capitals::all(response, true)))),
    define("validate_lowercase", &[], |_| Ok(Rule::new(|response| capitals::all(response, false)))),
    define("validate_frequency_capital_words", &["N", "quantifier"], |a| {
        let quantity = a.quantity("N", "quantifier")?;
        Ok(Rule::new(move |response| quantity.check(capitals::words(response), "words in capitals")))
    }),
    define("validate_end", &["end_phrase"], |a| {
        let phrase = a.text("end_phrase")?;
        Ok(Rule::new(move |response| whole::end(response, &phrase)))
    }),
    define("validate_quotation", &[], |_| Ok(Rule::new(whole::quotation))),
    define("validate_no_commas", &[], |_| Ok(Rule::new(whole::no_commas))),
];
