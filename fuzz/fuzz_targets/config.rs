//! A configuration file: any contents give settings, or an error that begins with the file's name;
//! and every setting of the file can be given on the command line with the same value.
#![no_main]

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::{env, fs, process};

use chatd::config::{Stop, load};
use libfuzzer_sys::fuzz_target;

/// A file of this process's own; overwritten for every input.
static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| env::temp_dir().join(format!("chatd-fuzz-{}.toml", process::id())));

fuzz_target!(|input: &[u8]| {
    fs::write(&*FILE, input).expect("the file can be written");
    let mut flag = OsString::from("--config=");
    flag.push(&*FILE);
    match load(["chatd".into(), flag], []) {
        Ok(config) => {
            let limits = config.limits();
            assert!(limits.max_clients > 0 && limits.max_line > 0 && limits.send_queue > 0);
            assert!(!config.addresses().is_empty());
            assert!(!config.settings().name.is_blank());
            config.log_level();
        }
        Err(Stop::Wrong(complaint)) => {
            let file = FILE.display();
            let named =
                [format!("chatd: {file}: "), format!("chatd: --config: cannot read {file}: ")];
            assert!(named.iter().any(|name| complaint.starts_with(name)), "{complaint}");
            assert!(complaint.ends_with('\n'));
        }
        Err(Stop::Answered(answer)) => panic!("nobody asked: {answer}"),
    }
    fs::remove_file(&*FILE).expect("the file is there");
});
