//! The modules of src/ and the paths that each of them names, for the layering rules in `tidy`.
//!
//! Comments do not count. A path is what follows `crate::`, `super::` or `self::`, in a `use` or elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The rooms, each with the rooms that it may name.
pub const ROOMS: [(&str, &[&str]); 5] = [
    ("sys", &["sys"]),
    ("trust", &["sys", "trust"]),
    ("init", &["sys", "trust", "init"]),
    ("doctor", &["sys", "trust", "doctor"]),
    ("compose", &["sys", "trust", "doctor", "compose"]),
];

/// Returns the room of a module or of a path.
pub fn room(path: &str) -> &str {
    path.split("::").next().unwrap()
}

/// Returns each module of a room, with the paths that it names, without `crate::`.
pub fn modules() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for (room, _) in ROOMS {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
        collect(&directory, room, &mut found);
    }
    found
}

fn collect(directory: &Path, module: &str, found: &mut BTreeMap<String, BTreeSet<String>>) {
    for path in directory.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let inner = format!("{module}::{name}");
        if path.is_dir() {
            collect(&path, &inner, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let module = if name == "mod" { module.to_owned() } else { inner };
            let paths = named(&fs::read_to_string(&path).unwrap(), &module);
            found.insert(module, paths);
        }
    }
}

/// Returns the paths that the text of a module names.
pub fn named(text: &str, module: &str) -> BTreeSet<String> {
    let code: Vec<_> = text.lines().map(|line| line.split("//").next().unwrap()).collect();
    let code = code.join("\n");
    let mut paths = Vec::new();
    for begin in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(begin) {
            let is_inside = |c: char| c.is_alphanumeric() || "_:$".contains(c);
            if !code[..at].ends_with(is_inside) {
                tree(&code[at..], &[], &mut paths);
            }
        }
    }
    let module: Vec<_> = module.split("::").collect();
    paths.iter().map(|path| absolute(path, &module).join("::")).collect()
}

/// Returns a path from the root of the crate.
fn absolute<'a>(path: &[&'a str], module: &[&'a str]) -> Vec<&'a str> {
    let ups = path.iter().take_while(|name| **name == "super").count();
    match path[0] {
        "crate" => path[1..].to_vec(),
        "self" => [module, &path[1..]].concat(),
        _ => [&module[..module.len() - ups], &path[ups..]].concat(),
    }
}

/// Reads a path or the tree of a `use` at the start of `text`, and returns the rest of the text.
fn tree<'a>(text: &'a str, before: &[&'a str], found: &mut Vec<Vec<&'a str>>) -> &'a str {
    let mut path = before.to_vec();
    let mut text = text;
    loop {
        if let Some(inside) = text.strip_prefix('{') {
            let mut rest = inside.trim_start();
            while !rest.starts_with('}') {
                rest = tree(rest, &path, found);
                // `as` and a name, or `*`.
                rest = &rest[rest.find([',', '}']).unwrap()..];
                rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
            }
            return &rest[1..];
        }
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        let (name, after) = text.split_at(end);
        // `{self, …}` is the path before it.
        if !name.is_empty() && (name != "self" || path.is_empty()) {
            path.push(name);
        }
        let Some(next) = after.strip_prefix("::") else {
            found.push(path);
            return after;
        };
        text = next;
    }
}

/// Returns the modules that each module imports: the longest part of a path that is a module.
fn edges(modules: &BTreeMap<String, BTreeSet<String>>) -> BTreeMap<&str, BTreeSet<&str>> {
    let target = |path: &str| {
        let mut part = path;
        loop {
            if let Some((module, _)) = modules.get_key_value(part) {
                return Some(module.as_str());
            }
            part = part.rsplit_once("::")?.0;
        }
    };
    let led = |(module, paths): (&'_ String, &'_ BTreeSet<String>)| {
        paths.iter().filter_map(|path| target(path)).filter(|to| to != module).collect()
    };
    modules.iter().map(|entry| (entry.0.as_str(), led(entry))).collect()
}

/// Returns the modules that `from` imports, directly or indirectly.
fn reach<'a>(from: &str, edges: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<&str> = edges[from].iter().copied().collect();
    while let Some(module) = waiting.pop() {
        if seen.insert(module) {
            waiting.extend(&edges[module]);
        }
    }
    seen
}

/// Returns the cycles: sets of modules that import each other, sorted by name.
pub fn circles(modules: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<Vec<&str>> {
    let edges = edges(modules);
    let reach: BTreeMap<_, _> = edges.keys().map(|from| (*from, reach(from, &edges))).collect();
    let circle = |module: &str| -> Vec<&str> {
        reach[module].iter().filter(|other| reach[**other].contains(module)).copied().collect()
    };
    edges.keys().map(|module| circle(module)).filter(|circle| circle.len() > 1).collect()
}
