//! `Fields`: the header fields of a request.

use super::forwarding::Forwarding;
use super::status::Status;

/// Names and values, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, Vec<u8>)>);

/// A request to switch to WebSocket (RFC 6455, section 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// The key, from which the server derives `Sec-WebSocket-Accept`.
    pub key: String,
    /// The version of the protocol.
    pub version: String,
    /// Sub-protocols that the client offers, in order of preference.
    pub protocols: Vec<String>,
}

/// A value without what HTTP takes for blanks: a proxy may take others for a part of it (RFC 9110,
/// section 5.6.3).
fn trim(value: &str) -> &str {
    value.trim_matches([' ', '\t'])
}

impl Fields {
    pub(super) fn of(fields: &[httparse::Header<'_>]) -> Self {
        Self(fields.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect())
    }

    /// The values of all fields of that name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = Result<&str, Status>> {
        let named = self.0.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name));
        named.map(|(_, value)| str::from_utf8(value).map_err(|_| Status::BadRequest))
    }

    /// The value of the only field of that name. Two are an error, since a proxy may read the
    /// other.
    pub fn only(&self, name: &str) -> Result<Option<&str>, Status> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (first, None) => Ok(first.transpose()?.map(trim)),
            (_, Some(_)) => Err(Status::BadRequest),
        }
    }

    /// The members of a comma-separated list.
    pub(super) fn list(&self, name: &str) -> Result<Vec<&str>, Status> {
        let values: Vec<_> = self.all(name).collect::<Result<_, _>>()?;
        let members = values.iter().flat_map(|value| value.split(',')).map(trim);
        Ok(members.filter(|member| !member.is_empty()).collect())
    }

    /// What proxies say of the client.
    pub(super) fn forwarding(&self) -> Forwarding {
        let all = |name: &str| {
            let named = self.0.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
            named.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
        };
        Forwarding {
            older: all("x-forwarded-for"),
            standard: all("forwarded"),
            scheme: all("x-forwarded-proto"),
        }
    }

    /// Whether the request has a body (RFC 9112, section 6).
    fn has_body(&self) -> Result<bool, Status> {
        let length = self.only("content-length")?;
        Ok(length.is_some_and(|length| length != "0") || self.all("transfer-encoding").count() > 0)
    }

    pub(super) fn upgrade(&self) -> Result<Option<Upgrade>, Status> {
        let names = |name, wanted: &str| -> Result<bool, Status> {
            Ok(self.list(name)?.iter().any(|member| member.eq_ignore_ascii_case(wanted)))
        };
        if !names("connection", "upgrade")? || !names("upgrade", "websocket")? {
            return Ok(None);
        }
        if self.has_body()? {
            // A proxy would take for the body what this server takes for frames (request
            // smuggling).
            return Err(Status::BadRequest);
        }
        let field = |name| Ok(self.only(name)?.unwrap_or_default().to_owned());
        let protocols = self.list("sec-websocket-protocol")?;
        Ok(Some(Upgrade {
            key: field("sec-websocket-key")?,
            version: field("sec-websocket-version")?,
            protocols: protocols.into_iter().map(str::to_owned).collect(),
        }))
    }
}
