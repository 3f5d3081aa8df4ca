//! The checks on small crates whose offences are known.

use crate::{
    check::{self, Rooms},
    graph,
    module::Module,
    tree::Tree,
};

fn tree(files: &[(&str, &str)]) -> Tree {
    Tree::new(files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
}

/// The circles of a crate, each as one text.
fn circles(files: &[(&str, &str)]) -> Vec<String> {
    check::circles(&graph::imports(&tree(files)))
}

fn imported(text: &str) -> Vec<String> {
    let shown = |path: &[String], name: &str| format!("{} as {name}", path.join("::"));
    Module::parse(text).imports.iter().map(|import| shown(&import.path, &import.name)).collect()
}

#[test]
fn use_trees_are_read_to_their_leaves() {
    assert_eq!(
        imported("use crate::{a::{self, B as C}, d::E}; pub(crate) use super::f::*; use g;"),
        ["crate::a as a", "crate::a::B as C", "crate::d::E as E", "super::f as *", "g as g"]
    );
    assert_eq!(
        imported("use std::{\n    fmt,\n    io::{self, Read},\n};\nuse x::{Y};"),
        ["std::fmt as fmt", "std::io as io", "std::io::Read as Read", "x::Y as Y"]
    );
}

#[test]
fn comments_literals_and_tests_are_left_out() {
    let text = r##"
        // use crate::a;
        /* use crate::b; /* nested */ use crate::c; */
        const TEXT: &str = "use crate::d; \" use crate::e;";
        const RAW: &str = r#"use crate::f; " use crate::g;"#;
        fn quote<'a>(x: &'a str) -> bool { x.contains('"') || x.contains('\'') || x.contains("{") }
        #[cfg(test)]
        mod tests { use super::*; fn one() { crate::h::i() } }
        #[cfg(test)]
        #[path = "x.rs"]
        mod more;
        #[cfg(not(test))]
        use crate::kept;
    "##;
    let module = Module::parse(text);
    assert_eq!(imported(text), ["crate::kept as kept"]);
    assert!(module.children.is_empty() && module.inline.is_empty() && module.paths.is_empty());
    assert_eq!(module.items.iter().collect::<Vec<_>>(), ["RAW", "TEXT", "quote"]);
}

#[test]
fn functions_are_measured_from_their_keyword_to_their_brace() {
    let module = Module::parse(
        "trait T { fn none(&self) -> [u8; 2]; }\nimpl T for X {\n    fn four(\n    ) {\n        {}\n    }\n}\nfn one() {}",
    );
    let lengths: Vec<_> =
        module.functions.iter().map(|found| (found.name.as_str(), found.line, found.length)).collect();
    assert_eq!(lengths, [("four", 3, 4), ("one", 8, 1)]);
}

#[test]
fn a_circle_between_files_is_found_and_explained() {
    let found = circles(&[
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::B;\npub struct A(B);"),
        ("b.rs", "pub struct B;\nfn f() { crate::c::c() }"),
        ("c.rs", "use super::a;\npub fn c() -> a::A { loop {} }"),
        ("d.rs", "use crate::a::A;\npub struct D(A);"),
    ]);
    assert_eq!(
        found,
        [
            "- a.rs, b.rs, c.rs\n  a.rs:1 uses crate::b::B of b.rs\n  b.rs:2 uses crate::c::c of c.rs\n  c.rs:2 uses a::A of a.rs"
        ]
    );
}

#[test]
fn a_child_that_uses_its_parent_closes_a_circle_and_its_siblings_do_not() {
    let parent = "mod child; mod sibling; pub use sibling::Shared; fn f() { child::g() } pub struct Own;";
    let sibling = ("room/sibling.rs", "pub struct Shared;");
    let root = ("lib.rs", "mod room;");
    let child = ("room/child.rs", "use super::Shared; pub fn g() {}");
    assert_eq!(circles(&[root, ("room/mod.rs", parent), child, sibling]), Vec::<String>::new());
    let child = ("room/child.rs", "use super::Own; pub fn g() {}");
    let found = circles(&[root, ("room/mod.rs", parent), child, sibling]);
    assert!(found.len() == 1 && found[0].starts_with("- room/child.rs, room/mod.rs\n"), "{found:?}");
}

#[test]
fn a_module_that_only_re_exports_uses_nothing() {
    let root = ("lib.rs", "mod room; mod other;");
    let child = ("room/child.rs", "use crate::other::Other; pub struct Child(Other);");
    let other = ("other.rs", "pub struct Other; impl Other { fn f(child: crate::room::Child) {} }");
    let found = circles(&[root, ("room/mod.rs", "mod child; pub use child::Child;"), child, other]);
    assert_eq!(
        found,
        [
            "- other.rs, room/child.rs\n  other.rs:1 uses crate::room::Child of room/child.rs\n  room/child.rs:1 uses \
         crate::other::Other of other.rs"
        ]
    );
    let child = ("room/child.rs", "use super::Name; pub struct Child(Name);");
    let using = "mod child; pub use child::Child; pub struct Name; impl Name { fn f(child: Child) {} }";
    assert_eq!(circles(&[root, ("room/mod.rs", using), child, ("other.rs", "")]).len(), 1);
    let declaring = "mod child; pub use child::Child; pub struct Name;";
    assert!(circles(&[root, ("room/mod.rs", declaring), child, ("other.rs", "")]).is_empty());
}

const TABLE: &str = "//! | rooms | what they are for |\n//! |---|---|\n//! | [`low`], `beside` | small things |\n\
                     //! | [`high`] | large things |\nmod low; mod beside; mod high;";

fn wrong_arrows(low: &str, beside: &str, high: &str) -> Vec<String> {
    let tree = tree(&[("lib.rs", TABLE), ("low.rs", low), ("beside.rs", beside), ("high/mod.rs", high)]);
    let rooms = Rooms::from_table(TABLE);
    assert!(rooms.differences(&tree).is_empty());
    let mut arrows = graph::imports(&tree);
    arrows.extend(graph::module_imports(&tree));
    rooms.wrong_arrows(&arrows)
}

#[test]
fn a_room_may_use_a_lower_one_only() {
    assert!(wrong_arrows("pub fn f() {}", "", "use crate::low; fn g() { low::f() }").is_empty());
    assert_eq!(
        wrong_arrows("use crate::high::H;", "", "pub struct H;"),
        ["- low.rs:1 uses crate::high::H of high/mod.rs"]
    );
    assert_eq!(wrong_arrows("fn f() { crate::beside::g() }", "pub fn g() {}", "").len(), 1);
    assert_eq!(wrong_arrows("use crate::high;", "", ""), ["- low.rs:1 uses crate::high of high/mod.rs"]);
}

#[test]
fn the_table_and_the_source_have_the_same_rooms() {
    let tree = tree(&[("lib.rs", "mod low; mod new;"), ("low.rs", ""), ("new.rs", "")]);
    let differences = Rooms::from_table(TABLE).differences(&tree);
    assert_eq!(
        differences,
        [
            "new is not in the table",
            "beside is in the table and not in src/",
            "high is in the table and not in src/"
        ]
    );
}

#[test]
fn types_of_one_name_in_two_modules_are_found() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub struct Twice; #[cfg(unix)] enum Once {} #[cfg(not(unix))] enum Once {}"),
        (
            "b.rs",
            "trait Twice { type Output; }\nimpl X for Y { type Output = u8; }\n#[cfg(test)] mod tests { struct Once; }",
        ),
    ];
    assert_eq!(check::types_defined_twice(&tree(&files)), ["Twice: a.rs:1, b.rs:1"]);
}

#[test]
fn a_glob_of_the_parent_outside_of_tests_is_found() {
    let files = [("lib.rs", "mod a;"), ("a.rs", "use super::*;\n#[cfg(test)]\nmod tests { use super::*; }")];
    assert_eq!(check::parent_globs(&tree(&files)), ["a.rs:1"]);
}
