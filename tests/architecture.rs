//! The shape of the source: which room may use which, no import circles, short files and functions, and one meaning
//! for each type name. Read from the text under `src/`, without compiling it; test modules are left out.

#[path = "architecture/check.rs"]
mod check;
#[path = "architecture/graph.rs"]
mod graph;
#[path = "architecture/lexer.rs"]
mod lexer;
#[path = "architecture/module.rs"]
mod module;
#[path = "architecture/samples.rs"]
mod samples;
#[path = "architecture/tree.rs"]
mod tree;

use std::{fs, path::Path};

use check::Rooms;
use tree::Tree;

const LONGEST_FILE: usize = 400;
const LONGEST_FUNCTION: usize = 60;

/// Every file under `src/`, by its path from there, in order.
fn sources() -> Vec<(String, String)> {
    fn visit(dir: &Path, prefix: &str, files: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
            if path.is_dir() {
                visit(&path, &format!("{name}/"), files);
            } else if name.ends_with(".rs") {
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut files = Vec::new();
    visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut files);
    files.sort();
    files
}

fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{} × {what}:\n{}", found.len(), found.join("\n"));
}

#[test]
fn no_file_imports_itself_through_others() {
    let tree = Tree::new(sources());
    assert_none("import circle between files", &check::circles(&graph::imports(&tree)));
}

/// The order is the table in the documentation of `lib.rs`, its rows from the lowest room to the highest.
#[test]
fn a_room_uses_only_rooms_in_rows_above_its_own() {
    let sources = sources();
    let (_, root) = sources.iter().find(|(name, _)| name == "lib.rs").unwrap();
    let rooms = Rooms::from_table(root);
    let tree = Tree::new(sources.clone());
    assert_none("difference between src/ and the table in lib.rs", &rooms.differences(&tree));
    let mut imports = graph::imports(&tree);
    imports.extend(graph::module_imports(&tree));
    assert_none("arrow against the order of the rooms", &rooms.wrong_arrows(&imports));
}

#[test]
fn files_and_functions_are_short() {
    let sources = sources();
    let long_file = |(name, text): &(String, String)| {
        let lines = text.lines().count();
        (lines > LONGEST_FILE).then(|| format!("{name} has {lines} lines"))
    };
    let files: Vec<String> = sources.iter().filter_map(long_file).collect();
    assert_none("file above 400 lines", &files);
    let functions = check::long_functions(&Tree::new(sources), LONGEST_FUNCTION);
    assert_none("function above 60 lines", &functions);
}

#[test]
fn a_type_name_has_one_meaning() {
    assert_none("type name defined twice", &check::types_defined_twice(&Tree::new(sources())));
}

#[test]
fn only_tests_import_everything_of_their_parent() {
    assert_none("use super::* outside of tests", &check::parent_globs(&Tree::new(sources())));
}
