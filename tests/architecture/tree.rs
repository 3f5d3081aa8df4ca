//! The modules of a crate, and what a path means in each of them.

use std::collections::BTreeMap;

use crate::module::Module;

/// A module in its place.
pub struct Node {
    /// The file that it stands in, from `src/` on.
    pub file: String,
    /// From the crate's root on; empty for the root itself.
    pub path: Vec<String>,
    pub module: Module,
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A module itself.
    Module(Vec<String>),
    /// Something that is defined in a module, or below what is defined there.
    Item(Vec<String>),
}

/// All modules that are reached from `lib.rs` without those for tests.
pub struct Tree {
    pub nodes: BTreeMap<Vec<String>, Node>,
}

impl Tree {
    /// From files by their path from `src/` on.
    pub fn new(files: Vec<(String, String)>) -> Self {
        let files: BTreeMap<String, String> = files.into_iter().collect();
        let mut tree = Self { nodes: BTreeMap::new() };
        tree.add_file(&files, "lib.rs", Vec::new());
        tree
    }

    fn add_file(&mut self, files: &BTreeMap<String, String>, file: &str, path: Vec<String>) {
        let Some(text) = files.get(file) else { panic!("there is no file {file}") };
        self.add_module(files, file, path, Module::parse(text));
    }

    fn add_module(
        &mut self,
        files: &BTreeMap<String, String>,
        file: &str,
        path: Vec<String>,
        mut module: Module,
    ) {
        let below = |name: &str| [path.clone(), vec![name.to_owned()]].concat();
        for name in &module.children {
            let path = below(name);
            let (plain, folder) = (format!("{}.rs", path.join("/")), format!("{}/mod.rs", path.join("/")));
            let child = if files.contains_key(&plain) { plain } else { folder };
            self.add_file(files, &child, path);
        }
        for (name, inner) in std::mem::take(&mut module.inline) {
            module.children.push(name.clone());
            self.add_module(files, file, below(&name), inner);
        }
        self.nodes.insert(path.clone(), Node { file: file.to_owned(), path, module });
    }

    /// What a path in a module leads to; `None` outside of this crate.
    pub fn resolve(&self, from: &Node, path: &[String]) -> Option<Target> {
        self.resolve_within(from, path, 0)
    }

    fn resolve_within(&self, from: &Node, path: &[String], depth: usize) -> Option<Target> {
        // An import of an import of an import… ends somewhere; a name that imports itself is a macro's.
        if depth > 16 {
            return None;
        }
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.below(&[], rest, depth),
            "self" => self.below(&from.path, rest, depth),
            "super" => {
                let (_, parent) = from.path.split_last()?;
                let mut parent = parent;
                let mut rest = rest;
                while let Some((_, further)) = rest.split_first().filter(|(next, _)| *next == "super") {
                    (parent, rest) = (parent.split_last()?.1, further);
                }
                self.below(parent, rest, depth)
            }
            name => {
                let module = &from.module;
                let is_here = module.items.contains(name)
                    || module.children.iter().any(|child| child == name)
                    || module.imports.iter().any(|import| import.name == name && import.path != *path);
                is_here.then(|| self.below(&from.path, path, depth)).flatten()
            }
        }
    }

    /// What a path leads to that starts inside a module.
    fn below(&self, module: &[String], path: &[String], depth: usize) -> Option<Target> {
        let Some((name, rest)) = path.split_first() else { return Some(Target::Module(module.to_vec())) };
        let node = self.nodes.get(module)?;
        let child = || {
            let is_child = node.module.children.iter().any(|child| child == name);
            is_child
                .then(|| self.below(&[module, std::slice::from_ref(name)].concat(), rest, depth + 1))
                .flatten()
        };
        let item = || node.module.items.contains(name).then(|| Target::Item(module.to_vec()));
        let import = || {
            let import = node.module.imports.iter().find(|import| import.name == *name)?;
            self.resolve_within(node, &[&import.path[..], rest].concat(), depth + 1)
        };
        let found = match rest.is_empty() {
            true => item().or_else(import).or_else(child),
            false => child().or_else(item).or_else(import),
        };
        found.or_else(|| self.through_globs(node, path, depth)).or_else(|| {
            let imported = node.module.imports.iter().any(|import| import.name == *name);
            // What this parser does not know, as a macro's work, stands in the module; what is imported does not.
            (!imported).then(|| Target::Item(module.to_vec()))
        })
    }

    /// What a name means that a module has from a `use …::*`.
    fn through_globs(&self, node: &Node, path: &[String], depth: usize) -> Option<Target> {
        let globs = node.module.imports.iter().filter(|import| import.name == "*");
        globs.filter_map(|glob| self.resolve_within(node, &glob.path, depth + 1)).find_map(|target| {
            let Target::Module(module) = target else { return None };
            let known = &self.nodes.get(&module)?.module;
            let has =
                known.items.contains(&path[0]) || known.imports.iter().any(|import| import.name == path[0]);
            has.then(|| self.below(&module, path, depth + 1)).flatten()
        })
    }
}
