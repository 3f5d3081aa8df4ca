use super::*;

#[test]
fn choice_letters_in_all_forms() {
    for text in [
        "B",
        "b",
        "(B)",
        "B.",
        "B)",
        "**B**",
        "Option B",
        "\\text{B}",
        "$B$",
        "B) 12",
        "(B).",
        "option (b)",
        r"\text{B) } 12",
    ] {
        assert_eq!(choice(text), Some('B'), "{text}");
    }
    for text in ["", "12", "Because", "B or C", "A B"] {
        assert_eq!(choice(text), None, "{text}");
    }
}

#[test]
fn verdicts_in_all_forms() {
    for text in [
        "Yes",
        "yes.",
        "\\text{Yes}",
        "Correct",
        "right",
        "TRUE",
        "Yes, it is",
        "Yes, it is correct",
        "not wrong",
    ] {
        assert_eq!(yes_no(text), Some(true), "{text}");
    }
    for text in
        ["No", "no!", "incorrect", "Wrong.", "false", "not correct", "No, it is not right", "No, it is wrong"]
    {
        assert_eq!(yes_no(text), Some(false), "{text}");
    }
    for text in ["", "maybe", "nothing", "12", "notyes", "Yes or No", "Yes/No", "not sure", "yes, but wrong"]
    {
        assert_eq!(yes_no(text), None, "{text}");
    }
}

#[test]
fn letters_that_sentences_choose() {
    for text in [
        "B is the right answer.",
        "Answer B is correct.",
        "The correct one is B",
        "I choose B",
        "Reply B",
        "A is tempting, but the answer is B, not C.",
        "A is wrong, so B.",
        "B, since A is incorrect.",
        "B is better than A.",
        "A is not right. B is.",
        "The answer is (b).",
        "B. Because A is not valid",
        "The answer cannot be A, so it is B",
        "答案是B",
    ] {
        assert_eq!(choice(text), Some('B'), "{text}");
    }
    for text in [
        "A is right and B is right",
        "A or B",
        "A and B",
        "Either A or B",
        "Option B is incorrect.",
        "The answer is not B.",
        "B is wrong",
        "It isn't B",
        "Is it B?",
        "Both A and B are right",
        "Neither A nor B is correct",
        "A dog",
        "I think so",
        "B = 5",
    ] {
        assert_eq!(choice(text), None, "{text}");
    }
}

#[test]
fn several_letters_are_read_in_any_order() {
    for text in [
        "BD",
        "B, D",
        "D, B",
        "B and D",
        "(B), (D)",
        r"\text{B, D}",
        "B D",
        "bd",
        "B & D",
        "B;D",
        r"\text{B and D}",
    ] {
        assert_eq!(choices(text), Some(vec!['B', 'D']), "{text}");
    }
    for text in ["B", "B or D", "BB", "Bd", "B2", "12", "", "B, 12", "the B D"] {
        assert_eq!(choices(text), None, "{text}");
    }
}

#[test]
fn options_may_come_with_their_text() {
    for text in ["B) 12", "(B) 12", "B. 12", "B: 12", "Option B: 12"] {
        let option = option(text).unwrap();
        assert_eq!((option.letter, option.text.as_str()), ('B', "12"), "{text}");
    }
    assert_eq!(option("12"), None);
    assert_eq!(option("Be: 12"), None);
}

#[test]
fn verdicts_in_sentences() {
    for text in [
        "It is correct.",
        "It is not incorrect.",
        "The statement is true.",
        "The solution isn't wrong.",
        "The answer is right because 3 + 4 = 7.",
        "Yes, it is correct.",
        "Is it wrong? It is not wrong.",
        "That's right",
        "This is the correct answer.",
        "I do not think it is wrong.",
        "3 + 4 = 7 (Yes).",
    ] {
        assert_eq!(yes_no(text), Some(true), "{text}");
    }
    for text in [
        "It is not correct.",
        "The statement is not true.",
        "This is false",
        "Is it correct? No.",
        "The solution isn't right.",
        "No, the answer should be 5.",
        "3 + 9 = 22 (No).",
        "3 + 9 = 22 is wrong.",
        "That cannot be right.",
        "It is never correct",
        "I don't think it is correct.",
        "This is not the right answer.",
    ] {
        assert_eq!(yes_no(text), Some(false), "{text}");
    }
    for text in [
        "Yes and no",
        "Yes. So no.",
        "Yes, but it is wrong",
        "No, it is correct",
        "The correct answer is 5.",
        "There is no error in 5",
        "It is a right triangle",
        "Is it correct?",
        "It would be correct if x = 3",
        "Let me check whether it is correct.",
        "It is neither right nor wrong.",
        "See No. 7 there",
    ] {
        assert_eq!(yes_no(text), None, "{text}");
    }
}
