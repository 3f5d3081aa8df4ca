//! One module: what its tokens declare and which paths they name.

use std::collections::BTreeSet;

use crate::lexer::{Token, tokens};

/// One leaf of a `use` declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// As written, from its first segment on.
    pub path: Vec<String>,
    /// The name it has here; `*` for everything in a module.
    pub name: String,
    pub is_public: bool,
    pub line: usize,
}

/// A path of two or more segments in code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPath {
    pub path: Vec<String>,
    pub line: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub line: usize,
    /// Lines from `fn` to the closing brace.
    pub length: usize,
}

/// What a module's text says, without what is only compiled for tests.
#[derive(Debug, Clone, Default)]
pub struct Module {
    pub imports: Vec<Import>,
    pub paths: Vec<NamedPath>,
    /// Modules in files of their own.
    pub children: Vec<String>,
    /// Modules in braces.
    pub inline: Vec<(String, Module)>,
    /// The names of all items that are defined here.
    pub items: BTreeSet<String>,
    /// The names of types and traits that are defined here, with their lines.
    pub types: Vec<(String, usize)>,
    pub functions: Vec<Function>,
    /// All names in code, outside of `use` declarations.
    pub words: BTreeSet<String>,
}

impl Module {
    pub fn parse(text: &str) -> Self {
        Self::of_tokens(&without_tests(&tokens(text)))
    }

    fn of_tokens(tokens: &[Token]) -> Self {
        let mut module = Self::default();
        let (mut at, mut depth) = (0, 0usize);
        while at < tokens.len() {
            let token = &tokens[at];
            match token.text.as_str() {
                "{" => depth += 1,
                "}" => depth = depth.saturating_sub(1),
                "use" if !is_capture(tokens, at) => {
                    let end = skip_to_semicolon(tokens, at);
                    let is_public = has_visibility(tokens, at);
                    use_tree(&mut tokens[at + 1..end].iter().peekable(), &[], is_public, &mut module.imports);
                    at = end;
                }
                "mod" if depth == 0 && tokens.get(at + 2).is_some_and(|next| next.is(";")) => {
                    module.children.push(tokens[at + 1].text.clone());
                    at += 2;
                }
                "mod" if depth == 0 && tokens.get(at + 2).is_some_and(|next| next.is("{")) => {
                    let end = closing(tokens, at + 2);
                    let inner = Self::of_tokens(&tokens[at + 3..end]);
                    module.inline.push((tokens[at + 1].text.clone(), inner));
                    at = end;
                }
                _ => {
                    if depth == 0 {
                        module.item(tokens, at);
                    }
                    module.code(tokens, at);
                }
            }
            at += 1;
        }
        module
    }

    /// An item that begins with a keyword at `at`.
    fn item(&mut self, tokens: &[Token], at: usize) {
        let Some(name) = tokens.get(at + 1).filter(|next| next.is_name()) else {
            let is_macro =
                tokens[at].is("macro_rules") && tokens.get(at + 1).is_some_and(|next| next.is("!"));
            if let (true, Some(name)) = (is_macro, tokens.get(at + 2)) {
                self.items.insert(name.text.clone());
            }
            return;
        };
        match tokens[at].text.as_str() {
            "struct" | "enum" | "trait" | "type" => {
                self.items.insert(name.text.clone());
                self.types.push((name.text.clone(), name.line));
            }
            "fn" | "const" | "static" | "mut" => {
                self.items.insert(name.text.clone());
            }
            _ => {}
        }
    }

    /// A name in code: a word, a function, the first segment of a path.
    fn code(&mut self, tokens: &[Token], at: usize) {
        let token = &tokens[at];
        if !token.is_name() {
            return;
        }
        self.words.insert(token.text.clone());
        if token.is("fn") && tokens.get(at + 1).is_some_and(Token::is_name) {
            self.functions.extend(function(tokens, at));
        }
        let before = at.checked_sub(1).map(|before| tokens[before].text.as_str());
        if matches!(before, Some("." | "::")) {
            return;
        }
        let mut path = vec![token.text.clone()];
        let mut next = at + 1;
        while let [separator, segment, ..] = &tokens[next.min(tokens.len())..] {
            if !separator.is("::") || !segment.is_name() {
                break;
            }
            path.push(segment.text.clone());
            next += 2;
        }
        if path.len() > 1 {
            self.paths.push(NamedPath { path, line: token.line });
        }
    }
}

/// The leaves of a `use` tree.
fn use_tree<'a>(
    tokens: &mut std::iter::Peekable<impl Iterator<Item = &'a Token>>,
    prefix: &[String],
    is_public: bool,
    found: &mut Vec<Import>,
) {
    let mut path = prefix.to_vec();
    let mut line = 0;
    while let Some(token) = tokens.next() {
        line = token.line;
        match token.text.as_str() {
            "::" => {}
            "{" => {
                while tokens.peek().is_some_and(|next| !next.is("}")) {
                    use_tree(tokens, &path, is_public, found);
                }
                tokens.next();
                // What follows the group belongs to the tree around it.
                if tokens.peek().is_some_and(|next| next.is(",")) {
                    tokens.next();
                }
                return;
            }
            "," => break,
            "*" => path.push("*".to_owned()),
            "as" => {
                let name = tokens.next().map_or_else(String::new, |name| name.text.clone());
                if tokens.peek().is_some_and(|next| next.is(",")) {
                    tokens.next();
                }
                found.push(Import { path, name, is_public, line });
                return;
            }
            "self" if !prefix.is_empty() => {}
            name => path.push(name.to_owned()),
        }
        if tokens.peek().is_some_and(|next| next.is("}")) {
            break;
        }
    }
    if let Some(name) = path.last().cloned() {
        if name == "*" {
            path.pop();
        }
        found.push(Import { path, name, is_public, line });
    }
}

/// A function's name and length; `None` for one without a body.
fn function(tokens: &[Token], at: usize) -> Option<Function> {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        match token.text.as_str() {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            ";" if depth == 0 => return None,
            "{" if depth == 0 => {
                let end = tokens.get(closing(tokens, index)).or(tokens.last())?;
                let (name, line) = (tokens[at + 1].text.clone(), tokens[at].line);
                return Some(Function { name, line, length: end.line + 1 - line });
            }
            _ => {}
        }
    }
    None
}

/// Whether this `use` is the capture list `use<…>` of an `impl Trait`.
fn is_capture(tokens: &[Token], at: usize) -> bool {
    tokens.get(at + 1).is_some_and(|next| next.is("<"))
}

/// Whether `pub` or `pub(…)` stands before `at`.
fn has_visibility(tokens: &[Token], at: usize) -> bool {
    let before = &tokens[..at];
    match before.last() {
        Some(last) if last.is("pub") => true,
        Some(last) if last.is(")") => before
            .iter()
            .rposition(|token| token.is("("))
            .is_some_and(|open| open > 0 && before[open - 1].is("pub")),
        _ => false,
    }
}

fn skip_to_semicolon(tokens: &[Token], at: usize) -> usize {
    tokens[at..].iter().position(|token| token.is(";")).map_or(tokens.len(), |length| at + length)
}

/// The brace, bracket or parenthesis that closes the one at `open`.
fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index;
        }
    }
    tokens.len()
}

/// The tokens without items under `#[cfg(test)]`, `#[cfg(all(test, …))]` or `#[test]`.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !tokens[at].is("#") || !tokens.get(at + 1).is_some_and(|next| next.is("[")) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let end = closing(tokens, at + 1);
        let attribute: Vec<&str> = tokens[at + 2..end].iter().map(|token| token.text.as_str()).collect();
        let is_test = matches!(
            attribute[..],
            ["test"] | ["cfg", "(", "test", ")"] | ["cfg", "(", "all", "(", "test", ..]
        );
        at = end + 1;
        if is_test {
            at = after_item(tokens, at);
        }
    }
    kept
}

/// Where the item that begins at `at` ends, behind its brace or semicolon.
fn after_item(tokens: &[Token], mut at: usize) -> usize {
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            "{" => return closing(tokens, at) + 1,
            "(" | "[" => at = closing(tokens, at) + 1,
            ";" => return at + 1,
            _ => at += 1,
        }
    }
    at
}
