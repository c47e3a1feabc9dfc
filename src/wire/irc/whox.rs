//! WHOX: which fields of an answer to WHO a client asks for.

/// The fields, in the order of RPL_WHOSPCRPL (354).
const ORDER: &str = "tcuihsnfdlaor";

/// Fields and a token, as in `%tcuhn,42`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    letters: String,
    /// Sent back as the field `t`.
    pub token: Option<String>,
}

impl Fields {
    /// Parses the second parameter of WHO; `None` if it asks for no fields.
    pub fn parse(param: &str) -> Option<Self> {
        let (_, fields) = param.split_once('%')?;
        let (fields, token) = match fields.split_once(',') {
            Some((fields, token)) => (fields, Some(token)),
            None => (fields, None),
        };
        let letters = ORDER.chars().filter(|letter| fields.contains(*letter)).collect();
        let is_token = |text: &&str| {
            (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        Some(Self { letters, token: token.filter(is_token).map(str::to_owned) })
    }

    /// The letters, in the order of the answer.
    pub fn letters(&self) -> impl Iterator<Item = char> {
        self.letters.chars()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_in_the_order_of_the_answer() {
        for (param, letters, token) in [
            ("%tcuhn,42", "tcuhn", Some("42")),
            ("n%nat", "tna", None),
            ("%rZt,1234", "tr", None),
            ("%,", "", None),
            ("%tcuihsnfdlaor,0", ORDER, Some("0")),
        ] {
            let fields = Fields::parse(param).unwrap();
            assert_eq!(fields.letters().collect::<String>(), letters, "{param}");
            assert_eq!(fields.token.as_deref(), token, "{param}");
        }
        assert_eq!(Fields::parse("o"), None);
    }
}
