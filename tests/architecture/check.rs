//! What must not be: each check returns a readable line or paragraph per offence.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::{
    graph::Arrow,
    tree::{Node, Tree},
};

/// Every knot of files that import each other, shown by its shortest circle.
pub fn circles(arrows: &[Arrow]) -> Vec<String> {
    let mut uses: BTreeMap<&str, BTreeMap<&str, &Arrow>> = BTreeMap::new();
    for arrow in arrows {
        uses.entry(&arrow.from).or_default().entry(&arrow.to).or_insert(arrow);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        uses.keys().map(|&file| (file, reachable(&uses, file))).collect();
    let mut shown = BTreeSet::new();
    let mut found = Vec::new();
    for &file in uses.keys() {
        let in_knot = |other: &&str| {
            reached[file].contains(*other) && reached.get(*other).is_some_and(|r| r.contains(file))
        };
        let knot: BTreeSet<&str> = uses.keys().copied().filter(in_knot).collect();
        if knot.is_empty() || !shown.insert(knot.clone()) {
            continue;
        }
        let circle = knot.iter().map(|&start| circle(&uses, start)).min_by_key(Vec::len).unwrap_or_default();
        let lines: Vec<String> = circle.iter().map(|arrow| format!("  {}", arrow.described())).collect();
        let members: Vec<&str> = knot.into_iter().collect();
        found.push(format!("- {}\n{}", members.join(", "), lines.join("\n")));
    }
    found
}

/// All files that are used by `start`, directly or through others.
fn reachable<'a>(uses: &BTreeMap<&'a str, BTreeMap<&'a str, &'a Arrow>>, start: &str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<&str> = uses.get(start).into_iter().flat_map(BTreeMap::keys).copied().collect();
    while let Some(file) = waiting.pop() {
        if seen.insert(file) {
            waiting.extend(uses.get(file).into_iter().flat_map(BTreeMap::keys));
        }
    }
    seen
}

/// The shortest way from a file back to itself.
fn circle<'a>(uses: &BTreeMap<&'a str, BTreeMap<&'a str, &'a Arrow>>, start: &str) -> Vec<&'a Arrow> {
    let mut waiting: VecDeque<Vec<&Arrow>> = VecDeque::from([Vec::new()]);
    let mut seen = BTreeSet::new();
    while let Some(way) = waiting.pop_front() {
        let here = way.last().map_or(start, |arrow| &arrow.to);
        if here == start && !way.is_empty() {
            return way;
        }
        for arrow in uses.get(here).into_iter().flat_map(BTreeMap::values) {
            if seen.insert(&arrow.to) {
                waiting.push_back([&way[..], &[arrow]].concat());
            }
        }
    }
    Vec::new()
}

/// The rooms in the order in which they may use each other.
pub struct Rooms {
    /// The row of each room; a room may use the rooms of earlier rows.
    rows: BTreeMap<String, usize>,
}

impl Rooms {
    /// From the table in a file's documentation whose first column names rooms, as `` [`data`], `plot` ``.
    pub fn from_table(text: &str) -> Self {
        let rows = text.lines().filter_map(|line| line.strip_prefix("//! |"));
        let cells = rows.filter_map(|row| row.split('|').next());
        let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        let cells = cells.map(names).filter(|names| !names.is_empty()).enumerate();
        Self { rows: cells.flat_map(|(row, names)| names.into_iter().map(move |name| (name, row))).collect() }
    }

    /// Rooms that are in one of table and source only.
    pub fn differences(&self, tree: &Tree) -> Vec<String> {
        let rooms: BTreeSet<&str> = tree.nodes.values().filter_map(|node| room(&node.file)).collect();
        let unlisted = rooms.iter().filter(|room| !self.rows.contains_key(**room));
        let missing = self.rows.keys().filter(|room| !rooms.contains(room.as_str()));
        let unlisted = unlisted.map(|room| format!("{room} is not in the table"));
        unlisted.chain(missing.map(|room| format!("{room} is in the table and not in src/"))).collect()
    }

    /// Uses of a room in the same row or in a later one: the first of each file by each file.
    pub fn wrong_arrows(&self, arrows: &[Arrow]) -> Vec<String> {
        let is_wrong = |arrow: &&Arrow| match (room(&arrow.from), room(&arrow.to)) {
            (Some(from), Some(to)) => from != to && self.rows.get(to) >= self.rows.get(from),
            _ => false,
        };
        let mut first: BTreeMap<(&str, &str), &Arrow> = BTreeMap::new();
        for arrow in arrows.iter().filter(is_wrong) {
            first.entry((&arrow.from, &arrow.to)).or_insert(arrow);
        }
        first.into_values().map(|arrow| format!("- {}", arrow.described())).collect()
    }
}

/// The room of a file: the folder or file directly under `src/`; none for the crate's roots.
fn room(file: &str) -> Option<&str> {
    let room = file.split('/').next()?;
    let room = room.strip_suffix(".rs").unwrap_or(room);
    (!["lib", "main"].contains(&room)).then_some(room)
}

pub fn long_functions(tree: &Tree, longest: usize) -> Vec<String> {
    let long = tree.nodes.values().flat_map(|node| {
        let long = node.module.functions.iter().filter(move |function| function.length > longest);
        long.map(|long| format!("{}:{} {} has {} lines", node.file, long.line, long.name, long.length))
    });
    long.collect()
}

pub fn types_defined_twice(tree: &Tree) -> Vec<String> {
    let mut places: BTreeMap<&str, Vec<(&Node, usize)>> = BTreeMap::new();
    for node in tree.nodes.values() {
        for (name, line) in &node.module.types {
            places.entry(name).or_default().push((node, *line));
        }
    }
    // One module may define a type twice, under opposite conditions.
    let modules =
        |places: &[(&Node, usize)]| places.iter().map(|(node, _)| &node.path).collect::<BTreeSet<_>>().len();
    let twice = places.into_iter().filter(|(_, places)| modules(places) > 1);
    let described = |(name, places): (&str, Vec<(&Node, usize)>)| {
        let places: Vec<String> = places.iter().map(|(node, line)| format!("{}:{line}", node.file)).collect();
        format!("{name}: {}", places.join(", "))
    };
    twice.map(described).collect()
}

pub fn parent_globs(tree: &Tree) -> Vec<String> {
    let globs = tree.nodes.values().flat_map(|node| {
        let globs =
            node.module.imports.iter().filter(|import| import.name == "*" && import.path == ["super"]);
        globs.map(|glob| format!("{}:{}", node.file, glob.line))
    });
    globs.collect()
}
