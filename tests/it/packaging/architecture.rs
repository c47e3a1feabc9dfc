//! docs/ARCHITECTURE.md and docs/DECISIONS.md, compared with the code.

use std::collections::BTreeSet;

use super::{shipped, sources};

const MAP: &str = "docs/ARCHITECTURE.md";
const DECISIONS: &str = "docs/DECISIONS.md";

/// The part of a document below a heading.
fn section(document: &str, heading: &str) -> String {
    let text = shipped(document);
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).unwrap();
    section.split("\n## ").next().unwrap().to_owned()
}

/// The first cells of a table whose heading begins with `heading`.
fn first_cells(text: &str, heading: &str) -> Vec<String> {
    let (_, table) = text.split_once(&format!("\n| {heading} |")).unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_start_matches("| ").split(" | ").next().unwrap().to_owned()).collect()
}

/// The modules that `lib.rs` lists, from the bottom up.
fn modules() -> Vec<String> {
    let text = shipped("src/lib.rs");
    let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix("pub mod "));
    lines.map(|line| line.split(';').next().unwrap().to_owned()).collect()
}

/// What is between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_map_has_every_folder_in_the_order_of_the_code() {
    let cells = first_cells(&section(MAP, "Layers"), "folder or file");
    let folders: Vec<_> = cells.iter().map(|cell| cell.trim_matches('`')).collect();
    assert_eq!(folders, modules());
}

#[test]
fn the_decisions_are_in_the_order_of_the_code() {
    let (text, modules) = (shipped(DECISIONS), modules());
    let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
    let headings: Vec<_> =
        headings.filter(|heading| modules.iter().any(|it| it == heading)).collect();
    let expected: Vec<_> = modules.iter().filter(|it| headings.contains(&it.as_str())).collect();
    assert!(headings.len() > 10, "{headings:?}");
    assert_eq!(headings, expected);
}

/// The steps of the picture, each with the file at the end of its line.
fn steps() -> Vec<(String, Option<String>)> {
    let section = section(MAP, "The way of one line");
    let picture = section.split("```").nth(1).unwrap().lines();
    let is_step = |word: &&str| word.contains("::") || word.contains(|c: char| c.is_lowercase());
    let step = |line: &str| {
        let first = line.strip_prefix(' ')?.trim_start().split(' ').next().filter(is_step)?;
        let last = line.split(' ').next_back().filter(|word| word.ends_with(".rs"));
        Some((first.to_owned(), last.map(str::to_owned)))
    };
    // The first line and the last are about sockets.
    let steps: Vec<_> = picture.filter_map(step).filter(|(step, _)| step.len() > 3).collect();
    assert!(steps.len() > 15, "{steps:?}");
    steps
}

#[test]
fn the_way_of_one_line_names_functions_where_they_are() {
    for (step, file) in steps() {
        if let Some((_, function)) = step.split_once("::") {
            let code = shipped(&format!("src/{}", file.unwrap()));
            assert!(code.contains(&format!("fn {function}(")), "{step}");
        }
    }
}

#[test]
fn the_steps_of_the_dispatcher_are_in_its_files_from_top_to_bottom() {
    let files = ["dispatch", "follow", "perform"];
    let code = files.map(|file| shipped(&format!("src/broadcaster/{file}.rs"))).concat();
    let steps = steps().into_iter().map(|(step, _)| step);
    let own = steps.filter_map(|step| match step.split_once("::") {
        None => Some(step),
        Some(("Dispatcher", function)) => Some(function.to_owned()),
        Some(_) => None,
    });
    let own: Vec<_> = own.collect();
    let places = own.iter().map(|function| code.find(&format!(" fn {function}(")));
    let places: Vec<_> = places.map(Option::unwrap).collect();
    assert!(own.len() > 8 && places.is_sorted(), "{own:?}");
}

#[test]
fn the_table_of_threads_has_the_names_that_they_run_under() {
    let names = first_cells(&section(MAP, "Threads"), "thread");
    let names: Vec<_> = names.iter().flat_map(|cell| quoted(cell)).collect();
    let code: String = sources().into_iter().map(|(_, text)| text).collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names.into_iter().filter(|name| *name != "main") {
        let name = name.trim_start_matches("accept ");
        assert!(code.contains(&format!("\"{name}\"")), "{name}");
    }
}

/// The dependencies in a manifest, those of one system and of the tests included.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let manifest: toml::Table = shipped(manifest).parse().unwrap();
    let mut tables = vec![&manifest];
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    tables.extend(targets.into_iter().flat_map(|all| all.values()).filter_map(|it| it.as_table()));
    let kinds = tables.iter().flat_map(|table| {
        ["dependencies", "dev-dependencies"].iter().filter_map(|kind| table.get(*kind)?.as_table())
    });
    kinds.flat_map(|table| table.keys().cloned()).filter(|name| name != "chatd").collect()
}

#[test]
fn every_dependency_has_a_reason_and_every_reason_a_dependency() {
    let cells = first_cells(&section(DECISIONS, "Dependencies"), "crate");
    let names = cells.iter().map(|cell| cell.split(" (").next().unwrap());
    let reasons: BTreeSet<_> =
        names.flat_map(|names| names.split(", ")).map(str::to_owned).collect();
    let found = ["Cargo.toml", "fuzz/Cargo.toml"].into_iter().flat_map(dependencies);
    assert_eq!(reasons, found.collect());
}
