//! The token with which a chat template ends an assistant's turn: what a model that follows the template says last.

use serde_json::{Value, json};

use super::{template::ChatTemplate, tokenizer::Tokenizer};

/// Texts that no template has, so that they are found again.
const QUESTION: &str = "spark-asks-this";
const ANSWER: &str = "spark-answers-that";

/// The id of the token that follows an assistant's text in a rendered conversation, with nothing but blanks between
/// them. `None` where the template ends turns with plain text or not at all, or refuses such a conversation.
pub(super) fn end_of_turn(template: &ChatTemplate, tokenizer: &Tokenizer) -> Option<u32> {
    let plain: fn(&str) -> Value = |text| json!(text);
    let parts: fn(&str) -> Value = |text| json!([{"type": "text", "text": text}]);
    // Templates take the text as it is, or as a list of parts.
    [plain, parts].into_iter().find_map(|content| {
        let said = |role: &str, text: &str| json!({"role": role, "content": content(text)});
        let messages = [said("user", QUESTION), said("assistant", ANSWER)];
        let text = template.render_whole(&messages).ok()?;
        let (_, after) = text.rsplit_once(ANSWER)?;
        tokenizer.added_token_at(after.trim_start())
    })
}

#[cfg(test)]
mod tests {
    use super::{super::testing, *};

    fn found(template: &str) -> Option<u32> {
        let directory = tempfile::tempdir().unwrap();
        let tokenizer = directory.path().join("tokenizer.json");
        testing::write_tokenizer(&tokenizer);
        std::fs::write(directory.path().join("chat_template.jinja"), template).unwrap();
        let template = ChatTemplate::from_dir(directory.path()).unwrap();
        end_of_turn(&template, &Tokenizer::from_file(&tokenizer).unwrap())
    }

    #[test]
    fn it_is_the_token_behind_the_assistants_text() {
        let each = |end: &str| {
            format!(
                "{{% for m in messages %}}<|im_start|>{{{{ m.role }}}}\n{{{{ m.content }}}}{end}{{% endfor %}}"
            )
        };
        assert_eq!(found(&each("<|im_end|>\n")), Some(testing::IM_END));
        assert_eq!(found(&each("\n<|endoftext|>")), Some(testing::END_OF_TEXT));
        for without in ["", "\n", "\n\n###\n", " The end. <|im_end|>"] {
            assert_eq!(found(&each(without)), None, "{without:?}");
        }
    }

    #[test]
    fn templates_may_take_parts_and_refuse_assistants() {
        let parts =
            "{% for m in messages %}{% for p in m.content %}{{ p.text }}{% endfor %}<|im_end|>{% endfor %}";
        assert_eq!(found(parts), Some(testing::IM_END));
        let refusing = "{% if messages[-1].role != 'user' %}{{ raise_exception('no') }}{% endif %}<|im_end|>";
        assert_eq!(found(refusing), None);
        let users = "{% for m in messages if m.role == 'user' %}{{ m.content }}<|im_end|>{% endfor %}";
        assert_eq!(found(users), None);
        let twice =
            "{% for m in messages %}{{ m.content }}<|vision_end|>{{ m.content }}<|im_end|>{% endfor %}";
        assert_eq!(found(twice), Some(testing::IM_END), "the last counts");
    }
}
