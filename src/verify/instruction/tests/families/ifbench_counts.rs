//! IFBench's `count:…`, `ratio:…` and `sentence:…`.

use super::obeys;

#[test]
fn counts() {
    obeys(
        "count:word_count_range",
        r#"{"min_words": 2.0, "max_words": 3.0}"#,
        &[("one two", true), ("one two three", true), ("one", false), ("a b c d", false)],
    );
    obeys("count:unique_word_count", r#"{"N": 3}"#, &[("one two, three", true), ("one One two one.", false)]);
    obeys(
        "count:conjunctions",
        r#"{"small_n": 2}"#,
        &[("this and that, But not", true), ("and And and", false), ("band orbit", false)],
    );
    obeys(
        "count:person_names",
        r#"{"N": 2}"#,
        &[("Emma met Liam.", true), ("Emma met Emma.", false), ("Emmas met liam.", false)],
    );
    obeys(
        "count:numbers",
        r#"{"N": 2}"#,
        &[
            ("2 and 3.5", true),
            ("1,000 or 20", true),
            ("1,2", true),
            ("1,2,3", false),
            ("two", false),
            ("In 2024-05", true),
        ],
    );
    obeys(
        "count:punctuation",
        "{}",
        &[
            ("a. b, c! d? e; f: g?!", true),
            ("a. b, c! d? e; f: g", false),
            ("a. b, c! e; f: g?!", false),
            ("a. b, c! d? f: g‽", false),
        ],
    );
    obeys(
        "count:words_japanese",
        r#"{"N": 2}"#,
        &[("one 猫 two ねこ", true), ("one 猫 two cat", false), ("one", false), ("one 2 two ネコ", true)],
    );
    obeys(
        "count:pronouns",
        r#"{"N": 4}"#,
        &[
            ("I told her it's mine.", true),
            ("She said hi.", false),
            ("she/her/hers and them", true),
            ("item, whiten", false),
        ],
    );
    let five =
        r#"{"keyword1": "ant", "keyword2": "bee", "keyword3": "cat", "keyword4": "dog", "keyword5": "elk"}"#;
    let text = |ants: usize| {
        format!(
            "{}{}{}{}{}",
            "ant ".repeat(ants),
            "bee ".repeat(2),
            "cat ".repeat(3),
            "dog ".repeat(5),
            "elk ".repeat(7)
        )
    };
    obeys(
        "count:keywords_multiple",
        five,
        &[(&text(1), true), (&text(2), false), (&text(0), false), (&format!("{} giant", text(1)), true)],
    );
}

#[test]
fn ratios() {
    obeys(
        "ratio:stop_words",
        r#"{"percentage": 25}"#,
        &[("the cat sleeps soundly", true), ("the cat is here", false), ("!!", false)],
    );
    obeys(
        "ratio:sentence_type",
        "{}",
        &[("One. Two. Three?", true), ("One. Two?", false), ("One. Two.", false)],
    );
    obeys(
        "ratio:sentence_balance",
        "{}",
        &[("One. Two? Three!", true), ("One. Two?", false), ("one two", false)],
    );
    obeys(
        "ratio:sentence_words",
        "{}",
        &[
            ("Cats run. Dogs eat. Ants dig.", true),
            ("Cats run. Dogs run. Ants dig.", false),
            ("Cats run. Dogs eat. Ant dig.", false),
            ("Cats run. Dogs eat.", false),
        ],
    );
    obeys(
        "ratio:overlap",
        r#"{"reference_text": "abcdef", "percentage": 50}"#,
        &[("abcxyz", false), ("abcdxy", true), ("abcdef", false), ("ab", false)],
    );
}

#[test]
fn sentences() {
    obeys(
        "sentence:keyword",
        r#"{"word": "sun", "N": 2}"#,
        &[("One. The Sun! Three.", true), ("The sun. Two.", false), ("One. Sunday.", false), ("Sun", false)],
    );
    obeys(
        "sentence:increment",
        r#"{"small_n": 2}"#,
        &[
            ("One. It is two. Now we have three more.", true),
            ("One. It is. Three", false),
            ("Only one.", false),
            ("Dr. Li. He met St. Paul today.", false),
        ],
    );
    obeys(
        "sentence:alliteration_increment",
        "{}",
        &[
            ("One two four. Big bears are here. Six silly snakes sing.", true),
            ("Big bears. Big bears.", false),
            ("Big bears.", false),
            ("Two tall trees. Big bears bake six silly.", false),
        ],
    );
}
