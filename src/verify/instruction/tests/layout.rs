//! Paragraphs, sections, bullets, marks.

use super::follows;

#[test]
fn paragraph_count() {
    follows(
        r#"{"func_name": "verify_paragraph_count", "N": 2}"#,
        &[
            ("one\n* * *\ntwo", true),
            ("one\r\n\r\n* * *\r\n\r\ntwo\r\n", true),
            ("one\n\ntwo", false),
            ("one * * * two", true),
            ("one\n* * *\ntwo\n* * *\n", true),
            ("one\n* * *\n\n* * *\ntwo", false),
            ("one\n***\ntwo", false),
        ],
    );
}

#[test]
fn nth_paragraph() {
    follows(
        r#"{"func_name": "validate_paragraphs", "N": 2, "first_word": "Hello", "i": 2}"#,
        &[
            ("One.\n\nHello there.", true),
            ("One.\r\n\r\n\r\n\"Hello\", he said.", true),
            ("Hello.\n\nTwo.", false),
            ("One.\nHello.", false),
            ("One.\n\nHelloworld", false),
            ("One.\n\n**hello** there", true),
            ("One.\n\n- Hello: a\n- b", true),
            ("One.\n \n# Hello’s", true),
            ("One.\n\nHello—you", true),
            ("One.\n\n* * *", false),
        ],
    );
}

#[test]
fn postscript() {
    follows(
        r#"{"func_name": "verify_postscript", "postscript_marker": "P.S."}"#,
        &[
            ("Text.\n\nP.S. And this.", true),
            ("Text.\nP.S.", false),
            ("Text.", false),
            ("P.S. only", false),
            ("Text.\nP.S. I like P.S.", true),
            ("Text. P.S. Inline.", true),
            ("I like the P.S. of letters", false),
            ("Text.\nP.P.S. More", false),
            ("Grüße.\n**P.S.** Ünd", true),
        ],
    );
}

#[test]
fn placeholders() {
    follows(
        r#"{"func_name": "validate_placeholders", "N": 2}"#,
        &[
            ("[name] and [address]", true),
            ("[name]", false),
            ("[] []", false),
            ("[ä] [ö] [ü]", true),
            ("[open [name] [two]", true),
            ("[link](x) [y\nz]", false),
            ("- [ ] [a]", false),
        ],
    );
}

#[test]
fn bullet_points() {
    follows(
        r#"{"func_name": "verify_bullet_points", "N": 2}"#,
        &[
            ("* a\n* b", true),
            ("- a\r\n- ü", true),
            ("* a\n  - b", true),
            ("* a", false),
            ("*bold* text\n**more**\n* a", false),
            ("* a\n* * *\n* b", true),
            ("-5 degrees\n- a\n- b", true),
            ("\u{a0}* * *\n* a\n\t* b", true),
            ("* a\n-\n* \n", false),
            ("• a\n• b", false),
            ("* a\n---\n- - -\n- b", true),
        ],
    );
}

#[test]
fn title() {
    follows(
        r#"{"func_name": "validate_title"}"#,
        &[
            ("<<A title>>\nText", true),
            ("# <<Über>>", true),
            ("<<>>", false),
            ("<< >>", false),
            ("<<Why 5 > 3>>", true),
            ("<<When a < b>>", true),
            ("<Title>", false),
            ("a << b", false),
        ],
    );
}

#[test]
fn highlights() {
    follows(
        r#"{"func_name": "validate_highlighted_sections", "N": 2}"#,
        &[
            ("*one* and *two*", true),
            ("**one** and *zwölf*", true),
            ("**one**", false),
            ("* a\n* b\n* c", false),
            ("3 * 4 * 5 * 6", false),
            ("*one*", false),
        ],
    );
}

#[test]
fn sections() {
    follows(
        r#"{"func_name": "validate_sections", "N": 2, "section_splitter": "SECTION"}"#,
        &[
            ("SECTION 1\nText\nSECTION 2\nMore", true),
            ("Before.\n**SECTION 1** a\n**SECTION 2** ü", true),
            ("SECTION 1\nText", false),
            ("SECTION 1\nSECTION 2\nText", false),
            ("section 1 a section 2 b", false),
            ("In SECTION 1 of the book\nSECTION 1 a", false),
            ("SECTION 1: a\r\nSECTION 2: see SECTION 1.", true),
            ("SECTIONS\nSECTION 1\n42", false),
            ("SECTION 1\n42\n\nSECTION II\nText", true),
            ("SECTION A\nSECTION B\nText", false),
        ],
    );
}
