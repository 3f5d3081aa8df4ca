//! Whether a chat template shows what it is given: some know no system messages, some show nothing but the last turn. Of
//! what a template drops no prompt would tell.

use anyhow::Result;
use serde_json::{Value, json};

use super::template::ChatTemplate;

/// Whether prompts depend on a system message.
///
/// # Errors
/// When the template refuses conversations with one.
pub(super) fn shows_system(template: &ChatTemplate) -> Result<bool> {
    depends(template, |content, text| {
        vec![json!({"role": "system", "content": content(text)}), question(content)]
    })
}

/// Whether prompts depend on what was said before the question.
///
/// # Errors
/// When the template refuses conversations of several turns.
pub(super) fn shows_history(template: &ChatTemplate) -> Result<bool> {
    let mut shown = true;
    for changed in ["user", "assistant"] {
        shown &= depends(template, |content, text| {
            let turn = |role: &str| json!({"role": role, "content": content(if role == changed { text } else { "earlier" })});
            vec![turn("user"), turn("assistant"), question(content)]
        })?;
    }
    Ok(shown)
}

type TextForm = fn(&str) -> Value;

fn question(content: TextForm) -> Value {
    json!({"role": "user", "content": content("question")})
}

/// Whether two conversations that differ in one text make different prompts. Templates take a text as it is, or as a
/// list of parts.
fn depends(template: &ChatTemplate, conversation: impl Fn(TextForm, &str) -> Vec<Value>) -> Result<bool> {
    let prompts = |content: TextForm| -> Result<bool> {
        let prompt = |text: &str| template.render(&conversation(content, text));
        Ok(prompt("one")? != prompt("other")?)
    };
    let plain: TextForm = |text| json!(text);
    let parts: TextForm = |text| json!([{"type": "text", "text": text}]);
    match prompts(plain) {
        Ok(true) => Ok(true),
        found => prompts(parts).or(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> ChatTemplate {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("chat_template.jinja"), text).unwrap();
        ChatTemplate::from_dir(directory.path()).unwrap()
    }

    #[test]
    fn what_is_shown_dropped_and_refused_is_told_apart() {
        let all = template("{% for m in messages %}{{ m.role }}: {{ m.content | trim }}{% endfor %}");
        assert!(shows_system(&all).unwrap() && shows_history(&all).unwrap());
        let last = template("{{ messages[-1].content }}");
        assert!(!shows_system(&last).unwrap() && !shows_history(&last).unwrap());
        let users = template("{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}");
        assert!(!shows_system(&users).unwrap() && !shows_history(&users).unwrap());
        let parts =
            template("{% for m in messages %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endfor %}");
        assert!(shows_system(&parts).unwrap() && shows_history(&parts).unwrap());
        let refusing = template(
            "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}\
             {% for m in messages %}{{ m.content }}{% endfor %}",
        );
        let error = shows_system(&refusing).unwrap_err();
        assert!(format!("{error:#}").contains("System role not supported"), "{error:#}");
        assert!(shows_history(&refusing).unwrap());
    }
}
