//! Tests of the words: objects in, lines out.

use super::*;

/// What a client hears, each line behind its room; it is alice, and in the lobby with bob.
struct Test {
    translator: Translator,
    asked: Arc<AtomicUsize>,
}

impl Test {
    fn new(is_many: bool) -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let translator = Translator::new(is_many, Arc::clone(&asked));
        let mut test = Self { translator, asked };
        let welcome = r#"{"t":"welcome","server":"box7","nick":"alice","room":"lobby","here":2}"#;
        assert_eq!(test.hears(welcome), [""; 0], "the people follow");
        let people = r#"{"t":"people","room":"lobby","nicks":["alice","bob"],"here":2}"#;
        let at = if is_many { "lobby" } else { "" };
        let words = "-- Welcome to chatd on box7. You are alice, in lobby with bob (2 here).";
        assert_eq!(test.hears(people), [format!("{at}: {words}"), format!("{at}: {HINT}")]);
        test
    }

    /// One that has the answer to what it sent first.
    fn greeted() -> Self {
        let mut test = Self::new(true);
        assert_eq!(test.hears(r#"{"t":"notice","text":"echo is off"}"#), [""; 0]);
        test
    }

    fn hears(&mut self, object: &str) -> Vec<String> {
        let told = self.translator.translate(object).into_iter();
        told.map(|Told { room, line }| format!("{}: {line}", room.unwrap_or_default())).collect()
    }
}

#[test]
fn what_happens_has_the_words_of_the_text_wire() {
    let mut test = Test::greeted();
    for (object, line) in [
        (r#""said","room":"dev","nick":"bob","text":"hi","ts":1,"id":"x""#, "dev: <bob> hi"),
        (r#""said","room":"dev","nick":"ci","text":"hi","ts":1,"notice":true"#, "dev: -ci- hi"),
        (r#""emote","room":"dev","nick":"bob","text":"waves","ts":1"#, "dev: * bob waves"),
        (r#""private","from":"bob","to":"alice","text":"psst","ts":1"#, ": [from bob] psst"),
        (r#""private","from":"alice","to":"bob","text":"yes","ts":1"#, ": [to bob] yes"),
        (r#""joined","room":"dev","nick":"eve","here":3"#, "dev: -- eve joined (3 here)"),
        (
            r#""left","room":"dev","nick":"eve","here":2,"reason":"quit: x""#,
            "dev: -- eve left: quit: x (2 here)",
        ),
        (
            r#""left","room":"dev","nick":"alice","here":1,"reason":"parted""#,
            "dev: -- you left dev",
        ),
        (r#""renamed","room":"dev","from":"bob","to":"rob""#, "dev: -- bob is now rob"),
        (r#""topic","room":"dev","nick":"bob","text":"tea""#, "dev: -- bob set the topic: tea"),
        (r#""topic","room":"dev","nick":"bob","text":null"#, "dev: -- bob cleared the topic"),
        (r#""topic","room":"dev","nick":null,"text":"tea""#, "dev: -- the topic is tea"),
        (r#""topic","room":"dev","nick":null,"text":null"#, "dev: -- no topic is set"),
        (
            r#""role","room":"dev","nick":"bob","role":"voice","on":true,"by":"eve""#,
            "dev: -- eve gave bob voice",
        ),
        (
            r#""role","room":"dev","nick":"bob","role":"voice","on":false,"by":"eve""#,
            "dev: -- eve took voice from bob",
        ),
        (r#""invited","room":"ops","by":"eve""#, ": -- eve invites you to ops: /join ops"),
        (r#""notice","text":"pong""#, ": -- pong"),
        (r#""notice","text":"3 joined","room":"dev""#, "dev: -- 3 joined"),
        (r#""refused","text":"bob is taken""#, ": !! bob is taken"),
        (r#""refused","text":"you are muted","room":"dev""#, "dev: !! you are muted"),
        (r#""bye","text":"the server is going down""#, ": -- the server is going down"),
        (r#""said","room":"dev","nick":"bob","text":"a\nb\u001b","ts":1"#, "dev: <bob> ab"),
    ] {
        assert_eq!(test.hears(&format!(r#"{{"t":{object},"new":[1]}}"#)), [line], "{object}");
    }
    let kicked = r#"{"t":"kicked","room":"dev","by":"eve","why":"spam"}"#;
    assert_eq!(test.hears(kicked), ["dev: -- you left dev", ": !! kicked from dev by eve: spam"]);
    let renamed = r#"{"t":"renamed","room":"lobby","from":"alice","to":"al"}"#;
    assert_eq!(test.hears(renamed), [": -- you are now al"]);
    for nothing in [r#"{"t":"later","x":1}"#, "{", "", "[]", r#"{"t":"said"}"#] {
        assert_eq!(test.hears(nothing), [""; 0], "{nothing}");
    }
}

#[test]
fn entering_a_room_is_told_with_who_is_there() {
    let mut test = Test::greeted();
    let mut enters = |nicks: &str, here: usize| {
        test.hears(r#"{"t":"joined","room":"dev","nick":"alice","here":1}"#);
        test.hears(&format!(r#"{{"t":"people","room":"dev","nicks":[{nicks}],"here":{here}}}"#))
    };
    assert_eq!(enters(r#""alice""#, 1), ["dev: -- You are alone in dev."]);
    let told = ["dev: -- You are in dev with bob, eve and ivy (4 here)."];
    assert_eq!(enters(r#""alice","bob","eve","ivy""#, 4), told);
    let told = ["dev: -- You are in dev with 99 others (100 here)."];
    assert_eq!(enters(r#""alice","bob""#, 100), told);
    let asked = r#"{"t":"people","room":"dev","nicks":["alice","bob"],"here":2}"#;
    assert_eq!(test.hears(asked), [": -- dev (2 here): alice, bob"]);
}

#[test]
fn the_settings_of_a_room_are_told_to_whoever_asks() {
    let mut test = Test::greeted();
    let settings = r#""settings":{"hidden":false,"key":true,"limit":12}"#;
    let roles = r#""owner":null,"operators":["alice"],"voices":[],"you":"operator""#;
    let room = format!(r#"{{"t":"room","room":"dev",{settings},{roles}}}"#);
    test.hears(r#"{"t":"joined","room":"dev","nick":"alice","here":1}"#);
    test.hears(r#"{"t":"people","room":"dev","nicks":["alice"],"here":1}"#);
    assert_eq!(test.hears(&room), ["dev: -- you keep order here; /room shows the settings"]);
    test.hears(r#"{"t":"history","room":"dev","messages":[]}"#);
    assert_eq!(test.hears(&room), [""; 0], "somebody changed it");
    test.asked.store(1, Ordering::SeqCst);
    let told =
        ["dev: -- room dev: operators alice", "dev: -- settings: hidden off, key on, limit 12"];
    assert_eq!(test.hears(&room), told);
    assert_eq!(test.hears(&room), [""; 0]);

    // A room may have no history, and the lobby's settings are not told at first.
    let mut test = Test::greeted();
    let room = format!(r#"{{"t":"room","room":"lobby",{settings},{roles}}}"#);
    test.asked.store(1, Ordering::SeqCst);
    assert!(test.hears(&room)[0].starts_with("lobby: -- room lobby: operators alice"));
    assert_eq!((test.hears(&room), test.asked.load(Ordering::SeqCst)), (vec![], 0));
}

#[test]
fn what_is_old_has_a_time_and_what_is_new_if_that_is_wanted() {
    let mut test = Test::greeted();
    let old = r#"{"t":"said","room":"lobby","nick":"bob","text":"hi","ts":86400000}"#;
    let history = format!(r#"{{"t":"history","room":"lobby","messages":[{old}]}}"#);
    let told = test.hears(&history);
    assert!(told[0].starts_with("lobby: [1970-01-0") && told[0].ends_with("] <bob> hi"));
    assert_eq!(told[1..], ["lobby: -- end of history"]);
    assert_eq!(test.hears(&history).len(), 1, "it was asked for");
    let found = test.hears(&format!(r#"{{"t":"found","messages":[{old}]}}"#));
    assert!(found[0].starts_with(": [1970-01-0") && found[0].ends_with("] lobby <bob> hi"));
    assert_eq!(found[1], ": -- end of search");
    assert_eq!(test.hears(old), ["lobby: <bob> hi"]);
    test.hears(r#"{"t":"notice","text":"time is on"}"#);
    let told = test.hears(old);
    assert!(told[0].starts_with("lobby: [") && told[0].ends_with("] <bob> hi"), "{told:?}");
}

#[test]
fn a_server_that_knows_no_rooms_is_taken_as_it_is() {
    let mut test = Test::new(true);
    assert_eq!(test.hears(r#"{"t":"refused","text":"not valid"}"#), [""; 0]);
    test.hears(r#"{"t":"notice","text":"echo is off"}"#);
    let said = r#"{"t":"said","room":"lobby","nick":"bob","text":"hi","ts":1}"#;
    assert_eq!(test.hears(said), [": <bob> hi"]);
    assert_eq!(test.hears(r#"{"t":"refused","text":"no"}"#), [": !! no"]);
    // Without a hello there is nothing to refuse, and after one only that.
    let refused = r#"{"t":"refused","text":"bob is taken"}"#;
    assert_eq!(Test::new(false).hears(refused), [": !! bob is taken"]);
    let mut test = Test::new(true);
    assert_eq!(test.hears(r#"{"t":"refused","text":"not valid"}"#), [""; 0]);
    assert_eq!(test.hears(refused), [": !! bob is taken"]);
    assert_eq!(Test::new(false).hears(said), [": <bob> hi"]);
}

#[test]
fn no_object_is_too_odd() {
    let mut test = Test::greeted();
    test.hears(r#"{"t":"notice","text":"time is on"}"#);
    for ts in [i64::MIN, -377_705_116_800_000, 253_402_207_200_000, i64::MAX] {
        let said = format!(r#"{{"t":"said","room":"x","nick":"bob","text":"hi","ts":{ts}}}"#);
        assert_eq!(test.hears(&said).len(), 1);
        let history = format!(r#"{{"t":"history","room":"y","messages":[{said},{said}]}}"#);
        assert_eq!(test.hears(&history).len(), 2);
    }
    let people = r#"{"t":"people","room":"x","nicks":[],"here":0}"#;
    assert_eq!(test.hears(people), [": -- x (0 here): "]);
    test.hears(r#"{"t":"joined","room":"x","nick":"alice","here":0}"#);
    assert_eq!(test.hears(people), ["x: -- You are alone in x."]);
    let deep = r#"{"t":"history","room":"x","messages":["#.repeat(100) + &"]}".repeat(100);
    assert_eq!(test.hears(&deep), [""; 0], "deeper than any that the server sends");
}
