//! The settings in a TOML file: their keys, their values as the command line has them, and their
//! lines. What the keys mean is not known here.

use std::ffi::OsString;

use toml::de::DeTable;

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// The number of its line, from 1.
    pub line: usize,
    /// Its values, one unless it is a list; `None` if the command line could not have them.
    pub values: Option<Vec<OsString>>,
}

/// Reads the settings, in the order of their keys.
///
/// # Errors
/// It is not TOML. The first line says where and why; more lines follow.
pub fn entries(contents: &str) -> Result<Vec<Entry>, String> {
    let in_words = |error: toml::de::Error| {
        let text = format!("{}\n{error}", in_short(&error, contents));
        text.trim_end().to_owned()
    };
    let table: toml::Table = contents.parse().map_err(in_words)?;
    let places = DeTable::parse(contents).map_err(in_words)?;
    let places = places.get_ref().keys().map(|key| (key.get_ref().to_string(), key.span().start));
    let places: std::collections::BTreeMap<_, _> = places.collect();
    let entries = table.into_iter().map(|(key, value)| {
        let line = line_of(places.get(&key).copied().unwrap_or_default(), contents) + 1;
        Entry { key, line, values: values(value) }
    });
    Ok(entries.collect())
}

fn values(value: toml::Value) -> Option<Vec<OsString>> {
    match value {
        toml::Value::Array(values) if values.is_empty() => None,
        toml::Value::Array(values) => values.into_iter().map(plain).collect(),
        value => plain(value).map(|value| vec![value]),
    }
}

/// A TOML value as it would be on the command line.
fn plain(value: toml::Value) -> Option<OsString> {
    match value {
        toml::Value::String(text) => Some(text.into()),
        toml::Value::Integer(number) => Some(number.to_string().into()),
        toml::Value::Float(number) => Some(number.to_string().into()),
        toml::Value::Boolean(truth) => Some(truth.to_string().into()),
        toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => None,
    }
}

/// The error, in one line.
fn in_short(error: &toml::de::Error, contents: &str) -> String {
    let before = line_of(error.span().map_or(0, |span| span.start), contents);
    match contents.lines().nth(before).map(str::trim).filter(|line| !line.is_empty()) {
        Some(line) => format!("line {}: {line}: {}", before + 1, error.message()),
        None => format!("line {}: {}", before + 1, error.message()),
    }
}

/// The number of the line with this byte, from 0.
fn line_of(byte: usize, contents: &str) -> usize {
    contents.get(..byte).unwrap_or_default().matches('\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_a_key_values_and_a_line() {
        let contents = "# mine\nport = 1234\n\nbind = [\"::1\", \"::\"]\nx = true\ny = []\n[z]\n";
        let entries = entries(contents).unwrap();
        let entries: Vec<_> = entries.iter().map(|e| (&*e.key, e.line, e.values.clone())).collect();
        let values = |all: &[&str]| Some(all.iter().map(OsString::from).collect());
        let expected = [
            ("bind", 4, values(&["::1", "::"])),
            ("port", 2, values(&["1234"])),
            ("x", 5, values(&["true"])),
            ("y", 6, None),
            ("z", 7, None),
        ];
        assert_eq!(entries, expected);
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_line() {
        let error = entries("port = 1234\nport = 5\n").unwrap_err();
        assert!(error.starts_with("line 2: port = 5: duplicate key"), "{error}");
        assert!(entries("x").unwrap_err().starts_with("line 1: x: "));
    }
}
