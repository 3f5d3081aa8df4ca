//! Every shape that a row of data may have, and what is read of it; every shape that is refused, and the name that is
//! given. The rows lie beside the images `a.png`, `b.png` and `c.png`.

use std::{fs, path::Path};

use proptest::prelude::*;
use serde_json::{Value, json};
use spark::{
    data::{BadRows, ImageRef, Problem, ReadOptions, ShownPiece, Speaker, load_problems, shown_pieces},
    judge::JudgePrompts,
    processor::Processor,
};
use tempfile::TempDir;

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    for name in ["a.png", "b.png", "c.png"] {
        fs::write(folder.path().join(name), b"").unwrap();
    }
    folder
}

fn read_with(folder: &Path, rows: &[Value], options: impl Into<ReadOptions>) -> Result<Vec<Problem>, String> {
    let file = folder.join("rows.jsonl");
    fs::write(&file, rows.iter().map(|row| format!("{row}\n")).collect::<String>()).unwrap();
    load_problems(&file, options).map(|loaded| loaded.problems).map_err(|error| format!("{error:#}"))
}

fn read(row: Value) -> Result<Problem, String> {
    read_with(folder().path(), &[row], BadRows::Refuse).map(|mut problems| problems.remove(0))
}

/// A text with its images as `[name]`.
fn shown(text: &str, images: &[ImageRef], places: &[usize]) -> String {
    let pieces = shown_pieces(text, images, places).unwrap();
    let piece = |piece: &ShownPiece<'_>| match piece {
        ShownPiece::Text(text) => (*text).to_owned(),
        ShownPiece::Image(image) => format!("[{}]", image.path.file_stem().unwrap().to_str().unwrap()),
    };
    pieces.iter().map(piece).collect()
}

/// Everything that a problem puts to the model, one turn after the other.
fn asked(problem: &Problem) -> String {
    let mut text = problem.system.iter().map(|system| format!("system: {system} | ")).collect::<String>();
    for turn in &problem.history {
        let who = if turn.speaker == Speaker::User { "user" } else { "assistant" };
        text += &format!("{who}: {} | ", shown(&turn.text, &turn.images, &turn.image_places));
    }
    text + &shown(&problem.question, &problem.images, &problem.image_places)
}

fn user(content: Value) -> Value {
    json!({"role": "user", "content": content})
}

fn assistant(text: &str) -> Value {
    json!({"role": "assistant", "content": text})
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// `row` with an answer.
fn answered(mut row: Value) -> Value {
    row["answer"] = json!("5");
    row
}

#[test]
fn every_name_of_a_question_goes_with_every_name_of_its_images() {
    for question in ["question", "problem", "prompt", "message", "messages"] {
        for images in ["image", "images", "image_path", "image_paths"] {
            let what = match question {
                "message" | "messages" => json!([user(json!("What is it?"))]),
                _ => json!("What is it?"),
            };
            for (listed, expected) in [
                (json!("a.png"), "[a]What is it?"),
                (json!(["b.png", "a.png"]), "[b][a]What is it?"),
                (json!([{"path": "a.png", "bytes": null}]), "[a]What is it?"),
                (json!({"path": "c.png"}), "[c]What is it?"),
                (json!([]), "What is it?"),
                (json!(null), "What is it?"),
            ] {
                let problem = read(answered(json!({question: what, images: listed}))).unwrap();
                assert_eq!(asked(&problem), expected, "{question} × {images}");
                assert!(problem.columns.is_empty());
            }
        }
    }
}

#[test]
fn images_stand_where_the_data_shows_them() {
    let two = || json!(["a.png", "b.png"]);
    let parts = json!([text("one "), {"type": "image"}, text(" two "), {"type": "image"}, text(" three")]);
    let paths = json!([text("one "), {"type": "image", "image": "b.png"}, {"type": "image", "path": "a.png"}, text("two")]);
    let urls = json!([text("see "), {"type": "image_url", "image_url": {"url": "a.png"}}]);
    let table = json!([{"type": "text", "text": "of a table ", "image": null}, {"type": "image", "text": null, "image": "a.png"}]);
    for (row, expected) in [
        (json!({"problem": "<image>\nWhat?", "images": ["a.png"]}), "[a]\nWhat?"),
        (json!({"prompt": "one <image> two <image>", "images": two()}), "one [a] two [b]"),
        (json!({"question": "é<ImageHere>ü<|image|>", "images": two()}), "é[a]ü[b]"),
        (json!({"question": "<image 2> before <image 1>", "images": two()}), "[b] before [a]"),
        (json!({"question": "<image1>, <image2>", "images": two()}), "[a], [b]"),
        (json!({"messages": [user(json!("<image>q<image>"))], "images": two()}), "[a]q[b]"),
        (json!({"prompt": [user(json!("q<image><image>"))], "images": two()}), "q[a][b]"),
        (json!({"prompt": [user(parts.clone())], "images": two()}), "one [a] two [b] three"),
        (json!({"messages": [user(paths.clone())]}), "one [b][a]two"),
        (json!({"messages": [user(paths)], "images": ["b.png", "a.png"]}), "one [b][a]two"),
        (json!({"messages": [user(urls)]}), "see [a]"),
        (json!({"messages": [user(table)]}), "of a table [a]"),
        (json!({"message": json!([user(parts)]).to_string(), "images": two()}), "one [a] two [b] three"),
        (json!({"question": "ab", "images": two(), "image_places": [0, 1]}), "[a]a[b]b"),
        (json!({"question": "<image>", "images": ["a.png"], "image_places": [7]}), "<image>[a]"),
        (json!({"question": "What does <image> mean?", "image_places": []}), "What does <image> mean?"),
    ] {
        let problem = read(answered(row.clone())).unwrap_or_else(|error| panic!("{row}: {error}"));
        assert_eq!(asked(&problem), expected, "{row}");
    }
}

#[test]
fn what_was_said_before_the_question_is_kept() {
    let turns = json!([{"role": "system", "content": "s"}, user(json!("<image>one")), assistant("two"), user(json!("three <image>"))]);
    let expected = "system: s | user: [a]one | assistant: two | three [b]";
    for row in [
        json!({"messages": turns, "images": ["a.png", "b.png"]}),
        json!({"prompt": turns, "image": ["a.png", "b.png"]}),
        json!({"system": "s", "question": "three <image>", "images": ["a.png", "b.png"],
            "history": [user(json!("<image>one")), assistant("two")]}),
    ] {
        assert_eq!(asked(&read(answered(row.clone())).unwrap()), expected, "{row}");
    }
    // Without a place, images belong to the first user's turn, as in TRL.
    let plain = json!({"messages": [user(json!("one")), assistant("two"), user(json!("three"))], "images": ["a.png"]});
    assert_eq!(asked(&read(answered(plain)).unwrap()), "user: [a]one | assistant: two | three");
}

#[test]
fn references_are_found_under_every_name() {
    for (row, expected) in [
        (json!({"answer": "5"}), vec!["5"]),
        (json!({"answer": 5}), vec!["5"]),
        (json!({"solution": "5"}), vec!["5"]),
        (json!({"ground_truth": "5"}), vec!["5"]),
        (json!({"reward_model": {"style": "rule", "ground_truth": "5"}, "data_source": "x"}), vec!["5"]),
        (json!({"extra_info": {"answer": "5", "index": 3}}), vec!["5"]),
        (
            json!({"reward_model": {"ground_truth": "5"}, "extra_info": {"answer": "2 + 3 = 5 #### 5"}}),
            vec!["5"],
        ),
        (json!({"answer": ["5", "five", "5"]}), vec!["5", "five"]),
        (json!({"answers": ["5", "five"]}), vec!["5", "five"]),
        (json!({"answer": "5", "answers": ["five", "5"]}), vec!["5", "five"]),
        (json!({"ground_truth": ["5", "five"]}), vec!["5", "five"]),
        (json!({"answer": "5", "ground_truth": 5}), vec!["5"]),
        (json!({"answer": "5", "solution": "Two and three make \\boxed{5}."}), vec!["5"]),
        (json!({"answer": "", "ground_truth": "5"}), vec!["5"]),
        (json!({"answer": "5", "alternatives": ["five"]}), vec!["5", "five"]),
    ] {
        let mut asking = row.clone();
        asking["question"] = json!("2 + 3?");
        let problem = read(asking).unwrap_or_else(|error| panic!("{row}: {error}"));
        let all: Vec<&str> =
            std::iter::once(&problem.answer).chain(&problem.alternatives).map(String::as_str).collect();
        assert_eq!(all, expected, "{row}");
    }
}

/// Each row is refused with its file, its line and the words that are listed.
#[test]
fn what_would_be_left_unread_or_guessed_refuses_the_row_by_name() {
    let q = || user(json!("q"));
    for (row, named) in [
        // Marks and images that do not agree.
        (json!({"question": "<image> and <image>", "images": ["a.png"]}), &["2 times", "gives 1 images"][..]),
        (json!({"question": "<image>", "images": ["a.png", "b.png"]}), &["1 times", "gives 2 images"]),
        (json!({"question": "<image> q"}), &["gives no image", "\"image_places\": []"]),
        (
            json!({"question": "<image 1> <image 1>", "images": ["a.png", "b.png"]}),
            &["name every image", "once"],
        ),
        (json!({"question": "<image 3> <image 1>", "images": ["a.png", "b.png"]}), &["from 1 to 2"]),
        (json!({"question": "[IMAGE] q", "images": ["a.png"]}), &["[image]", "write <image>"]),
        (
            json!({"messages": [user(json!([{"type": "image"}, text("<image>")]))], "images": ["a.png", "b.png"]}),
            &["1 images as parts and 1 by marks"],
        ),
        (
            json!({"messages": [user(json!([{"type": "image"}, text("q")]))]}),
            &["1 images without a path", "lists 0"],
        ),
        (
            json!({"question": "q", "images": ["a.png"], "image_places": [2]}),
            &["\"image_places\"", "at most the length"],
        ),
        (
            json!({"question": "q", "images": ["a.png"], "image_places": [0, 1]}),
            &["\"image_places\"", "1 images"],
        ),
        (
            json!({"question": "q", "images": ["a.png"], "image_places": "0"}),
            &["\"image_places\"", "list of numbers"],
        ),
        (json!({"messages": [q()], "image_places": [0]}), &["\"image_places\"", "\"messages\""]),
        // Two fields for one thing.
        (json!({"question": "q", "prompt": "other"}), &["\"question\" and \"prompt\"", "data.ignore_fields"]),
        (json!({"question": "q", "ground_truth": "6"}), &["\"answer\" and \"ground_truth\""]),
        (json!({"question": "q", "solution": "It is 6."}), &["\"answer\" and \"solution\""]),
        (json!({"question": "q", "image": "a.png", "images": ["b.png"]}), &["\"images\" and \"image\""]),
        (
            json!({"system": "s", "messages": [{"role": "system", "content": "t"}, q()]}),
            &["system message", "differ"],
        ),
        // Fields that look like a prompt, an answer or an image.
        (json!({"question": "q", "query": "q"}), &["\"query\" looks like a prompt"]),
        (json!({"question": "q", "conversations": []}), &["\"conversations\" looks like a prompt"]),
        (json!({"question": "q", "expected_answer": "5"}), &["\"expected_answer\" looks like an answer"]),
        (json!({"question": "q", "Images": ["a.png"]}), &["\"Images\"", "\"images\""]),
        (json!({"question": "q", "img": "x"}), &["\"img\" looks like an image"]),
        (json!({"question": "q", "image_1": {"path": "x"}}), &["\"image_1\" looks like an image"]),
        (json!({"question": "q", "diagram": "a.png"}), &["\"diagram\" looks like an image"]),
        (
            json!({"question": "q", "diagram": {"bytes": "iVBOR", "path": "x.png"}}),
            &["\"diagram\" looks like an image"],
        ),
        (
            json!({"question": "q", "extra": {"shown": ["data:image/png;base64,iVBOR"]}}),
            &["\"extra\" looks like an image"],
        ),
        (json!({"question": "q", "videos": ["v.mp4"]}), &["\"videos\"", "video and sound"]),
        // Images that are no files, or have settings that are not read.
        (
            json!({"question": "q", "images": [{"bytes": "iVBOR", "path": "a.png"}]}),
            &["\"images\"", "data.image_cache"],
        ),
        (json!({"question": "q", "images": ["data:image/png;base64,iVBOR"]}), &["data.image_cache"]),
        (json!({"question": "q", "images": [{"bytes": "iVBOR", "url": "a.png"}]}), &["\"bytes\"", "\"url\""]),
        (json!({"question": "q", "images": [{"bytes": [137, 80]}]}), &["base64", "an array"]),
        (
            json!({"question": "q", "images": [{"path": "a.png", "resized_height": 28}]}),
            &["\"resized_height\"", "not read"],
        ),
        (json!({"question": "q", "images": ["a.png\u{0}"]}), &["no image file"]),
        (
            json!({"messages": [user(json!([{"type": "image_url", "image_url": {"url": "a.png", "detail": "low"}}, text("q")]))]}),
            &["\"detail\""],
        ),
        (
            json!({"messages": [user(json!([{"type": "input_image", "path": "a.png"}]))]}),
            &["type \"input_image\""],
        ),
        (
            json!({"messages": [user(json!([{"type": "image", "min_pixels": 4}, text("q")]))], "images": ["a.png"]}),
            &["\"min_pixels\"", "without a path"],
        ),
        // Conversations that are not questions.
        (json!({"messages": [q(), assistant("a")]}), &["ends in an assistant turn"]),
        (json!({"messages": [assistant("a"), q()]}), &["begins with an assistant turn"]),
        (json!({"messages": [q(), q()]}), &["two user turns in a row"]),
        (json!({"messages": [q(), {"role": "system", "content": "s"}]}), &["only one system message"]),
        (json!({"messages": [q(), {"role": "tool", "content": "s"}]}), &["role \"tool\""]),
        (json!({"messages": [{"role": "user", "content": "q", "tool_calls": [1]}]}), &["\"tool_calls\""]),
        (json!({"messages": [{"role": "user", "content": null}]}), &["content must be"]),
        (json!({"messages": "no JSON"}), &["not JSON"]),
        (json!({"messages": r#"[{"role": "user", "role": "assistant"}]"#}), &["\"role\" stands twice"]),
        (json!({"messages": []}), &["0 user turns"]),
        (json!({"prompt": {"text": "q"}}), &["\"prompt\" must be a string or an array"]),
        (json!({"question": "q", "history": [["q", "a"]]}), &["\"history\"", "\"role\""]),
        (json!({"text": "q"}), &["unknown row shape", "\"question\""]),
    ] {
        let complaint = match read(answered(row.clone())) {
            Err(complaint) => complaint,
            Ok(problem) => panic!("{row} is read as {problem:?}"),
        };
        assert!(complaint.contains("rows.jsonl, line 1: "), "{complaint}");
        for name in named {
            assert!(complaint.contains(name), "{row}: {complaint}");
        }
    }
}

#[test]
fn what_looks_like_the_same_thing_once_more_is_no_reason_to_refuse() {
    for row in [
        json!({"question": "q", "problem": "q"}),
        json!({"question": "q", "image": "a.png", "images": ["a.png"], "file_name": "a.png"}),
        json!({"question": "q", "query": null, "image_1": null, "videos": null}),
        json!({"question": "q", "image_id": 7, "notes": "see diagram.png", "level": "hard"}),
        json!({"question": "1 < image > 0, an <imagenet> of it", "images": []}),
    ] {
        read(answered(row.clone())).unwrap_or_else(|error| panic!("{row}: {error}"));
    }
}

#[test]
fn an_instruction_that_the_data_brings_is_taken_off_and_counted() {
    let folder = folder();
    let row = |question: &str| {
        let parts = json!([{"type": "image", "image": "a.png"}, text(question)]);
        json!({"message": json!([user(parts)]).to_string(), "answer": "5"})
    };
    let rows = [row("How many?\nReason, then \\boxed{}. "), row("How many?")];
    let options = |suffixes: &[&str]| ReadOptions {
        strip_suffix: suffixes.iter().map(|&suffix| suffix.to_owned()).collect(),
        must_occur: true,
        ..ReadOptions::default()
    };
    let stripped = read_with(folder.path(), &rows, options(&["\nReason, then \\boxed{}."])).unwrap();
    assert!(stripped.iter().all(|problem| asked(problem) == "[a]How many?"), "{stripped:?}");
    let loaded =
        load_problems(&folder.path().join("rows.jsonl"), options(&["Reason, then \\boxed{}."])).unwrap();
    assert!(loaded.notes[0].contains("1 of 2 questions"), "{:?}", loaded.notes);
    let useless = read_with(folder.path(), &rows, options(&["Think hard."])).unwrap_err();
    assert!(useless.contains("none of the 2 questions") && useless.contains("Think hard."), "{useless}");
    let lenient = ReadOptions { must_occur: false, ..options(&["Think hard."]) };
    assert_eq!(read_with(folder.path(), &rows, lenient).unwrap().len(), 2);
    // An image behind the instruction stands behind the question then.
    let late = json!({"question": "How many? Box it.<image>", "images": ["a.png"], "answer": "5"});
    let problems = read_with(folder.path(), &[late], options(&["Box it."])).unwrap();
    assert_eq!(asked(&problems[0]), "How many?[a]");
}

#[test]
fn fields_can_be_ignored_and_images_can_lie_elsewhere() {
    let folder = folder();
    let elsewhere = TempDir::new().unwrap();
    let row = json!({"question": "q", "answer": "5", "solution": "six", "query": "x", "images": ["a.png"]});
    let options = ReadOptions {
        ignore_fields: vec!["solution".into(), "query".into()],
        image_root: Some(folder.path().to_owned()),
        must_occur: true,
        ..ReadOptions::default()
    };
    let problems = read_with(elsewhere.path(), std::slice::from_ref(&row), options.clone()).unwrap();
    assert_eq!(problems[0].images[0].path, folder.path().join("a.png"));
    assert!(problems[0].columns.is_empty(), "{:?}", problems[0].columns);
    let refused = read_with(folder.path(), std::slice::from_ref(&row), BadRows::Refuse).unwrap_err();
    assert!(refused.contains("data.ignore_fields"), "{refused}");
    let ignore_fields = vec!["solution".into(), "query".into(), "nothing".into()];
    let options = ReadOptions { ignore_fields, ..options };
    assert!(read_with(elsewhere.path(), &[row], options).unwrap_err().contains("\"nothing\""));
}

/// What is written is read back from another directory: same text, same places, same answers.
#[test]
fn a_written_problem_is_read_back_from_anywhere() {
    let (folder, elsewhere) = (folder(), TempDir::new().unwrap());
    let rows = [
        json!({"question": "a<image>b", "images": [{"path": "a.png", "max_pixels": 64}], "answer": ["1", "2"], "tests": [1]}),
        json!({"messages": [{"role": "system", "content": "s"}, user(json!("x <image>")), assistant("y"), user(json!("z"))],
            "images": ["b.png"], "answer": "3", "dataset": "d"}),
        json!({"question": "literal <image>", "image_places": [], "answer": "4"}),
        json!({"question": "first", "images": ["a.png", "b.png"], "answer": "5"}),
    ];
    let problems = read_with(folder.path(), &rows, BadRows::Refuse).unwrap();
    let written: Vec<Value> = problems.iter().map(|problem| Value::Object(problem.to_row())).collect();
    assert_eq!(read_with(elsewhere.path(), &written, BadRows::Refuse).unwrap(), problems);
    assert!(written[3].get("image_places").is_none());
}

#[test]
fn hostile_lines_are_named_and_cost_only_themselves() {
    let folder = folder();
    let file = folder.path().join("rows.jsonl");
    let good = |n: usize| format!("{{\"question\": \"q\", \"answer\": {n}}}");
    let deep =
        format!("{{\"question\": \"q\", \"answer\": 1, \"x\": {}{}}}", "[".repeat(200), "]".repeat(200));
    let long = format!("{{\"question\": \"{}\", \"answer\": 1}}", "x".repeat(17 << 20));
    let bad: [(&str, &str); 9] = [
        ("{\"question\": \"q\", \"answer\": 1, \"answer\": 2}", "\"answer\" stands twice"),
        ("{\"question\": \"q\", \"answer\": NaN}", "NaN and Infinity"),
        ("{\"question\": \"q\", \"answer\": \"\\udc00\"}", "surrogate"),
        ("{\"question\": \"q\u{0}\", \"answer\": 1}", "control character"),
        ("{\"question\": \"q\", \"answer\": 1} trailing", "trailing characters"),
        ("{\"question\": \"q\", \"answer\": 123456789012345678901234567890}", "write it as a string"),
        ("{\"question\": \"q\", \"answer\": 1, \"id\": 99999999999999999999}", "write it as a string"),
        (&deep, "deeper than 128 levels"),
        (&long, "longer than 16 MiB"),
    ];
    let mut content = String::from("\u{feff}");
    for (number, (line, _)) in bad.iter().enumerate() {
        content += &format!("{}\r\n{line}\r\n", good(number));
    }
    fs::write(&file, content).unwrap();
    let loaded = load_problems(&file, BadRows::Skip).unwrap();
    assert_eq!((loaded.problems.len(), loaded.skipped.len()), (bad.len(), bad.len()));
    for (number, ((_, expected), message)) in bad.iter().zip(&loaded.skipped).enumerate() {
        assert!(message.contains(&format!("rows.jsonl, line {}: ", 2 * number + 2)), "{message}");
        assert!(message.contains(expected), "{expected}: {message}");
    }
    let exact = read(json!({"question": "q", "answer": 9007199254740993_i64, "id": u64::MAX})).unwrap();
    assert_eq!((exact.answer.as_str(), exact.id.as_str()), ("9007199254740993", "18446744073709551615"));
}

/// Prompts, images and their order are those of transformers' `apply_chat_template` on the same parts
/// (`tests/oracle/interleaved_chats.py`).
#[test]
fn interleaved_rows_are_rendered_as_transformers_renders_them() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/interleaved_chats.json");
    let fixture: Value = serde_json::from_slice(&fs::read(fixture).unwrap()).unwrap();
    let folder = TempDir::new().unwrap();
    image::RgbImage::new(28, 28).save(folder.path().join("a.png")).unwrap();
    image::RgbImage::new(56, 28).save(folder.path().join("b.png")).unwrap();
    let model = |template: Option<&str>| {
        let directory = TempDir::new().unwrap();
        for name in [
            "tokenizer.json",
            "tokenizer_config.json",
            "preprocessor_config.json",
            "generation_config.json",
            "chat_template.jinja",
        ] {
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/tiny-vl").join(name);
            fs::copy(source, directory.path().join(name)).unwrap();
        }
        if let Some(template) = template {
            fs::write(directory.path().join("chat_template.jinja"), template).unwrap();
        }
        Processor::from_dir(directory.path()).unwrap()
    };
    let processors = [("own", model(None)), ("numbered", model(fixture["numbered_template"].as_str()))];
    let grid = |name: &str| {
        let image = ImageRef::from(folder.path().join(name));
        processors[0].1.image().unwrap().load(&image).unwrap().grid_thw
    };
    assert_ne!(grid("a.png"), grid("b.png"));
    let cases = fixture["cases"].as_array().unwrap();
    assert!(cases.len() >= 7);
    for case in cases {
        let row = answered(case["row"].clone());
        let problem =
            read_with(folder.path(), std::slice::from_ref(&row), BadRows::Refuse).unwrap().remove(0);
        let expected: Vec<_> =
            case["images"].as_array().unwrap().iter().map(|name| grid(name.as_str().unwrap())).collect();
        for (name, processor) in &processors {
            let prompt = processor.prompt(&problem).unwrap();
            assert_eq!(prompt.text, case[name].as_str().unwrap(), "{row}");
            let shown: Vec<_> = prompt.input.images.iter().map(|image| image.grid_thw).collect();
            assert_eq!(shown, expected, "{row}");
        }
        // A question about an answer shows the same images at the same places.
        let item = JudgePrompts::built_in()
            .pointwise(&problem.question, "7", false, 0)
            .problem(&problem, "item".into());
        let judged = processors[0].1.prompt(&item).unwrap();
        let asked =
            case["own"].as_str().unwrap().strip_suffix("<|im_end|>\n<|im_start|>assistant\n").unwrap();
        assert!(judged.text.starts_with(asked), "{}", judged.text);
        assert_eq!(judged.input.images.len(), expected.len());
    }
}

/// The images of a row in words: which names, under which field, at which places of the text.
#[derive(Debug, Clone)]
struct Drawn {
    question: usize,
    field: usize,
    /// Texts with an image behind each but the last.
    texts: Vec<String>,
    /// Marks or parts that the row shows too many or too few.
    surplus: i64,
    form: usize,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let texts = prop::collection::vec("[a-zé \n<>|]{0,6}", 1..5);
    (0..5usize, 0..4usize, texts, prop::sample::select(vec![0, 0, 0, 1, -1]), 0..3usize)
        .prop_map(|(question, field, texts, surplus, form)| Drawn { question, field, texts, surplus, form })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// No image is ever dropped, added or moved: a row is read with each of its images at its place, or refused.
    #[test]
    fn every_image_of_a_row_is_shown_once_or_the_row_is_refused(drawn in drawn()) {
        let Drawn { question, field, mut texts, surplus, form } = drawn;
        texts[0].insert(0, 'Q');
        let field = ["image", "images", "image_path", "image_paths"][field];
        let question = ["question", "problem", "prompt", "message", "messages"][question];
        let names: Vec<&str> = ["a.png", "b.png", "c.png"].into_iter().cycle().take(texts.len() - 1).collect();
        let chat = matches!(question, "message" | "messages") || question == "prompt" && form == 2;
        let listed = names.len().saturating_add_signed(surplus as isize);
        let listed: Vec<&str> = names.iter().copied().chain(["a.png"]).take(listed).collect();
        let what = match (chat, form) {
            (false, _) => json!(texts.join("<image>")),
            (true, 0) => json!([user(json!(texts.join("<image>")))]),
            (true, _) => {
                let mut parts = vec![text(&texts[0])];
                for after in &texts[1..] {
                    parts.extend([json!({"type": "image"}), text(after)]);
                }
                json!([user(json!(parts))])
            }
        };
        let row = answered(json!({question: what, field: listed}));
        let shown = listed.len() == names.len() || names.is_empty();
        match read(row.clone()) {
            Ok(problem) => {
                prop_assert!(shown, "{} is read as {:?}", row, problem);
                let name = |image: &str| format!("[{}]", &image[..1]);
                let expected: String = match names.is_empty() {
                    true => listed.iter().map(|image| name(image)).chain([texts[0].clone()]).collect(),
                    false => texts.iter().enumerate().map(|(place, text)| {
                        text.clone() + &names.get(place).map(|image| name(image)).unwrap_or_default()
                    }).collect(),
                };
                prop_assert_eq!(asked(&problem), expected, "{}", row);
                prop_assert_eq!(problem.all_images().count(), listed.len());
            }
            Err(complaint) => prop_assert!(!shown, "{}: {}", row, complaint),
        }
    }
}
