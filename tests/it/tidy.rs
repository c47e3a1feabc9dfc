//! The project's rules that the compiler does not check.

mod layers;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A source file, and its module: the path below the folder, as in `os/socket`.
struct Source {
    path: PathBuf,
    module: String,
    text: String,
}

fn sources() -> Vec<Source> {
    sources_in("src")
}

fn sources_in(folder: &str) -> Vec<Source> {
    files_in(folder, &["rs"])
}

fn files_in(folder: &str, extensions: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|one| extensions.iter().any(|of| one == *of)) {
                let module = path.strip_prefix(&root).unwrap().with_extension("");
                let module = module.to_str().unwrap().to_owned();
                let text = fs::read_to_string(&path).unwrap();
                sources.push(Source { path, module, text });
            }
        }
    }
    assert!(!sources.is_empty(), "the sources are where they were");
    sources
}

/// The code without its unit tests.
fn code(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests").next().unwrap()
}

#[test]
fn the_chat_and_the_wires_are_pure() {
    const PURE: [&str; 4] = ["chat", "edit", "wire", "text"];
    let pure = |source: &&Source| PURE.contains(&source.module.split('/').next().unwrap());
    for Source { path, text, .. } in sources().iter().filter(pure) {
        for impure in ["std::net", "std::thread", "std::fs", "Instant", "SystemTime", "log::"] {
            assert!(!code(text).contains(impure), "{} uses {impure}", path.display());
        }
    }
}

#[test]
fn only_one_folder_names_system_calls() {
    let naming = sources().into_iter().filter(|source| {
        ["rustix::", "use nix::", "use command_fds::"].iter().any(|name| source.text.contains(name))
    });
    let naming: Vec<_> = naming.map(|source| source.module).collect();
    assert!(naming.len() > 2 && naming.iter().all(|name| name.starts_with("os/")), "{naming:?}");
}

#[test]
fn once_there_is_a_client_only_its_session_reads_and_only_its_peer_writes() {
    let using = |call: &str| -> Vec<String> {
        let mut modules: Vec<_> = sources()
            .into_iter()
            .filter(|source| !source.module.starts_with("os/") && code(&source.text).contains(call))
            .map(|source| source.module)
            .collect();
        modules.sort();
        modules
    };
    assert_eq!(using("socket.receive("), ["net/transport"]);
    assert_eq!(using("transport.receive("), ["intake/session"]);
    assert_eq!(
        using("receive_within("),
        ["intake/handshake", "intake/preamble", "net/transport", "web", "web/rooms"]
    );
    assert_eq!(using("transport.send_now("), ["delivery/peer", "intake/accept"]);
    assert_eq!(using("transport.send_all("), ["intake/handshake", "web", "web/rooms"]);
}

#[test]
fn what_the_client_needs_is_built_on_every_system() {
    const LINUX_ONLY: &str = "#[cfg(target_os = \"linux\")]";
    let sources = sources();
    let root = sources.iter().find(|source| source.module == "lib").unwrap();
    let (everywhere, _) = root.text.split_at(root.text.find(LINUX_ONLY).unwrap());
    let is_everywhere = |module: &str| everywhere.contains(&format!("\npub mod {module};"));
    let client = sources.iter().filter(|source| source.path.starts_with(source_of("bin/chat")));
    let mut imports = 0;
    for Source { path, text, .. } in client {
        for import in text.split("use chatd::").skip(1) {
            let module = import.split(':').next().unwrap();
            assert!(is_everywhere(module), "{} imports {module}", path.display());
            imports += 1;
        }
    }
    assert!(imports > 5, "the client is where it was");
}

fn source_of(what: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(what)
}

#[test]
fn every_test_that_the_sanitizers_skip_is_there() {
    let script = fs::read_to_string(source_of("../tests/sanitize")).unwrap();
    let (_, list) = script.split_once("\nskipped=(\n").unwrap();
    let skipped: Vec<_> = list.lines().take_while(|line| *line != ")").map(str::trim).collect();
    let program = std::env::current_exe().unwrap();
    let tests = crate::harness::run(Command::new(program).arg("--list")).stdout;
    assert!(skipped.len() > 8, "the list is where it was");
    for name in skipped {
        assert!(tests.lines().any(|test| test.starts_with(name)), "{name}");
    }
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let folders = ["src", "tests/it", "benches", "examples", "fuzz/src", "fuzz/fuzz_targets"];
    let page = files_in("src/web", &["js", "css", "html"]);
    for Source { path, text, .. } in folders.into_iter().flat_map(sources_in).chain(page) {
        assert!(text.lines().count() <= 400, "{}", path.display());
    }
}

/// Functions that are one table of match arms, in their files.
const TABLES: [(&str, &str); 4] = [
    ("broadcaster/perform", "perform"),
    ("chat/refusal", "fmt"),
    ("wire/text/encode", "encode"),
    ("wire/websocket/json", "told"),
];

#[test]
fn no_function_is_longer_than_50_lines() {
    let is_test = |source: &Source| {
        source.module.ends_with("tests") || source.module.starts_with("chat/properties")
    };
    for Source { path, module, text } in sources().into_iter().filter(|source| !is_test(source)) {
        let is_table = |name: &&str| TABLES.contains(&(module.as_str(), name));
        let lines: Vec<_> = code(&text).lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let Some(name) = function(line).filter(|name| !is_table(name)) else { continue };
            let indent = line.len() - line.trim_start().len();
            let is_end = |line: &&str| line.len() == indent + 1 && line.trim_start() == "}";
            let length = 1 + lines[start..].iter().position(is_end).unwrap_or_default();
            assert!(length <= 50, "{}: {name} has {length} lines", path.display());
        }
    }
}

/// The name of the function that begins in a line, unless it ends there as well.
fn function(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("fn ")?;
    let is_declaration = before
        .split_whitespace()
        .all(|word| word.starts_with("pub") || ["const", "in", "extern"].contains(&word));
    let is_open = !line.ends_with(['}', ';']);
    (is_declaration && is_open).then(|| rest.split(['(', '<']).next()).flatten()
}
