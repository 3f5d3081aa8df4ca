//! IFEval's instructions, whose rules the RLVR-IFEval functions share for the most part.

use super::obeys;

#[test]
fn words_and_letters() {
    obeys(
        "keywords:existence",
        r#"{"keywords": ["ice cream", "Sun"]}"#,
        &[("sun and Ice Cream", true), ("sunny ice cream", false)],
    );
    obeys(
        "keywords:frequency",
        r#"{"keyword": "sun", "frequency": 2.0, "relation": "at least"}"#,
        &[("sun, sun, sun", true), ("sun, sunny", false)],
    );
    obeys(
        "keywords:frequency",
        r#"{"keyword": "sun", "frequency": 2, "relation": "less than"}"#,
        &[("a sun", true), ("sun sun", false)],
    );
    obeys(
        "keywords:forbidden_words",
        r#"{"forbidden_words": ["cat"]}"#,
        &[("concatenate", true), ("A Cat", false)],
    );
    for identifier in ["keywords:letter_frequency", "letters:letter_counting2"] {
        let arguments = r#"{"letter": "A", "let_frequency": 3, "let_relation": "at least"}"#;
        obeys(identifier, arguments, &[("A banana", true), ("a hat", false)]);
    }
    obeys(
        "change_case:capital_word_frequency",
        r#"{"capital_frequency": 2, "capital_relation": "at least"}"#,
        &[("NASA and ESA", true), ("NASA", false)],
    );
    obeys(
        "change_case:english_capital",
        "null",
        &[
            ("THE CAT SLEEPS ON THE SOFA.", true),
            ("The cat sleeps on the sofa.", false),
            ("IL GATTO DORME SUL DIVANO.", false),
        ],
    );
    obeys(
        "change_case:english_lowercase",
        "null",
        &[
            ("the cat sleeps on the sofa.", true),
            ("The cat sleeps on the sofa.", false),
            ("il gatto dorme sul divano.", false),
        ],
    );
    obeys(
        "language:response_language",
        r#"{"language": "sw"}"#,
        &[("Paka analala kwenye kochi.", true), ("The cat sleeps.", false)],
    );
    obeys("punctuation:no_comma", "{}", &[("none", true), ("one, two", false)]);
}

#[test]
fn lengths_and_parts() {
    obeys(
        "length_constraints:number_sentences",
        r#"{"num_sentences": 2, "relation": "less than"}"#,
        &[("See No. 7 here.", true), ("One. Two.", false)],
    );
    obeys(
        "length_constraints:number_words",
        r#"{"num_words": 3, "relation": "at least"}"#,
        &[("one two three", true), ("one - two", false)],
    );
    obeys(
        "length_constraints:number_paragraphs",
        r#"{"num_paragraphs": 2}"#,
        &[
            ("one\n\n***\n\ntwo", true),
            ("***\none\n***\ntwo\n***", true),
            ("one ******\ntwo", false),
            ("one ***bold*** word", false),
            ("one\n***\n\n***\ntwo", false),
        ],
    );
    obeys(
        "length_constraints:nth_paragraph_first_word",
        r#"{"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "weekend"}"#,
        &[
            ("One.\n\nWeekend is near.", true),
            ("One.\n\nWeekends are near.", false),
            ("Weekend.\n\nTwo.", false),
        ],
    );
    obeys(
        "detectable_content:number_placeholders",
        r#"{"num_placeholders": 2}"#,
        &[("[a] [b]", true), ("[a] []", false)],
    );
    obeys(
        "detectable_content:postscript",
        r#"{"postscript_marker": "P.P.S"}"#,
        &[("Text.\nP.P.S. More", true), ("Text.\nP.S. More", false)],
    );
    obeys(
        "detectable_format:number_bullet_lists",
        r#"{"num_bullets": 2}"#,
        &[("* a\n* b", true), ("* a\n**b**", false)],
    );
    obeys(
        "detectable_format:constrained_response",
        "{}",
        &[("My answer is maybe.", true), ("Maybe.", false), ("My answer is yes. My answer is no.", false)],
    );
    obeys(
        "detectable_format:number_highlighted_sections",
        r#"{"num_highlights": 2}"#,
        &[("*a* **b**", true), ("*a*", false)],
    );
    for name in ["section_spliter", "section_splitter"] {
        let arguments = format!(r#"{{"{name}": "Section", "num_sections": 2}}"#);
        obeys(
            "detectable_format:multiple_sections",
            &arguments,
            &[("Section 1\na b\nSection 2\nc d", true), ("Section 1\na b", false)],
        );
    }
    obeys("detectable_format:json_format", "{}", &[("{\"a\": 1}", true), ("a: 1", false)]);
    obeys("detectable_format:title", "{}", &[("<<A>>\ntext", true), ("<A>", false)]);
    obeys("combination:two_responses", "{}", &[("a ****** b", true), ("a ****** a", false)]);
    obeys(
        "combination:repeat_prompt",
        r#"{"prompt_to_repeat": "Say it."}"#,
        &[("Say it. It.", true), ("It. Say it.", false)],
    );
    obeys(
        "startend:end_checker",
        r#"{"end_phrase": "Any other questions?"}"#,
        &[("Ok. Any other questions?", true), ("Any other questions? No.", false)],
    );
    obeys("startend:quotation", "{}", &[("\"all\"", true), ("\"part\" of it", false)]);
}
