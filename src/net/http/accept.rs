//! `Accept`: which of two media types a client prefers (RFC 9110, section 12.5.1).

/// The media ranges of a request, each with its quality in thousandths. None accept any type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accept(Vec<(String, u16)>);

const FULL: u16 = 1000;

impl Accept {
    /// Parses the members of the `Accept` fields; skips malformed ones.
    pub(super) fn new(members: Vec<&str>) -> Self {
        Self(members.into_iter().filter_map(member).collect())
    }

    /// Whether the client prefers `one` to `other`, both media types without parameters.
    pub fn prefers(&self, one: &str, other: &str) -> bool {
        self.quality(one) > self.quality(other)
    }

    /// The type that the client prefers among `types`, all without parameters, and the first among
    /// equals; `None` if it accepts none of them.
    pub fn best<T: Copy>(&self, types: &[(&str, T)]) -> Option<T> {
        let rated = types.iter().map(|(name, value)| (self.quality(name), *value));
        let accepted = rated.filter(|(quality, _)| *quality > 0);
        // Among equals this keeps the first.
        accepted
            .reduce(|best, other| if other.0 > best.0 { other } else { best })
            .map(|(_, value)| value)
    }

    /// The quality of the most specific range that contains the type.
    fn quality(&self, media_type: &str) -> u16 {
        if self.0.is_empty() {
            return FULL;
        }
        let class = media_type.split('/').next().unwrap_or_default();
        let ranges = [media_type, &format!("{class}/*"), "*/*"];
        let found = ranges.iter().find_map(|range| {
            let named = self.0.iter().filter(|(name, _)| name == range);
            named.map(|(_, quality)| *quality).max()
        });
        found.unwrap_or(0)
    }
}

/// A range without its parameters, in lower case, and its quality.
fn member(text: &str) -> Option<(String, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().filter(|range| range.contains('/'))?;
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let quality = match weight {
        Some(weight) => weight.parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight))?,
        None => 1.0,
    };
    Some((range.to_ascii_lowercase(), (quality * f32::from(FULL)) as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_one_is_the_one_of_the_higher_quality() {
        let prefers = |accept: &str| {
            let accept = Accept::new(accept.split(',').map(str::trim).collect());
            accept.prefers("text/plain", "application/openmetrics-text")
        };
        for plain in [
            "text/plain",
            "TEXT/plain;version=0.0.4",
            "text/*",
            "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/openmetrics-text;q=0.1, text/plain;q=0.2",
            "application/openmetrics-text;q=0, */*",
        ] {
            assert!(prefers(plain), "{plain}");
        }
        for other in [
            "",
            "*/*",
            "text/html",
            "nonsense, */*",
            "text/plain, */*",
            "text/plain;q=2",
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1",
        ] {
            assert!(!prefers(other), "{other}");
        }
    }
}
