use super::*;

fn words(text: &str) -> Vec<&str> {
    tokens(text, &[]).into_iter().map(|token| token.text(text)).collect()
}

#[test]
fn texts_are_taken_apart() {
    assert_eq!(words("It isn't 1,000.50, is it?"), ["It", "isn't", "1,000.50", ",", "is", "it", "?"]);
    assert_eq!(
        words("a **bold** *word* and 2*3 and x**2"),
        ["a", "bold", "word", "and", "2", "*", "3", "and", "x", "**", "2"]
    );
    assert_eq!(words("20 t-shirts, x-y"), ["20", "t-shirts", ",", "x", "-", "y"]);
    assert_eq!(words("9*2=$<<9*2=18>>18."), ["9", "*", "2", "=", "$", "18", "."]);
    assert_eq!(words("答案是12。"), ["答", "案", "是", "12", "。"]);
    assert_eq!(words("5! x>=3 2³ 1.5e-3"), ["5", "!", "x", ">=", "3", "2", "³", "1.5e-3"]);
}

#[test]
fn a_clause_denies_what_it_says() {
    let denied = |text: &str, said: &str| {
        let found = tokens(text, &[]);
        let at = found.iter().position(|token| token.text(text) == said).unwrap();
        is_denied(text, &found, at..at + 1, 0..found.len())
    };
    for text in [
        "It is not 5.",
        "it isn't 5",
        "It can’t be 5",
        "5 is wrong",
        "5 cannot be right",
        "6, not 5",
        "6 rather than 5",
        "The wrong answer is 5.",
        "We got 5, which is incorrect.",
        "I do not think that the answer is 5",
        "Is it 5?",
    ] {
        assert!(denied(text, "5"), "{text}");
    }
    for text in
        ["It is 5.", "5, not 6", "It is not 6, but 5", "5 is not wrong", "Is it 6? It is 5.", "Not all, so 5"]
    {
        assert!(!denied(text, "5"), "{text}");
    }
}
