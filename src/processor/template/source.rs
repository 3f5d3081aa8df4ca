//! Where a model directory has its chat template, and what of its source is rewritten before it is compiled.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use super::super::files::read_json;
use crate::error::input_error;

/// The template of a directory and the file it is in: `chat_template.jinja`, `chat_template.json` or
/// `tokenizer_config.json`, the first that has one.
///
/// # Errors
/// When none has one.
pub(super) fn find(directory: &Path, tokenizer_config: &Value) -> Result<(PathBuf, String)> {
    let jinja = directory.join("chat_template.jinja");
    if jinja.is_file() {
        let source = std::fs::read_to_string(&jinja)
            .map_err(|error| input_error(format!("cannot read {}: {error}", jinja.display())))?;
        return Ok((jinja, source));
    }
    let own_file = directory.join("chat_template.json");
    if let Some(source) = read_json(&own_file)?.as_ref().and_then(source_in) {
        return Ok((own_file, source));
    }
    if let Some(source) = source_in(tokenizer_config) {
        return Ok((directory.join("tokenizer_config.json"), source));
    }
    Err(input_error(format!(
        "{} has no chat template; add chat_template.jinja from the model's repository",
        directory.display()
    )))
}

/// The field `chat_template`: a text, or a list of named ones, of which the default counts.
fn source_in(config: &Value) -> Option<String> {
    let template = config.get("chat_template")?;
    let default =
        || template.as_array()?.iter().find(|entry| entry["name"] == "default")?["template"].as_str();
    template.as_str().or_else(default).map(str::to_owned)
}

/// The source with line ends as Jinja2 reads them, and with `{% with %}` for `{% generation %}`, by which transformers
/// marks what an assistant has written: the output is the same, and what is set inside is not seen outside.
///
/// `{%- generation %}a{% endgeneration -%}` becomes `{%- with %}a{% endwith -%}`.
pub(super) fn prepared(source: &str) -> String {
    let source = source.replace("\r\n", "\n").replace('\r', "\n");
    let mut prepared = String::with_capacity(source.len());
    let mut rest = source.as_str();
    while let Some(start) = rest.find("{%").into_iter().chain(rest.find("{#")).chain(rest.find("{{")).min() {
        prepared.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = match &rest[..2] {
            "{#" => rest.find("#}").map(|end| end + 2),
            "{%" => end_outside_quotes(rest, "%}"),
            _ => end_outside_quotes(rest, "}}"),
        };
        let (tag, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        match block_name(tag) {
            Some(name @ ("generation" | "endgeneration")) => {
                let plain = if name == "generation" { "with" } else { "endwith" };
                prepared.push_str(&tag.replacen(name, plain, 1));
            }
            Some("raw") => {
                prepared.push_str(tag);
                let end = raw_end(rest);
                prepared.push_str(&rest[..end]);
                rest = &rest[end..];
            }
            _ => prepared.push_str(tag),
        }
    }
    prepared + rest
}

/// The first word of a block that holds nothing else.
fn block_name(tag: &str) -> Option<&str> {
    let inner = tag.strip_prefix("{%")?.strip_suffix("%}")?;
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    Some(inner.strip_suffix(['-', '+']).unwrap_or(inner).trim())
}

/// Where a tag ends; texts in quotes may hold what looks like its end.
fn end_outside_quotes(tag: &str, end: &str) -> Option<usize> {
    let mut quote = None;
    let mut is_escaped = false;
    for (place, character) in tag.char_indices().skip(2) {
        match quote {
            _ if is_escaped => is_escaped = false,
            Some(_) if character == '\\' => is_escaped = true,
            Some(open) if character == open => quote = None,
            Some(_) => (),
            None if tag[place..].starts_with(end) => return Some(place + end.len()),
            None if matches!(character, '"' | '\'') => quote = Some(character),
            None => (),
        }
    }
    None
}

/// The end of a raw block's content.
fn raw_end(rest: &str) -> usize {
    let ends = rest.match_indices("{%").map(|(place, _)| place);
    let is_end = |&place: &usize| {
        let inner = rest[place + 2..].trim_start_matches(['-', '+']).trim_start();
        inner.starts_with("endraw")
    };
    ends.into_iter().find(is_end).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generation_blocks_become_blocks_without_effect() {
        let cases = [
            ("{% generation %}x{% endgeneration %}", "{% with %}x{% endwith %}"),
            ("{%-generation-%} x {%+ endgeneration +%}", "{%-with-%} x {%+ endwith +%}"),
            ("{# {% generation %} #}", "{# {% generation %} #}"),
            ("{% raw %}{% generation %}{% endraw %}", "{% raw %}{% generation %}{% endraw %}"),
            ("{{ '{% generation %}' }}", "{{ '{% generation %}' }}"),
            (
                "{{ \"it's }} {% generation %}\" }}{% generation %}",
                "{{ \"it's }} {% generation %}\" }}{% with %}",
            ),
            ("{% set generation = 1 %}{{ generation }}", "{% set generation = 1 %}{{ generation }}"),
            ("a\r\nb\rc", "a\nb\nc"),
            ("{% unclosed", "{% unclosed"),
        ];
        for (source, expected) in cases {
            assert_eq!(prepared(source), expected);
        }
    }
}
