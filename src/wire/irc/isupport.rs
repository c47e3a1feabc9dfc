//! RPL_ISUPPORT (005): what the server supports.

/// Parameters in one line, next to the nick and the text.
const A_LINE: usize = 13;

const TOKENS: [&str; 26] = [
    "CASEMAPPING=ascii",
    "CHANTYPES=#",
    "NICKLEN=16",
    "CHANNELLEN=33",
    "TOPICLEN=390",
    "KEYLEN=23",
    "AWAYLEN=200",
    "KICKLEN=255",
    "CHANLIMIT=#:32",
    "MAXLIST=beI:60",
    "MODES=10",
    "PREFIX=(ov)@+",
    "STATUSMSG=@+",
    "CHANMODES=beI,k,l,Cimnst",
    "EXCEPTS",
    "INVEX",
    "ELIST=MNU",
    "SAFELIST",
    "BOT=B",
    "MONITOR=100",
    "WHOX",
    "UTF8ONLY",
    "TARGMAX=NAMES:1,LIST:,KICK:4,WHOIS:1,PRIVMSG:4,NOTICE:4,TAGMSG:4,MONITOR:",
    "NETWORK=chatd",
    "CHATHISTORY=100",
    "MSGREFTYPES=timestamp,msgid",
];

/// Targets of PRIVMSG, NOTICE and TAGMSG.
pub const MAX_TARGETS: usize = 4;

/// The tokens of each line; the last two only where there is history to ask for.
pub fn isupport(has_history: bool) -> impl Iterator<Item = &'static [&'static str]> {
    let count = TOKENS.len() - if has_history { 0 } else { 2 };
    TOKENS[..count].chunks(A_LINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_has_more_than_13_tokens_or_512_bytes() {
        for line in isupport(true) {
            assert!(line.len() <= A_LINE && line.join(" ").len() < 400, "{line:?}");
        }
        assert_eq!(isupport(true).flatten().count(), TOKENS.len());
        assert!(isupport(false).flatten().all(|token| !token.starts_with("CHATHISTORY")));
    }
}
