//! IFBench's training constraints.

use super::obeys;

#[test]
fn keywords_and_counts() {
    obeys(
        "keywords:word_once",
        r#"{"keyword": "sun"}"#,
        &[("The Sun on Sunday", true), ("sun, sun", false), ("none", false)],
    );
    let three = r#"{"keyword": "sun", "frequency": 3, "relation": "at least"}"#;
    obeys(
        "keywords:word_count_different_numbers",
        three,
        &[("sun sun sun", true), ("sun sun sun sun", false), ("sun", false)],
    );
    obeys(
        "keywords:exclude_word_harder",
        r#"{"keyword": "sun"}"#,
        &[("Sunday", true), ("The sun.", false), ("sun", false)],
    );
    obeys(
        "keywords:no_adjacent_consecutive",
        "{}",
        &[("Big dogs bark", true), ("all bears", false), ("one", false)],
    );
    obeys("keywords:palindrome", "{}", &[("a level road", true), ("a I ... 11", false), ("aaa", false)]);
    obeys(
        "keywords:start_end",
        "{}",
        &[("Cats like cats", true), ("Cats like cats.", false), ("Cats", false), ("Cats like dogs", false)],
    );
    obeys("count:lowercase_counting", r#"{"N": 2}"#, &[("THE cat SAT down", true), ("the cat sat", false)]);
    obeys(
        "letters:letter_counting",
        r#"{"N": 5, "relation": "at least"}"#,
        &[("ab cde", true), ("ab 123 cd", false)],
    );
    obeys(
        "count:counting_composition",
        r#"{"n_sent": 2, "n_words": 2}"#,
        &[
            ("One two. Three four.\n* * *\nFive six. Seven eight.\n***\nNine ten. A b.", false),
            ("One two. Three four.\n* * *\nFive six. Seven eight.\n* * *\nNine ten. A b.", true),
            ("One two. Three four.\n***\nFive six. Seven eight.\n***\nNine ten. A b.", true),
            ("One two. Three.\n* * *\nFive six. Seven eight.\n* * *\nNine ten. A b.", false),
            ("One two. Three four.\n* * *\nFive six. Seven eight.", false),
        ],
    );
    obeys("count:count_unique", "{}", &[("one two. three.", true), ("one two One", false)]);
    obeys(
        "count:count_increment_word",
        r#"{"keyword1": "ant", "keyword2": "bee"}"#,
        &[("ant bee, bee", true), ("ant bee", false), ("ant ant bee bee", false)],
    );
}

#[test]
fn first_and_last_words() {
    obeys(
        "first_word:first_word_sent",
        r#"{"first_word": ["we"]}"#,
        &[("We met Dr. Li. \"We\" left.", true), ("We met. They left.", false)],
    );
    obeys(
        "last_word:last_word_sent",
        r#"{"last_word": "end"}"#,
        &[("The end. No END!", true), ("The end. No", false)],
    );
    obeys(
        "first_word:first_word_answer",
        r#"{"first_word": "hello"}"#,
        &[("**Hello**, you", true), ("Well, hello", false), ("Hellos", false)],
    );
    obeys(
        "last_word:last_word_answer",
        r#"{"last_word": "end"}"#,
        &[("The end.", true), ("the end of it", false)],
    );
}

#[test]
fn forms() {
    obeys("paragraphs:paragraphs", "{}", &[("one\n***\ntwo", true), ("one\n\ntwo", false)]);
    obeys(
        "paragraphs:paragraphs2",
        "{}",
        &[("one\n\ntwo", true), ("one\ntwo", false), ("a\n\nb\n\nc", false)],
    );
    obeys(
        "punctuation:punctuation_dot",
        "{}",
        &[("none!", true), ("one.", false), ("3.5", false), ("one…", false)],
    );
    obeys("punctuation:punctuation_exclamation", "{}", &[("none.", true), ("one!", false), ("一！", false)]);
    obeys(
        "detectable_format:square_brackets",
        "{}",
        &[("[One] [two]", true), ("[One two]", false), ("[One] two", false), ("[] [a]", false)],
    );
    obeys(
        "detectable_format:bigram_wrapping",
        "{}",
        &[
            ("<<I am>> <<at home>> now", true),
            ("<<I am>> at home", false),
            ("one", false),
            ("<<I am at home>>", false),
        ],
    );
    obeys(
        "detectable_format:sentence_hyphens",
        "{}",
        &[
            ("It is one.-It is two!-A well-known three.", true),
            ("It is one. - It is two.", false),
            ("It is one.-It is two. And three.", false),
            ("It is one.", false),
        ],
    );
}

#[test]
fn copies() {
    for identifier in ["copy:copy", "copy:copying_simple"] {
        obeys(
            identifier,
            r#"{"prompt_to_repeat": "Write a  poem."}"#,
            &[("Write a poem.\n", true), ("Write a poem", false), ("write a poem.", false)],
        );
    }
    obeys(
        "copy:copying_multiple",
        r#"{"prompt_to_repeat": "Hi you.", "N": 2}"#,
        &[("Hi you.\n******\nHi you.", true), ("Hi you.", false), ("Hi you. ****** Hi", false)],
    );
    obeys(
        "new:copy_span_idx",
        r#"{"prompt_to_repeat": "abcdefg", "n_start": 1, "n_end": 3}"#,
        &[("bcd", true), ("bc", false), ("abcd", false)],
    );
    obeys(
        "copy:repeat_phrase",
        r#"{"phrase": "Time flies when having fun", "small_n": 2}"#,
        &[
            ("Time flies while having fun. Time runs when having fun!", true),
            ("Time flies when having fun. Time runs when having fun.", false),
            ("Time runs when having fun.", false),
            ("Time runs while having fun. Time runs when having fun. Time flies if having fun.", false),
        ],
    );
}
