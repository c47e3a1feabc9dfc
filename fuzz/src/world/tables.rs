//! Everything that can grow has a limit, and tables that belong together agree.

use chatd::chat::Chat;
use serde_json::Value;

use super::World;

// The limits, in the chat's words: rooms without people, those of them whose settings still hold,
// nicks kept for an address and in all, addresses of failed logins or of registrations, people who
// spoke in a slow room, mutes left behind, people that one can ignore, people who were ignored and
// left, former nicks of one who is ignored, and lines beyond those replayed.
const MAX_EMPTY: usize = 256;
const MAX_HOLDING: usize = 16_384;
const MAX_KEPT_EACH: usize = 64;
const MAX_KEPT: usize = 65_536;
const MAX_REMEMBERED: usize = 4096;
const MAX_SPOKE: usize = 1024;
const MAX_MUTES: usize = 1024;
const MAX_IGNORED: usize = 256;
const MAX_GONE: usize = 16_384;
const MAX_FORMER: usize = 4;
const REMEMBERED: usize = 100;

impl World {
    /// Looks at the size of all that the chat would hand over.
    pub fn check_tables(&self) {
        self.compare();
        let chat = value(&self.chat);
        let clients = &chat["clients"];
        assert_eq!(length(clients), self.here.len());
        for client in items(clients) {
            assert!(length(&client["ignores"]) <= MAX_IGNORED);
            assert!(length(&client["ignored_by"]) <= self.here.len());
            assert!(length(&client["former"]) <= MAX_FORMER);
        }
        assert_eq!(length(&chat["nicks"]["taken"]), self.here.len());
        check_kept(&chat["nicks"]["kept"]);
        self.check_room_tables(&chat["rooms"]);
        let claims = &chat["claims"];
        assert!(length(&claims["logins"]) <= MAX_REMEMBERED);
        assert!(length(&claims["registrations"]) <= MAX_REMEMBERED);
        assert!(length(&chat["mutes"]) <= MAX_MUTES);
        assert!(length(&chat["ignored"]) <= MAX_GONE);
    }

    fn check_room_tables(&self, all: &Value) {
        let rooms = items(&all["rooms"]);
        assert_eq!(length(&all["names"]), rooms.len());
        assert!(length(&all["digests"]) <= rooms.len() + self.here.len());
        let is_empty = |room: &&&Value| length(&room["members"]) == 0 && room["name"] != "lobby";
        let empty = rooms.iter().filter(is_empty).count();
        assert_eq!(length(&all["empty"]), empty);
        let holding = all.get("ends").map_or(0, length);
        assert!(holding <= MAX_HOLDING, "{holding} rooms whose settings hold");
        assert!(empty <= MAX_EMPTY + holding, "{empty} rooms without people, {holding} hold");
        for room in rooms {
            let lines = length(&room["history"]["entries"]);
            assert!(length(&room["pace"]) <= MAX_SPOKE);
            assert!(lines <= self.settings.replay.max(REMEMBERED), "{lines} lines in a room");
            let remembers = self.settings.replay > 0 || self.is_shared();
            assert!(remembers || lines == 0, "nothing is to be remembered");
        }
    }
}

fn check_kept(kept: &Value) {
    let each: Vec<_> = items(&kept["by_address"]).into_iter().map(length).collect();
    assert!(each.iter().all(|&nicks| (1..=MAX_KEPT_EACH).contains(&nicks)));
    let all: usize = each.iter().sum();
    assert!(all <= MAX_KEPT && length(&kept["until"]) <= all);
    assert_eq!(length(&kept["reviews"]), all, "each is looked at when it has run out");
}

fn value(chat: &Chat) -> Value {
    serde_json::to_value(chat).expect("it has a form in JSON")
}

/// The values of a table, whether it has keys or not.
fn items(table: &Value) -> Vec<&Value> {
    match table {
        Value::Object(object) => object.values().collect(),
        Value::Array(array) => array.iter().collect(),
        other => panic!("{other} is no table"),
    }
}

fn length(table: &Value) -> usize {
    items(table).len()
}
