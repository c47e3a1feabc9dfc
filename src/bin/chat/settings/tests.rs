//! Tests of the settings: a command line and a file make options.

use super::*;

const FILE: &str = "\
# at work
host = \"box7\"
port = 1235
login = \"alice\"
password-command = \"pass chat\"
tls = true
tls-ca = \"/etc/ca.pem\"
room = \"dev\"
bell = true
color = \"always\"
";

fn of(args: &str, file: &str) -> Result<Options, String> {
    with(args, false, file)
}

fn with(args: &str, has_variable: bool, file: &str) -> Result<Options, String> {
    let args = args.split_whitespace().map(OsString::from).collect();
    let file = ("chat.conf".to_owned(), file.to_owned());
    settings(args, has_variable, || Ok(Some(file))).map_err(|stop| match stop {
        Stop::Clap(error) => error.render().to_string(),
        Stop::File(text) => text,
    })
}

/// Where it connects, as whom, and with which password.
fn who(options: &Options) -> (String, Option<&str>, Option<&str>) {
    let name = options.login.as_deref().or(options.nick.as_deref());
    (options.target.to_string(), name, options.password_command.as_deref())
}

#[test]
fn the_file_says_what_the_command_line_does_not() {
    let options = of("chat", FILE).unwrap();
    assert_eq!(who(&options), ("box7:1235".to_owned(), Some("alice"), Some("pass chat")));
    assert!(options.tls && options.bell.is_on() && options.has_colours());
    assert_eq!(options.tls_ca, Some("/etc/ca.pem".into()));
    let options = of("chat --room ops --color never --bell off", FILE).unwrap();
    assert_eq!(options.room.as_deref(), Some("ops"));
    assert!(!options.has_colours() && !options.bell.is_on());
    assert_eq!(who(&of("chat x", "").unwrap()).0, "x:1234");
    assert!(of("chat", "").unwrap_err().contains("required arguments were not provided"));
}

#[test]
fn another_host_gets_no_password_and_no_trust() {
    for args in ["chat evil", "chat evil 1235", "chat box7:1", "chat box7 1", "chat unix:/box7"] {
        let options = of(args, FILE).unwrap();
        assert_eq!((who(&options).1, who(&options).2), (None, None), "{args}");
        assert!(!options.tls && options.tls_ca.is_none(), "{args}");
        assert_eq!(options.room.as_deref(), Some("dev"), "{args}");
    }
    for args in ["chat box7", "chat box7 1235", "chat box7:1235", "chat -- box7"] {
        let options = of(args, FILE).unwrap();
        assert_eq!(who(&options), ("box7:1235".to_owned(), Some("alice"), Some("pass chat")));
    }
}

#[test]
fn the_address_of_a_page_is_a_host_whatever_its_room() {
    let file = "host = \"https://box7/\"\nlogin = \"alice\"\npassword-command = \"pass chat\"\n";
    for (args, room, login) in [
        ("chat", None, Some("alice")),
        ("chat https://box7/#dev", Some("dev"), Some("alice")),
        ("chat https://box7:443/", None, Some("alice")),
        ("chat http://box7/", None, None),
        ("chat https://box7/other/", None, None),
        ("chat box7", None, None),
    ] {
        let options = of(args, file).unwrap();
        assert_eq!((options.room.as_deref(), options.login.as_deref()), (room, login), "{args}");
    }
}

#[test]
fn another_name_gets_no_password() {
    assert_eq!(who(&of("chat --nick bob", FILE).unwrap()).1, Some("bob"));
    for (args, login) in [("--nick bob", None), ("--login bob", Some("bob"))] {
        let options = of(&format!("chat {args}"), FILE).unwrap();
        assert_eq!((options.login.as_deref(), options.password_command), (login, None), "{args}");
    }
    let options = of("chat --login alice", FILE).unwrap();
    assert_eq!(options.password_command.as_deref(), Some("pass chat"));
    let options = of("chat --password-file p", FILE).unwrap();
    assert_eq!((options.password_file, options.password_command), (Some("p".into()), None));
    assert_eq!(with("chat", true, FILE).unwrap().password_command, None);
    assert!(of("chat --tls-insecure", FILE).unwrap().tls_ca.is_none());
}

#[test]
fn a_mistake_is_told_with_its_line() {
    for (file, why) in [
        ("host = \"x\"\ncolour = \"auto\"", "line 2: colour: no such setting; they are host,"),
        ("\ncolor = \"purple\"", "line 2: color: invalid value 'purple' for '--color <WHEN>'"),
        ("nick = \"two words\"", "line 1: nick: invalid value 'two words'"),
        ("host = \"a b\"", "line 1: host: invalid value 'a b'"),
        ("host = \"--tls-insecure\"", "line 1: host: it cannot begin with a dash"),
        ("host = \"x\"\nport = \"--tls-insecure\"", "line 2: port: it cannot begin with a dash"),
        ("host = \"x\"\nport = 0", "line 2: port: invalid value '0'"),
        ("nick = [\"a\", \"b\"]", "line 1: nick: expected one value"),
        ("host = \"x\"\ntls = \"yes\"", "line 2: tls: expected one value"),
        ("tls = true", "line 1: tls: it is for one host; set host, too"),
        ("host = \"x\"\npassword-file = \"y\"", "line 2: password-file: it is for an account;"),
        ("restricted = true", "line 1: restricted: no such setting"),
        ("tls-insecure = true", "line 1: tls-insecure: no such setting"),
        ("nick = alice", "line 1: nick = alice: "),
        ("host = \"x:1\"\nport = 2", "with the command line: the port is given twice"),
        ("nick = \"a\"\nhost = \"x\"\nlogin = \"b\"", "with the command line: the argument"),
    ] {
        let error = of("chat", file).unwrap_err();
        let first = error.lines().next().unwrap();
        assert!(first.starts_with(&format!("chat.conf: {why}")), "{error}");
    }
}

#[test]
fn a_restricted_session_reads_no_file() {
    let args = ["chat", "--restricted", "unix:/x"].map(OsString::from);
    let options = settings(args.to_vec(), false, || panic!("it is read")).unwrap();
    assert_eq!(options.nick, None);
}
