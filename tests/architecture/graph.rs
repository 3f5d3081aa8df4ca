//! Which file uses what of which other.

use crate::{
    module::Import,
    tree::{Node, Target, Tree},
};

/// One file uses something of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrow {
    pub from: String,
    pub line: usize,
    pub to: String,
    /// The path as written.
    pub what: String,
}

impl Arrow {
    pub fn described(&self) -> String {
        format!("{}:{} uses {} of {}", self.from, self.line, self.what, self.to)
    }
}

/// Every use of something that another file defines. A re-export leads to the file that defines it, and is no use
/// itself unless its own file names it in code.
pub fn imports(tree: &Tree) -> Vec<Arrow> {
    let mut arrows = Vec::new();
    for node in tree.nodes.values() {
        let is_used = |import: &&Import| !import.is_public || node.module.words.contains(&import.name);
        for import in node.module.imports.iter().filter(is_used) {
            let target = match tree.resolve(node, &import.path) {
                Some(Target::Module(module)) if import.name == "*" => Some(module),
                Some(Target::Item(module)) => Some(module),
                _ => None,
            };
            arrows.extend(arrow(tree, node, &import.path, import.line, target));
        }
        for named in &node.module.paths {
            let target = match tree.resolve(node, &named.path) {
                Some(Target::Item(module)) => Some(module),
                _ => None,
            };
            arrows.extend(arrow(tree, node, &named.path, named.line, target));
        }
    }
    arrows
}

/// Every import of a module by its name. It makes no circle between files, since the paths behind it count, but it is
/// an arrow between rooms.
pub fn module_imports(tree: &Tree) -> Vec<Arrow> {
    let mut arrows = Vec::new();
    for node in tree.nodes.values() {
        for import in &node.module.imports {
            if let Some(Target::Module(module)) = tree.resolve(node, &import.path) {
                arrows.extend(arrow(tree, node, &import.path, import.line, Some(module)));
            }
        }
    }
    arrows
}

fn arrow(tree: &Tree, from: &Node, path: &[String], line: usize, to: Option<Vec<String>>) -> Option<Arrow> {
    let to = &tree.nodes.get(&to?)?.file;
    let differs = *to != from.file;
    differs.then(|| Arrow { from: from.file.clone(), line, to: to.clone(), what: path.join("::") })
}
