//! Templates as files of a model directory, and what they can use.

use anyhow::Result;
use serde_json::{Value, json};

use super::{ChatTemplate, TemplateArguments, messages};

fn directory(files: &[(&str, String)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(directory.path().join(name), content).unwrap();
    }
    directory
}

fn render(template: &str, messages: &[Value]) -> Result<String> {
    let directory = directory(&[("chat_template.jinja", template.into())]);
    ChatTemplate::from_dir(directory.path())?.render(messages)
}

#[test]
fn the_first_file_that_has_a_template_counts() {
    let json = |text: &str| json!({"chat_template": text}).to_string();
    let files = [
        ("tokenizer_config.json", json("third")),
        ("chat_template.json", json("second")),
        ("chat_template.jinja", "first".to_owned()),
    ];
    for (count, expected) in [(1, "third"), (2, "second"), (3, "first")] {
        let directory = directory(&files[..count]);
        assert_eq!(ChatTemplate::from_dir(directory.path()).unwrap().render(&[]).unwrap(), expected);
    }
}

#[test]
fn of_several_named_templates_the_default_counts() {
    let named = json!([{"name": "tool_use", "template": "a"}, {"name": "default", "template": "b"}]);
    let directory = directory(&[("tokenizer_config.json", json!({"chat_template": named}).to_string())]);
    assert_eq!(ChatTemplate::from_dir(directory.path()).unwrap().render(&[]).unwrap(), "b");
}

#[test]
fn without_one_the_directory_is_refused() {
    let directory = directory(&[("tokenizer_config.json", "{}".into())]);
    let message = ChatTemplate::from_dir(directory.path()).err().unwrap().to_string();
    assert!(message.contains("add chat_template.jinja"), "{message}");
}

#[test]
fn blocks_are_trimmed_and_python_methods_work() {
    let template = "{% for m in messages %}\n  {% if m.content.startswith('q') %}\n[{{ m['content'].strip() }}]\n  {% endif %}\n{% endfor %}\n{% if add_generation_prompt %}A:{% endif %}\n";
    assert_eq!(render(template, &messages(None, "q  ", 0)).unwrap(), "[q]\nA:");
}

#[test]
fn templates_may_count_images_and_insert_a_system_message() {
    let template = "{% set count = namespace(value=0) %}{% for m in messages %}\
        {% if loop.first and m['role'] != 'system' %}S:none {% endif %}\
        {% if m['content'] is string %}{{ m['content'] }}{% else %}{% for part in m['content'] %}\
        {% if part['type'] == 'image' or 'image_url' in part %}{% set count.value = count.value + 1 %}\
        {% if add_vision_id %}no{% endif %}<{{ count.value }}>\
        {%- elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}{% endfor %}\
        {%- if tools %}no{% endif %}";
    assert_eq!(render(template, &messages(None, "q", 2)).unwrap(), "S:none <1><2>q");
}

#[test]
fn special_tokens_can_be_referred_to() {
    let config = json!({
        "bos_token": "<s>", "eos_token": {"content": "</s>", "special": true}, "pad_token": null,
        "chat_template": "{{ bos_token }}{{ eos_token }}{{ pad_token }}",
    });
    let directory = directory(&[("tokenizer_config.json", config.to_string())]);
    assert_eq!(ChatTemplate::from_dir(directory.path()).unwrap().render(&[]).unwrap(), "<s></s>");
}

#[test]
fn what_a_template_raises_reaches_the_user() {
    let message = render("{{ raise_exception('no system role') }}", &[]).unwrap_err().to_string();
    assert!(message.contains("chat_template.jinja") && message.contains("no system role"), "{message}");
    let endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
    assert!(render(endless, &[]).unwrap_err().to_string().contains("chat template failed"));
    let message = render("{% if %}", &[]).err().unwrap().to_string();
    assert!(message.contains("invalid chat template"), "{message}");
    let message = render("{% macro f() %}{{ varargs }}{% endmacro %}", &[]).unwrap_err().to_string();
    assert!(message.contains("varargs is not supported"), "{message}");
}

/// A template over other variables than messages.
fn rendered_with(template: &str, variables: &Value) -> Result<String, String> {
    let directory = directory(&[("chat_template.jinja", template.into())]);
    let template = ChatTemplate::from_dir(directory.path()).map_err(|error| error.to_string())?;
    template.program.run(variables).map_err(|error| error.to_string())
}

/// tests/oracle/chat_templates.py wrote what Jinja2 makes of them.
#[test]
fn templates_give_what_jinja_gives_or_are_refused() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/chat_templates.json");
    let fixture: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let cases = fixture["cases"].as_array().unwrap();
    assert!(cases.len() > 140);
    for case in cases {
        let template = case["template"].as_str().unwrap();
        let ours = rendered_with(template, &fixture["variables"]);
        match (case["expected"].as_str(), &ours) {
            (Some(expected), Ok(ours)) => assert_eq!(ours, expected, "{template}"),
            (None, Err(message)) => assert!(!message.is_empty(), "{template}"),
            (expected, _) => panic!("{template}: {ours:?}, and Jinja2 gives {expected:?}"),
        }
    }
}

#[test]
fn a_template_that_makes_too_much_text_is_refused_by_name() {
    let doubling = |double: &str| {
        format!(
            "{{% set ns = namespace(s='ab') %}}{{% for i in range(40) %}}{double}{{% endfor %}}{{{{ ns.s }}}}"
        )
    };
    let captured = "{% set x %}{{ ns.s }}{{ ns.s }}{% endset %}{% set ns.s = x %}";
    let large = |rest: &str| format!("{{% set a = 'x' * n * 1000000 %}}{rest}");
    let templates = [
        doubling("{% set ns.s = ns.s ~ ns.s %}"),
        doubling("{% set ns.s = ns.s + ns.s %}"),
        doubling("{% set ns.s = ns.s.replace('a', 'ab').replace('b', 'ab') %}"),
        doubling("{% set ns.s = [ns.s, ns.s] | join %}"),
        doubling("{% set ns.s = '%s%s' % (ns.s, ns.s) %}"),
        doubling("{% set ns.s = '{0}{0}'.format(ns.s) %}"),
        doubling("{% set ns.s = [ns.s, ns.s] | tojson %}"),
        doubling("{% set ns.s = [ns.s, ns.s] %}"),
        doubling(captured),
        large("{{ a.replace('x', a) }}"),
        large("{{ a | replace('x', a) }}"),
        large("{{ a * 1000 }}"),
        large("{{ ([a] * 1000) | join(a) }}"),
        "{{ 'a\nb' | indent(n * 100000000) }}{{ 'a'.center(n * 1000000000) }}".to_owned(),
        "{{ '%999999999d' % n }}".to_owned(),
        format!(
            "{{% for a in range(99999) %}}{{% for b in range(99999) %}}{}{{% endfor %}}{{% endfor %}}",
            "raw ".repeat(99)
        ),
    ];
    for template in templates {
        let message = rendered_with(&template, &json!({"n": 1})).unwrap_err();
        assert!(message.contains("MiB") || message.contains("more than 1000"), "{template}: {message}");
    }
    let long = "long ".repeat(100_000);
    assert_eq!(rendered_with("{{ text | trim ~ '!' }}", &json!({"text": long})).unwrap().len(), 500_000);
}

#[test]
fn arguments_reach_the_template_and_one_that_it_does_not_mention_is_refused() {
    let template = "{{ bos_token }}{% if enable_thinking is defined and not enable_thinking %}[no thoughts]{% endif %}\
        {% set effort = effort | default('low') %}{{ effort }}{{ strftime_now('%d %b %Y') }}";
    let directory = directory(&[("chat_template.jinja", template.into())]);
    let with = |settings: &[&str]| {
        let settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let arguments = TemplateArguments::from_settings(&settings, "--template-argument ").unwrap();
        ChatTemplate::from_dir(directory.path()).unwrap().with_arguments(&arguments)
    };
    let text = |settings: &[&str]| with(settings).unwrap().render(&[]).unwrap();
    assert_eq!(text(&["strftime_now=2024-07-26"]), "low26 Jul 2024");
    let changes = |settings: &[&str]| with(settings).unwrap().shows_todays_date();
    assert_eq!([changes(&[]), changes(&["strftime_now=2024-07-26"])], [true, false]);
    let given = ["enable_thinking=false", "effort=high", "strftime_now='2024-07-26'", "bos_token=<s>"];
    assert_eq!(text(&given), "<s>[no thoughts]high26 Jul 2024");
    assert_eq!(text(&["enable_thinking=true", "strftime_now=2024-07-26 10:00:00"]), "low26 Jul 2024");
    let refusal = |setting: &str| with(&[setting]).err().unwrap().to_string();
    for unknown in ["enable_thinkin=false", "messages=[]", "add_generation_prompt=false", "raise_exception=1"]
    {
        let message = refusal(unknown);
        let name = unknown.split('=').next().unwrap();
        assert!(message.contains(&format!("--template-argument {name}: ")), "{message}");
        assert!(message.contains("it takes effort, enable_thinking, strftime_now"), "{message}");
    }
    assert!(refusal("strftime_now=yesterday").contains("expected a date"));
}

#[test]
fn a_conversation_that_is_over_has_no_turn_to_come() {
    let directory = directory(&[("chat_template.jinja", "{{ add_generation_prompt }}".into())]);
    let template = ChatTemplate::from_dir(directory.path()).unwrap();
    assert_eq!([template.render(&[]).unwrap(), template.render_whole(&[]).unwrap()], ["True", "False"]);
}
