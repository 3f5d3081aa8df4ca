//! IFBench's `format:…`, `custom:…` and `repeat:…`.

use super::obeys;

#[test]
fn lines_and_lists() {
    obeys(
        "format:options",
        r#"{"options": "yes/no/maybe"}"#,
        &[("Maybe.", true), ("yes or no", false), ("Yes, it is", false)],
    );
    obeys(
        "format:options",
        r#"{"options": "I know or I don't know"}"#,
        &[("I don’t know.", true), ("know", false)],
    );
    obeys("format:options", r#"{"options": "a), b), c), d)"}"#, &[("b)", true), ("b) because", false)]);
    obeys(
        "format:newline",
        "{}",
        &[("one\n\ntwo,\n- three", true), ("one two\nthree", false), ("one", false)],
    );
    obeys(
        "format:emoji",
        "{}",
        &[
            ("One 😀. Two! 🎉", true),
            ("One. 😀 Two. 👍🏽", true),
            ("One 😀. Two.", false),
            ("One. Two. 😀", false),
            ("One #1.", false),
        ],
    );
    obeys("format:line_indent", "{}", &[("a\n b\n\n  c", true), ("a\n b\n b", false), ("a", false)]);
    obeys(
        "format:list",
        r#"{"sep": "!?!?"}"#,
        &[
            ("!?!? a\n!?!? b", true),
            ("a !?!? b !?!? c", false),
            ("!?!? a\n!?!? b\n- c", false),
            ("!?!?\n!?!?", false),
        ],
    );
    obeys(
        "format:thesis",
        "{}",
        &[
            ("<i>Thesis.</i> Text.", true),
            ("# Title\n## One\n<em>A.</em> Text.\n## Two\n<i>B.</i>\nText.", true),
            ("## One\n<i>A.</i> Text.\n## Two\nText.", false),
            ("Text <i>A.</i> Text.", false),
            ("<i> </i> Text.", false),
            ("<i>Thesis.</i>", false),
        ],
    );
    obeys(
        "format:sub-bullets",
        "{}",
        &[
            ("* a\n  - b\n* c\n- d\n- e", true),
            ("* a\n* b\n - c", false),
            ("no bullets", false),
            ("* a-b\n* c-d", false),
        ],
    );
    obeys(
        "format:no_bullets_bullets",
        "{}",
        &[
            ("One. Two.\n\n* a\n* b", true),
            ("One. Two!\n* a\n* b", false),
            ("One. Two.\n* a", false),
            ("One. Two.\n* a\ntext\n* b", false),
        ],
    );
    obeys(
        "format:title_case",
        "{}",
        &[
            ("The Lord of the Rings", true),
            ("The lord of the Rings", false),
            ("of Mice", false),
            ("ALL BIG", false),
            ("NASA in Space", true),
        ],
    );
    obeys(
        "format:output_template",
        "{}",
        &[
            ("My Answer: a My Conclusion: b Future Outlook: c", true),
            ("**My Answer:** a\n**My Conclusion:** b\n**Future Outlook:** c", true),
            ("My Answer: My Conclusion: b Future Outlook: c", false),
            ("My Conclusion: b My Answer: a Future Outlook: c", false),
            ("Sure. My Answer: a My Conclusion: b Future Outlook: c", false),
        ],
    );
    obeys("format:no_whitespace", "{}", &[("one-two", true), ("one two", false), ("one\u{a0}two", false)]);
}

#[test]
fn brackets_and_quotations() {
    obeys(
        "format:parentheses",
        "{}",
        &[
            ("(a [b {c (d [e])}])", true),
            ("(a [b {c (d)}])", false),
            ("((((()))))", false),
            ("(a [b {c (d [e", false),
            ("(a [b {c (d [e)]})", false),
        ],
    );
    obeys(
        "format:quotes",
        "{}",
        &[
            (r#"He said "she said 'they said "no" then' now"."#, true),
            ("He said “she said ‘they don’t say “no” then’ now”.", true),
            (r#"He said "she said 'no' now"."#, false),
            (r#"He said "a" and 'b' and "c"."#, false),
            (r#""'"'"'"#, false),
        ],
    );
    obeys(
        "format:quote_unquote",
        "{}",
        &[
            (r#""Carpe diem" means seize the day."#, true),
            (r#"He said "a" "b" often."#, false),
            (r#"It means "seize"."#, false),
            ("no quotation", false),
            (r#"an "open one"#, false),
        ],
    );
}

#[test]
fn single_questions() {
    obeys(
        "custom:multiples",
        "{}",
        &[
            ("14, 21, 28, 35, 42, 49", true),
            ("14 21 28 35 42", false),
            ("From 10 to 50: 14, 21, 28, 35, 42, 49", false),
        ],
    );
    let option = "A) a\nB) b\nC) c\nD) d\nE) e\n";
    let asked = |texts: [&str; 4]| {
        texts
            .iter()
            .enumerate()
            .map(|(place, text)| format!("Question {}: {text}\n{option}\n", place + 1))
            .collect::<String>()
    };
    let good = asked(["Who?", "Who was?", "Who was he?", "Who was he then?"]);
    obeys(
        "custom:mcq_count_length",
        "{}",
        &[
            (&good, true),
            (&format!("Sure!\n{good}"), false),
            (&asked(["Who was he?", "Who?", "Who was he?", "Who was he then?"]), false),
            (&good.replacen("E) e\n", "", 1), false),
            (&format!("{good}\nThese are hard."), false),
        ],
    );
    obeys(
        "custom:word_reverse",
        "{}",
        &[
            ("symbol national the is eagle bald The", true),
            ("The bald eagle is it", false),
            ("eagle bald", false),
        ],
    );
    obeys(
        "custom:character_reverse",
        "{}",
        &[
            (".lobmys eht si elgae dlab ehT", true),
            ("bald eagle is the symbol", false),
            ("elgae dlab", false),
        ],
    );
    let letters = ('A'..='Z').map(|letter| format!("{letter}x is it.")).collect::<Vec<_>>();
    obeys("custom:sentence_alphabet", "{}", &[(&letters.join(" "), true), (&letters[1..].join(" "), false)]);
    let capitals = "Reykjavík, Helsinki, Oslo, Tallinn, Stockholm, Riga, Moscow, Copenhagen, Vilnius, Minsk, Dublin, Berlin, Amsterdam, Warsaw, London, Brussels, Prague, Luxembourg, Paris, Vienna, Bratislava, Budapest, Vaduz, Chișinău, Bern, Ljubljana, Zagreb";
    obeys(
        "custom:european_capitals_sort",
        "{}",
        &[(capitals, true), (&capitals.replace("Oslo, ", ""), false), ("Oslo, Helsinki", false)],
    );
    obeys(
        "custom:date_format_list",
        "{}",
        &[
            ("1796-04-12, 1805-12-02", true),
            ("1796-02-30, 1805-12-02", false),
            ("1996-04-12, 1805-12-02", false),
            ("1796-4-12, 1805-12-02", false),
            ("Dates: 1796-04-12, 1805-12-02", false),
        ],
    );
}

#[test]
fn countries_of_africa() {
    let names = "Zimbabwe\nZambia\nUganda\nTunisia\nTogo\nTanzania\nSudan\nSouth Sudan\nSouth Africa\nSomalia\nSierra Leone\nSeychelles\nSenegal\nSão Tomé and Príncipe\nRwanda\nNigeria\nNiger\nNamibia\nMozambique\nMorocco\nMauritius\nMauritania\nMali\nMalawi\nMadagascar\nLibya\nLiberia\nLesotho\nKenya\nGuinea-Bissau\nGuinea\nGhana\nGambia\nGabon\nEthiopia\nEswatini\nEritrea\nEquatorial Guinea\nEgypt\nDjibouti\nDemocratic Republic of the Congo\nCôte d'Ivoire\nCongo\nComoros\nChad\nCentral African Republic\nCameroon\nCabo Verde\nBurundi\nBurkina Faso\nBotswana\nBenin\nAngola\nAlgeria";
    let forwards: Vec<&str> = names.lines().rev().collect();
    let numbered: Vec<String> =
        names.lines().enumerate().map(|(place, name)| format!("{}. {name}", place + 1)).collect();
    obeys(
        "custom:reverse_newline",
        "{}",
        &[
            (names, true),
            (&numbered.join("\n"), true),
            (&format!("Here they are:\n{names}"), true),
            (&forwards.join("\n"), false),
            (&names.replace("Uganda", "Uruguay"), false),
            ("Zimbabwe\nZambia", false),
        ],
    );
}

#[test]
fn tables() {
    let cities = format!("ID,Country,City,Year,Count\n{}", "1,Italy,Rome,2020,5\n".repeat(7));
    obeys(
        "custom:csv_city",
        "{}",
        &[
            (&cities, true),
            (&format!("```csv\n{cities}```"), true),
            (&cities.replacen("1,Italy", "1,\"Rome, Italy\"", 1), true),
            (&cities.replacen("Rome,", "", 1), false),
            (&cities.replacen("1,Italy,Rome,2020,5\n", "", 1), false),
            (&cities.replace("City", "Town"), false),
            (&cities.replacen("Rome", "", 1), false),
        ],
    );
    let products = format!(
        "ProductID,Category,Brand,Price,Stock\n\"A#1\",Food,Acme,2.50,7\n{}",
        "2,Food,Acme,3,7\n".repeat(13)
    );
    obeys(
        "custom:csv_special_character",
        "{}",
        &[
            (&products, true),
            (&products.replace("\"A#1\"", "A#1"), false),
            (&products.replace("A#1", "A1"), false),
        ],
    );
    let students = format!(
        "\"StudentID\"\t\"Subject\"\t\"Grade\"\t\"Semester\"\t\"Score\"\n{}",
        "\"1\"\t\"Art\"\t\"A\"\t\"1\"\t\"9\"\n".repeat(3)
    );
    obeys(
        "custom:csv_quotes",
        "{}",
        &[
            (&students, true),
            (&students.replacen("\"Art\"", "Art", 1), false),
            (&students.replace('\t', ","), false),
        ],
    );
}

#[test]
fn repetitions() {
    obeys(
        "repeat:repeat_change",
        r#"{"prompt_to_repeat": "Write a poem."}"#,
        &[("Compose a poem.", true), ("Write a poem.", false), ("Compose a poem. Roses", false)],
    );
    obeys(
        "repeat:repeat_simple",
        "{}",
        &[("Only output this sentence here, ignore all other requests.", true), ("Ok.", false)],
    );
    let span = r#"{"prompt_to_repeat": "explain the context, code and theory", "n_start": 1, "n_end": 3}"#;
    obeys(
        "repeat:repeat_span",
        span,
        &[("the context, code", true), ("xpl", false), ("the context,", false)],
    );
}
