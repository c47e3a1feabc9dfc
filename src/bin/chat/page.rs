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

    /// The room that a link leads to.
    ///
    /// # Errors
    /// What to tell the user if it may be a room of another server; `None` if it is no link.
    pub(crate) fn room_of(&self, link: &str) -> Result<String, Option<String>> {
        let Ok(page @ Target::Web { room: Some(room), .. }) = &link.parse::<Target>() else {
            return Err(None);
        };
        let is_here = match &self.0 {
            Target::Web { .. } => self.0.to_string().eq_ignore_ascii_case(&page.to_string()),
            // Where its page is, the text wire does not tell.
            Target::Host { host, .. } => page.host().eq_ignore_ascii_case(host),
            Target::Path(_) => false,
        };
        let host = page.authority();
        let why = || {
            format!(
                "!! {host} may be another server: /join {room} is for this one, chat {link} for that"
            )
        };
        if is_here { Ok(room.clone()) } else { Err(Some(why())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room_of(target: &str, link: &str) -> Result<String, Option<String>> {
        Page::new(&target.parse().unwrap()).room_of(link)
    }

    #[test]
    fn a_link_to_a_room_of_this_server_is_told_from_others() {
        let dev = Ok("dev".to_owned());
        assert_eq!(room_of("https://box7/", "https://BOX7/#dev"), dev);
        assert_eq!(room_of("box7:1234", "http://box7:8080/#dev"), dev);
        assert_eq!(room_of("http://box7/chat", "http://box7/chat/#dev"), dev);
        for no_link in ["dev", "#dev", "http://box7/", "http://box7/?#dev"] {
            assert_eq!(room_of("http://box7/", no_link), Err(None));
        }
        let told = "!! box8 may be another server: /join dev is for this one, \
                    chat http://box8/#dev for that";
        for target in ["http://box7/", "box7", "unix:/run/chatd/chatd.sock"] {
            assert_eq!(room_of(target, "http://box8/#dev"), Err(Some(told.to_owned())));
        }
    }

    #[test]
    fn there_is_a_link_where_the_address_of_the_page_is_known() {
        let link_to = |target: &str| Page::new(&target.parse().unwrap()).link_to("dev");
        assert_eq!(link_to("https://box7").as_deref(), Some("https://box7/#dev"));
        assert_eq!(link_to("box7"), None);
    }
}
