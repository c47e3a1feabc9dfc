//! The order of modules: a file imports only from those above it in the lists of `mod` lines.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The segments of a module's path below the root of its crate.
type ModulePath = Vec<String>;

/// The modules of one crate.
struct Crate {
    files: BTreeMap<ModulePath, PathBuf>,
    /// What each module declares, in its order.
    children: BTreeMap<ModulePath, Vec<String>>,
}

impl Crate {
    fn read(root: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
        let mut modules = Self { files: BTreeMap::new(), children: BTreeMap::new() };
        let folder = root.parent().unwrap().to_owned();
        modules.add(Vec::new(), root, &folder);
        modules
    }

    /// Adds the module in `file`, whose own modules are in `folder`.
    fn add(&mut self, module: ModulePath, file: PathBuf, folder: &Path) {
        let names = declared(&code(&file));
        for name in &names {
            let child = [module.as_slice(), std::slice::from_ref(name)].concat();
            let (file, folder) = (folder.join(format!("{name}.rs")), folder.join(name));
            self.add(child, file, &folder);
        }
        self.children.insert(module.clone(), names);
        self.files.insert(module, file);
    }

    /// The module that `path` names, or in which it names something.
    fn module_in<'a>(&self, path: &'a [String]) -> &'a [String] {
        (0..=path.len())
            .rev()
            .map(|end| &path[..end])
            .find(|at| self.files.contains_key(*at))
            .unwrap()
    }

    /// What is wrong with `importer` using `imported`, if anything is.
    fn fault(&self, importer: &[String], imported: &[String]) -> Option<&'static str> {
        let shared = importer.iter().zip(imported).take_while(|(one, other)| one == other).count();
        match (importer.get(shared), imported.get(shared)) {
            // From its own modules, or itself.
            (None, _) => None,
            (Some(_), None) => Some("the file of a folder that it is in"),
            (Some(own), Some(other)) => {
                let order = &self.children[&importer[..shared]];
                let place = |name| order.iter().position(|one| one == name);
                (place(other) >= place(own)).then_some("a module that comes later")
            }
        }
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (importer, file) in &self.files {
            for path in paths_in(&code(file), importer) {
                let imported = self.module_in(&path);
                if let Some(fault) = self.fault(importer, imported) {
                    let (file, path) = (file.display(), path.join("::"));
                    faults.push(format!("{file} imports {path}, from {fault}"));
                }
            }
        }
        faults
    }
}

/// The code of a file without comments and unit tests.
fn code(file: &Path) -> String {
    let text =
        fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    super::code(&text).lines().filter(is_code).flat_map(|line| [line, "\n"]).collect()
}

/// The names in lines such as `pub mod name;`.
fn declared(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_for_tests = false;
    for line in code.lines().map(str::trim_start) {
        let before = line.split("mod ").next().unwrap();
        if let Some((_, rest)) = line.split_once("mod ")
            && (before.is_empty() || before.starts_with("pub"))
            && let Some((name, _)) = rest.split_once(';')
            && !is_for_tests
        {
            names.push(name.to_owned());
        }
        is_for_tests = line == "#[cfg(test)]";
    }
    names
}

/// All paths in `code` of `module` that begin with `crate`, `super` or `self`, from the crate's root.
fn paths_in(code: &str, module: &[String]) -> Vec<ModulePath> {
    let mut paths = Vec::new();
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':') {
                expand(&mut code[at..].chars().peekable(), &mut Vec::new(), &mut paths);
            }
        }
    }
    paths.into_iter().map(|path| from_root(path, module)).collect()
}

/// Reads one path, or a tree of them as in `a::{b, c::d}`, and adds each to `paths`.
fn expand(
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    prefix: &mut ModulePath,
    paths: &mut Vec<ModulePath>,
) {
    let depth = prefix.len();
    loop {
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        let mut name = String::new();
        while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
            name.push(c);
        }
        if !name.is_empty() {
            prefix.push(name);
        }
        if rest.next_if_eq(&':').is_some() {
            rest.next_if_eq(&':');
            continue;
        }
        if rest.next_if_eq(&'{').is_some() {
            while rest.peek().is_some_and(|c| *c != '}') {
                expand(rest, prefix, paths);
                // Past a comma, or `as other`.
                while rest.next_if(|c| !matches!(c, ',' | '}')).is_some() {}
                rest.next_if_eq(&',');
                while rest.next_if(|c| c.is_whitespace()).is_some() {}
            }
            rest.next();
        } else {
            paths.push(prefix.clone());
        }
        break;
    }
    prefix.truncate(depth);
}

fn from_root(path: ModulePath, module: &[String]) -> ModulePath {
    let mut absolute = if path[0] == "crate" { Vec::new() } else { module.to_vec() };
    for segment in path {
        match segment.as_str() {
            "crate" | "self" => {}
            "super" => drop(absolute.pop()),
            _ => absolute.push(segment),
        }
    }
    absolute
}

#[test]
fn a_file_imports_only_from_those_before_it() {
    for root in ["src/lib.rs", "src/bin/chat/main.rs", "src/bin/chatd/main.rs"] {
        let modules = Crate::read(root);
        assert!(modules.files.len() > 1, "the sources are where they were");
        let faults = modules.faults();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

#[test]
fn the_rule_is_held_for_trees_and_for_paths_in_the_code() {
    let own = ["chat".to_owned(), "turn".to_owned()];
    let code =
        "use super::{model::{Nick, self}, state as other};\nlet x = crate::os::lock(super::y);";
    let mut found: Vec<_> = paths_in(code, &own).iter().map(|path| path.join("::")).collect();
    found.sort();
    assert_eq!(found, ["chat::model", "chat::model::Nick", "chat::state", "chat::y", "os::lock"]);
}
