//! The names of this machine, as far as they are known without asking a name server.

use std::fs::File;
use std::io::Read;

/// The file with names of hosts, including the machine's own (hosts(5)).
const HOSTS: &str = "/etc/hosts";
/// The file with the search domains for short names (resolv.conf(5)).
const RESOLVER: &str = "/etc/resolv.conf";
/// Bytes read of each file.
const MAX_FILE: u64 = 1024 * 1024;
/// Names of this machine.
const MAX_NAMES: usize = 32;

/// The names of the machine whose host name is `host`, in lower case: its short name and its full
/// ones. Asks no name server, which could take long.
pub fn machine_names(host: &str) -> Vec<String> {
    names(host, &contents(HOSTS), &contents(RESOLVER))
}

fn contents(path: &str) -> String {
    let mut contents = Vec::new();
    // A missing file only means fewer names.
    let _ = File::open(path).and_then(|file| file.take(MAX_FILE).read_to_end(&mut contents));
    String::from_utf8_lossy(&contents).into_owned()
}

fn names(host: &str, hosts: &str, resolver: &str) -> Vec<String> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let short = host.split('.').next().unwrap_or_default().to_owned();
    if short.is_empty() {
        return Vec::new();
    }
    let of_line = |line: &str| full_name(&line.to_ascii_lowercase(), [&host, &short]);
    let canonical = hosts.lines().filter_map(of_line);
    let domains = search_domains(resolver).into_iter();
    let in_domain = domains.map(|domain| format!("{short}.{domain}"));
    let all: Vec<_> =
        [host.clone(), short.clone()].into_iter().chain(canonical).chain(in_domain).collect();
    all.into_iter().take(MAX_NAMES).collect()
}

/// The first name in a line of hosts(5), which is the canonical one, if the line has one of `own`.
fn full_name(line: &str, own: [&String; 2]) -> Option<String> {
    let entry = line.split('#').next().unwrap_or_default();
    let names: Vec<_> = entry.split_whitespace().skip(1).collect();
    let is_own = names.iter().any(|name| own.iter().any(|own| own == name));
    is_own.then(|| names.first().map(|name| (*name).to_owned())).flatten()
}

/// The domains of the last line that names any: the resolver ignores earlier lines.
fn search_domains(resolver: &str) -> Vec<String> {
    let domains = |line: &str| {
        let mut words = line.split_whitespace();
        let is_search = ["search", "domain"].contains(&words.next()?);
        is_search
            .then(|| words.map(|word| word.trim_end_matches('.').to_ascii_lowercase()).collect())
    };
    let last: Vec<String> = resolver.lines().filter_map(domains).next_back().unwrap_or_default();
    last.into_iter().filter(|domain| !domain.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTS: &str = "127.0.0.1 localhost\n# box7 in a comment\n\
        127.0.1.1\tbox7.example.org box7 # box7.evil\n192.0.2.1 other.example.org other\n";

    #[test]
    fn a_machine_goes_by_its_short_and_its_full_names() {
        let known = names(
            "Box7",
            HOSTS,
            "nameserver 192.0.2.53\nsearch old\nsearch corp.example.org. lan\n",
        );
        assert_eq!(
            known,
            ["box7", "box7", "box7.example.org", "box7.corp.example.org", "box7.lan"]
        );
        assert_eq!(names("box9.example.org.", HOSTS, ""), ["box9.example.org", "box9"]);
        assert!(names("", HOSTS, "search .").is_empty());
    }
}
