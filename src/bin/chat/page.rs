//! `Page`: links to rooms, as the page's users have them in their address bar.

use crate::cli::Target;

/// What links lead to the server that the client is connected to.
#[derive(Debug)]
pub(crate) struct Page(Target);

impl Page {
    pub(crate) fn new(target: &Target) -> Self {
        Self(target.clone())
    }

    /// The link to a room, if the page's address is known.
    pub(crate) fn link_to(&self, room: &str) -> Option<String> {
        matches!(self.0, Target::Web { .. }).then(|| format!("{}#{room}", self.0))
    }

    /// Where a link leads; `None` if it is no link to a room.
    pub(crate) fn lead_of(&self, link: &str) -> Option<Lead> {
        let Ok(page @ Target::Web { room: Some(room), .. }) = &link.parse::<Target>() else {
            return None;
        };
        let (room, at) = (room.clone(), page.authority());
        let other = |advice: &str| {
            let why = "may be another server; /join";
            Lead::Elsewhere(format!("!! {at} {why} {room} stays on this one{advice}"))
        };
        Some(match &self.0 {
            here @ Target::Web { .. } if is_same(here, page) => Lead::Here { room, told: None },
            // A client on the text wire does not know the port of the server's page.
            Target::Host { host, .. } if page.host().eq_ignore_ascii_case(host) => {
                let if_not = format!("if {at} is another server, use \"chat {link}\"");
                let told = Some(format!("-- joining {room} here; {if_not}"));
                Lead::Here { room, told }
            }
            // Over ssh, the user has no `chat` to run.
            Target::Path(_) => other(""),
            _ => other(&format!(", and \"chat {link}\" goes there")),
        })
    }
}

/// Where a link to a room leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    /// To a room of the server that the client is connected to, as far as it can tell; and what to
    /// tell the user if that is not sure.
    Here { room: String, told: Option<String> },
    /// To another server, perhaps; and what to tell the user.
    Elsewhere(String),
}

/// Whether two addresses are of one page: letters of the path have a case, those of the host none.
fn is_same(one: &Target, other: &Target) -> bool {
    match (one, other) {
        (Target::Web { is_tls, path, .. }, Target::Web { is_tls: tls, path: at, .. }) => {
            let is_same_host = one.authority().eq_ignore_ascii_case(&other.authority());
            is_tls == tls && path == at && is_same_host
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead_of(target: &str, link: &str) -> Option<Lead> {
        Page::new(&target.parse().unwrap()).lead_of(link)
    }

    #[test]
    fn a_link_to_a_room_of_this_server_is_told_from_others() {
        let dev = || Some(Lead::Here { room: "dev".to_owned(), told: None });
        assert_eq!(lead_of("https://box7/", "https://BOX7/#dev"), dev());
        assert_eq!(lead_of("http://box7/chat", "http://box7/chat/#dev"), dev());
        for no_link in ["dev", "#dev", "http://box7/", "http://box7/?#dev"] {
            assert_eq!(lead_of("http://box7/", no_link), None);
        }
        let here = "!! box8 may be another server; /join dev stays on this one";
        let told = format!("{here}, and \"chat http://box8/#dev\" goes there");
        for (target, told) in
            [("http://box7/", &*told), ("box7", &told), ("unix:/run/chatd/chatd.sock", here)]
        {
            assert_eq!(lead_of(target, "http://box8/#dev"), Some(Lead::Elsewhere(told.to_owned())));
        }
        for other in ["http://box7/Chat/#dev", "https://box7/chat/#dev", "http://box7:81/chat/#dev"]
        {
            assert!(matches!(lead_of("http://box7/chat", other), Some(Lead::Elsewhere(_))));
        }
    }

    #[test]
    fn of_a_page_on_the_same_host_it_is_not_sure_whose_it_is() {
        let told = "-- joining dev here; if box7:8080 is another server, \
                    use \"chat http://box7:8080/#dev\"";
        let lead = Lead::Here { room: "dev".to_owned(), told: Some(told.to_owned()) };
        assert_eq!(lead_of("box7:1234", "http://box7:8080/#dev"), Some(lead));
    }

    #[test]
    fn there_is_a_link_where_the_address_of_the_page_is_known() {
        let link_to = |target: &str| Page::new(&target.parse().unwrap()).link_to("dev");
        assert_eq!(link_to("https://box7").as_deref(), Some("https://box7/#dev"));
        assert_eq!(link_to("box7"), None);
    }
}
