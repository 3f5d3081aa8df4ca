mod laws;

use super::*;

fn all(response: &str) -> Vec<(String, &'static str)> {
    candidates(response, &Extractor::ALL).map(|found| (found.text, found.extractor.name())).collect()
}

fn first(response: &str) -> String {
    all(response).into_iter().next().map_or_else(String::new, |(text, _)| text)
}

#[test]
fn the_surest_way_comes_first() {
    let found = all(r"Answer: 3. We get $4$, so \boxed{5}. That makes 6");
    assert_eq!(found[0], ("5".to_owned(), "box"));
    assert_eq!(found[1], ("3".to_owned(), "phrase"));
    // In a later sentence than the last formula.
    assert_eq!(found[2], ("6".to_owned(), "plain"));
    assert_eq!(found[3], ("4".to_owned(), "latex"));
}

#[test]
fn announcements_are_found_in_the_words_that_models_use() {
    for (response, answer) in [
        ("Final Answer: The final answer is $34$. I hope it is correct.", "34"),
        ("Final Answer: The largest $n$ is 34.", "34"),
        ("The answer is 12.", "12"),
        ("the answer is: **12**", "12"),
        ("**Answer:** 7 apples", "7"),
        ("Answer $ 9 $", "9"),
        ("So we get 5\n#### 1,234", "1,234"),
        ("9 * 2 = 18\nA: 18", "18"),
        ("She makes $5 a day\nA: $18", r"\$18"),
        ("The final answer is $x = 1$ or $x = 2$.", "x = 1, x = 2"),
        ("The answer is (B).", "(B)"),
        ("The answer is Paris.", "Paris"),
        ("Die Antwort lautet Paris.", "Paris"),
        ("La réponse est Paris.", "Paris"),
        ("the answer is -5", "-5"),
        ("the answer is 5 or 6.", "5, 6"),
        ("the answer is not 5", ""),
        ("The answer is 28 percent", r"28\%"),
    ] {
        assert_eq!(first(response), answer, "{response}");
    }
}

#[test]
fn formulas_and_numbers_are_found_without_announcement() {
    for (response, answer) in [
        (r"so \( x = 3 \) and done", "x = 3"),
        ("we get $$\n9\n$$", "9"),
        ("$1$ and $2$ and $3$", "1, 2, 3"),
        ("not 10 but 1,000.99€", "1,000.99€"),
        ("so the number is 1,000.99m²", "1,000.99"),
        ("that makes 2/3 of it", "2/3"),
        ("that makes 1 000", "1 000"),
        ("so it is 3 - 5 = -2", "-2"),
        ("3 - 5 = -2", "3 - 5 = -2"),
        (r"-\frac{10}{9}", r"-\frac{10}{9}"),
        ("9 apples", "9 apples"),
        ("x = $5$. Therefore, there are 12 of them.", "12"),
        ("there are $12$ of 100", "12"),
    ] {
        assert_eq!(first(response), answer, "{response}");
    }
    assert_eq!(first("it is AZYUK2A"), "");
}

#[test]
fn a_final_answer_behind_the_last_box_counts() {
    assert_eq!(first(r"The interest is \boxed{255}. Final Answer: The final answer is $10,455$."), "10,455");
    assert_eq!(first(r"Final Answer: The final answer is \boxed{255}."), "255");
    assert_eq!(candidates(r"\boxed{1}. Final answer: 2", &[Extractor::Box]).next().unwrap().text, "1");
}

#[test]
fn the_letter_of_a_choice_stands_by_itself() {
    let letter = |text: &str| all(text).into_iter().map(|(text, _)| text).find(|text| text.len() == 1);
    for (response, expected) in [
        ("A. Because B is not valid", Some("A")),
        ("Because B is valid", Some("B")),
        ("It has to be (C), I think", Some("C")),
        ("**D**", Some("D")),
        ("B or C", None),
        ("A dog is what I see", None),
    ] {
        assert_eq!(letter(response).as_deref(), expected, "{response}");
    }
}

#[test]
fn a_reference_is_taken_as_it_stands_unless_it_is_a_solution() {
    for (gold, answer) in [
        ("3 + 4 = 7\n#### 7", "7"),
        (r"so \boxed{8}", "8"),
        (" 9 ", "9"),
        ("$1$ and $2$", "$1$ and $2$"),
        ("$125$ miles", "$125$ miles"),
        ("She makes $5 + $13\nA: 18", "18"),
        ("After some work we find that $x$ must be equal to $5$", "5"),
    ] {
        assert_eq!(gold_answer(gold), answer, "{gold}");
    }
}

#[test]
fn long_and_hostile_texts_take_linear_time() {
    let started = std::time::Instant::now();
    for text in [
        r"\boxed{".repeat(100_000),
        "$".repeat(200_000),
        r"\(".repeat(200_000),
        "$ \n".repeat(200_000),
        "answer is ".repeat(100_000),
        "1,".repeat(300_000),
        "{".repeat(500_000),
        r"\boxed{1},".repeat(50_000),
        "$1$,".repeat(100_000),
    ] {
        all(&text);
        gold_answer(&text);
    }
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}
