//! Replies that repeat the candidates that they were to choose between: a list of what was shown chooses none of it.

use std::borrow::Cow;

use crate::data::Problem;

/// A response without the lines in which it lists the candidates of its problem again, as the question shows them:
/// `A: 12` and `B: 13`, under whatever labels. One of them alone may be an answer, and stays.
pub(super) fn without_listed_candidates<'a>(problem: &Problem, response: &'a str) -> Cow<'a, str> {
    let whole = Cow::Borrowed(response);
    if problem.candidates().is_none() || !response.contains('\n') {
        return whole;
    }
    let shown: Vec<ListedCandidate<'_>> = problem.question.lines().filter_map(listed).collect();
    let lines: Vec<&str> = response.lines().collect();
    let mut repeats: Vec<Option<char>> = lines
        .iter()
        .map(|line| {
            listed(line).filter(|candidate| shown.contains(candidate)).map(|candidate| candidate.letter)
        })
        .collect();
    let mut letters: Vec<char> = repeats.iter().flatten().copied().collect();
    letters.sort_unstable();
    letters.dedup();
    if letters.len() < 2 {
        return whole;
    }
    cut_off(&lines, &mut repeats);
    let kept = lines.iter().zip(&repeats).filter(|(_, repeated)| repeated.is_none());
    Cow::Owned(kept.map(|(line, _)| *line).collect::<Vec<_>>().join("\n"))
}

/// A candidate on a line of its own.
#[derive(Debug, PartialEq, Eq)]
struct ListedCandidate<'a> {
    letter: char,
    text: &'a str,
}

/// A line that begins with a short label, in which one capital letter stands by itself, and a mark: `A: 5`, `(A) 5`, `A. 5`.
fn listed(line: &str) -> Option<ListedCandidate<'_>> {
    /// Words of a label at most, as in "Second answer (B):" or "Under review, B:".
    const LONGEST: usize = 4;
    let (label, text) = line.split_once([':', ')', '.'])?;
    let words: Vec<&str> =
        label.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut letters =
        words.iter().filter(|word| word.len() == 1 && word.bytes().all(|b| b.is_ascii_uppercase()));
    let letter = letters.next()?.chars().next()?;
    let text = text.trim_matches(|c: char| c.is_whitespace() || "*:".contains(c));
    let is_candidate = letters.next().is_none() && words.len() <= LONGEST && !text.is_empty();
    is_candidate.then_some(ListedCandidate { letter, text })
}

/// Marks the last line where the token limit cut off the next line of a list.
fn cut_off(lines: &[&str], repeats: &mut [Option<char>]) {
    let Some(last) = lines.iter().rposition(|line| !line.trim().is_empty()) else { return };
    let Some(before) = last.checked_sub(1).and_then(|before| repeats[before]) else { return };
    let next = (0..last).find(|line| repeats[*line].is_some_and(|letter| letter as u32 == before as u32 + 1));
    if repeats[last].is_none() && next.is_some_and(|next| lines[next].starts_with(lines[last].trim())) {
        repeats[last] = Some(before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Kind;

    fn left(response: &str) -> String {
        let question =
            "What is 1 + 1?\nStudent A wrote: 2\nStudent B wrote: 3\nWhich student solved it?".to_owned();
        let problem = Problem { kind: Kind::PAIRWISE, question, ..Problem::default() };
        without_listed_candidates(&problem, response).into_owned()
    }

    #[test]
    fn a_list_of_the_candidates_is_left_out_and_what_else_is_said_stays() {
        assert_eq!(left("Student A wrote: 2\nStudent B wrote: 3"), "");
        assert_eq!(left("A: 2\n**B:** 3\nB is right."), "B is right.");
        assert_eq!(left("A. 2\nB. 3\nThe answer is (B)."), "The answer is (B).");
        assert_eq!(left("(A) 2\n(B) 3"), "");
        assert_eq!(left("Compare.\nA: 2\nB: 3\nA: 2\nB: 3\nA: 2\nB"), "Compare.");
        for kept in [
            "A: 2",
            "A: 2\nThe answer is correct.",
            "A: correct\nB: wrong",
            "A: 2 is right\nB: 3 is wrong",
            "A\nB",
            "A: 3\nB: 2",
        ] {
            assert_eq!(left(kept), kept);
        }
        let other = Problem { question: "A: 2\nB: 3".to_owned(), ..Problem::default() };
        assert_eq!(without_listed_candidates(&other, "A: 2\nB: 3"), "A: 2\nB: 3");
    }
}
