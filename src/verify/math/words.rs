//! Answers in words: the same words, in any case and formatting; yes and true are one, no and false the other.

/// Whether two texts say the same.
pub(crate) fn same_words(left: &str, right: &str) -> bool {
    let (left, right) = (plain(left), plain(right));
    !left.is_empty() && (left == right || same_truth(&left, &right))
}

/// Whether two texts are the same words in any case, and so clearly words that they need not be read: none of
/// them is a letter by itself, and one is too long for a product of unknowns.
pub(crate) fn same_prose(left: &str, right: &str) -> bool {
    if !left.chars().all(|c| c.is_alphabetic() || c == ' ') {
        return false;
    }
    let (left, right) = (left.to_lowercase(), right.to_lowercase());
    let (left, right) = (without_article(&left), without_article(&right));
    let lengths: Vec<usize> = left.split(' ').map(|word| word.chars().count()).collect();
    left == right && lengths.iter().all(|length| *length > 1) && lengths.iter().any(|length| *length > 3)
}

/// Whether two texts list the same words, whatever their order: `Ann and Bo`, `Bo, Ann`. A list with "or" is only
/// another such list.
pub(crate) fn same_list(left: &str, right: &str) -> bool {
    match (listed(left), listed(right)) {
        (Some((left, either)), Some((right, also_either))) => left == right && either == also_either,
        _ => false,
    }
}

/// The words that a text lists, in their alphabetical order, and whether it says "or"; nothing where it lists no
/// words of several letters.
fn listed(text: &str) -> Option<(Vec<String>, bool)> {
    let wordy = |c: char| c.is_alphabetic() || c.is_whitespace() || "-',&\\".contains(c);
    if !text.chars().all(wordy) || !text.contains([' ', ',', '&']) {
        return None;
    }
    let spaced = text.to_lowercase().replace(',', " , ").replace("\\&", " and ").replace('&', " and ");
    let (mut items, mut words) = (Vec::new(), Vec::new());
    let (mut and, mut or) = (false, false);
    for word in spaced.split_whitespace().chain([","]) {
        match word {
            "," | "and" | "or" => {
                and |= word == "and";
                or |= word == "or";
                if !words.is_empty() {
                    items.push(without_article(&std::mem::take(&mut words).join(" ")).to_owned());
                }
            }
            word => words.push(word),
        }
    }
    items.sort();
    let long = items.iter().all(|item| item.chars().count() > 1);
    (items.len() > 1 && long && !(and && or)).then_some((items, or))
}

/// Words without the article that they begin with.
fn without_article(text: &str) -> &str {
    let articles = ["a ", "an ", "the "];
    articles.iter().find_map(|article| text.strip_prefix(article)).unwrap_or(text)
}

/// Whether both are words of truth, and the same one: "No" and "false".
pub(crate) fn same_truth(left: &str, right: &str) -> bool {
    truth(left).is_some_and(|left| truth(right) == Some(left))
}

fn plain(text: &str) -> String {
    without_article(text.to_lowercase().trim_start()).chars().filter(|c| c.is_alphanumeric()).collect()
}

fn truth(word: &str) -> Option<bool> {
    match word.to_lowercase().as_str() {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}
