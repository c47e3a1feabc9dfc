//! The documents for people: short where they should be, and without broken links.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{path, shipped};

/// README, changelog and docs, by their paths.
fn documents() -> Vec<String> {
    let names = fs::read_dir(path("docs")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut documents: Vec<_> =
        names.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}")).collect();
    documents.extend(["README.md", "CHANGELOG.md"].map(str::to_owned));
    assert!(documents.len() > 6, "{documents:?}");
    documents
}

/// The lines of a document that are not code.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let blocks = text.split("```").step_by(2);
    blocks.flat_map(str::lines)
}

/// Where the links of a document lead that do not leave the project.
fn links(text: &str) -> Vec<String> {
    let text: Vec<_> = lines(text).collect();
    let targets = text.join(" ");
    let targets = targets.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://")).map(str::to_owned).collect()
}

/// The anchors that headings get, where the second of the same words gets a number.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for heading in lines(text).filter(|line| line.starts_with('#')) {
        let words = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        let anchor = words.replace(|c: char| !c.is_alphanumeric() && c != '-' && c != '_', "");
        let numbered = |number: usize| match number {
            0 => anchor.clone(),
            _ => format!("{anchor}-{number}"),
        };
        let free = (0..).map(numbered).find(|anchor| !anchors.contains(anchor));
        anchors.extend(free);
    }
    anchors
}

#[test]
fn the_readme_is_short() {
    let words = shipped("README.md").split_whitespace().count();
    assert!(words <= 1000, "{words} words");
}

#[test]
fn every_link_leads_somewhere() {
    for document in documents() {
        let text = shipped(&document);
        for link in links(&text) {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => document.clone(),
                file => Path::new(&document).with_file_name(file).to_str().unwrap().to_owned(),
            };
            assert!(path(&target).exists(), "{document}: {link}");
            let is_there = anchor.is_empty() || anchors(&shipped(&target)).contains(anchor);
            assert!(is_there, "{document}: {link}");
        }
    }
}

#[test]
fn prose_fits_a_terminal() {
    for document in documents() {
        let text = shipped(&document);
        let prose = lines(&text).filter(|line| !line.starts_with('|'));
        for line in prose {
            assert!(line.chars().count() <= 100, "{document}: {line}");
        }
    }
}

/// The paths in a text, with at least one folder: those that end in `.rs`, from the root or from
/// `src`, and whatever is below a folder of the project.
fn paths(text: &str) -> BTreeSet<&str> {
    const FOLDERS: [&str; 5] = ["src/", "tests/", "benches/", "fuzz/fuzz_targets/", "packaging/"];
    let is_in_path = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let words = text.split(|c| !is_in_path(c)).map(|word| word.trim_end_matches('.'));
    let is_path = |word: &&str| {
        let is_source = word.ends_with(".rs") && word.contains('/') && !word.starts_with('/');
        is_source || FOLDERS.iter().any(|folder| word.starts_with(folder))
    };
    words.filter(is_path).collect()
}

#[test]
fn every_file_of_the_code_that_a_document_names_is_there() {
    let mut found = 0;
    // The changelog may name what was there once.
    for document in documents().into_iter().filter(|document| document != "CHANGELOG.md") {
        let text = shipped(&document);
        for named in paths(&text) {
            let is_there = ["", "src/"].iter().any(|from| path(from).join(named).exists());
            assert!(is_there, "{document}: {named}");
            found += 1;
        }
    }
    assert!(found > 40, "{found}");
}

/// The files that the package has in its folder of documents.
fn packaged() -> BTreeSet<String> {
    let script = shipped("packaging/lay-out.sh").replace("\\\n", " ").replace('"', "");
    let put = script.lines().find(|line| line.starts_with("put 644 usr/share/doc/chatd "));
    let names = put.unwrap().split(" $s/").skip(1).map(|name| name.trim().to_owned());
    // In folders below that one.
    let below = script.lines().filter_map(|line| line.strip_prefix("put 644 usr/share/doc/chatd/"));
    let below = below.flat_map(|rest| {
        let mut words = rest.split_whitespace().map(|word| word.replace("$s/", ""));
        let folder = words.next().unwrap();
        let top = folder.split('/').next().unwrap().to_owned();
        [top, folder].into_iter().chain(words).collect::<Vec<_>>()
    });
    names.chain(below).collect()
}

#[test]
fn the_package_has_every_document_that_its_files_refer_to() {
    let packaged = packaged();
    let documents = packaged.iter().filter(|name| name.ends_with(".md"));
    for document in documents {
        let from = ["", "docs/"].map(|folder| format!("{folder}{document}"));
        let from = from.iter().find(|name| path(name).exists()).unwrap();
        for link in links(&shipped(from)) {
            let file = link.split('#').next().unwrap();
            assert!(file.is_empty() || packaged.contains(file), "{document} links to {link}");
        }
    }
    const PLACE: &str = "/usr/share/doc/chatd/";
    let files = fs::read_dir(path("packaging")).unwrap();
    let files = files.map(|file| file.unwrap().path()).filter(|path| path.is_file());
    let files = files.map(|path| fs::read_to_string(path).unwrap());
    let manual = shipped("docs/MANUAL.md");
    for text in files.chain([manual]) {
        let names = text.split(PLACE).skip(1).filter_map(|rest| rest.split_whitespace().next());
        for name in names.map(|name| name.trim_end_matches(['`', '.', ',', ')', '"'])) {
            assert!(packaged.contains(name), "{name}");
        }
    }
}

#[test]
fn every_unit_names_its_documentation() {
    for unit in [
        "chatd.service",
        "chatd.socket",
        "chatd-web.socket",
        "chatd-tls.socket",
        "chatd-irc.socket",
        "chatd-irc-tls.socket",
    ] {
        let text = shipped(&format!("packaging/{unit}"));
        let line = text.lines().find_map(|line| line.strip_prefix("Documentation="));
        let documents: Vec<_> = line.unwrap().split(' ').collect();
        let handbook = "file:/usr/share/doc/chatd/OPERATIONS.md";
        assert_eq!(documents, ["man:chatd(8)", "man:chatd.toml(5)", handbook], "{unit}");
    }
}

/// `store/{file,tables}` is two folders.
fn spelled_out(folders: &str) -> Vec<String> {
    let Some((before, names)) = folders.split_once('{') else { return vec![folders.to_owned()] };
    names.trim_end_matches('}').split(',').map(|name| format!("{before}{name}")).collect()
}

#[test]
fn contributors_are_led_to_folders_that_there_are() {
    let text = shipped("docs/CONTRIBUTING.md");
    let (_, table) = text.split_once("\n| folder in `src` |").unwrap();
    let rows = table.split("\n\n").next().unwrap().lines().skip(2);
    let cells = rows.map(|row| row.split(" | ").next().unwrap());
    let folders = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).flat_map(spelled_out);
    let folders: Vec<_> = folders.collect();
    assert!(folders.len() > 15, "{folders:?}");
    for folder in folders {
        assert!(path("src").join(&folder).is_dir(), "{folder}");
    }
}
