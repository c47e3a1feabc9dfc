//! Snapshots and rosters of older versions, and damaged ones.

use super::*;
use crate::chat::{BanChange, Mask, Now, RoomRecord, Settings};
use crate::cluster::{ClusterKey, Node, NodeOptions, NodeOrigin};
use crate::restart::record::{EMPTY_SLOT, RECORD, room_slot, rooms_in};
use crate::wire::Incoming;
use serde_json::Value;

/// Written by these versions. Never change them.
const SNAPSHOT_1: &[u8] = include_bytes!("../../../tests/data/snapshot-v1");
const SNAPSHOT_2: &[u8] = include_bytes!("../../../tests/data/snapshot-v2");
const ROSTER_1: &[u8] = include_bytes!("../../../tests/data/roster-v1");

/// Checks that everything in `old` is in `new`, which may have more; `path` is for the message.
fn assert_kept(old: &Value, new: &Value, path: &str) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old.iter().filter(|(key, _)| *key != "version") {
                let path = format!("{path}.{key}");
                assert_kept(value, new.get(key).unwrap_or(&Value::Null), &path);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (number, (old, new)) in old.iter().zip(new).enumerate() {
                assert_kept(old, new, &format!("{path}.{number}"));
            }
        }
        _ => assert_eq!(old, new, "{path}"),
    }
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// Checks that nothing of `old` is lost. `bytes_of` returns a client's bytes beside the JSON.
fn assert_all_kept(old: &[u8], bytes_of: fn(SavedClient, Vec<u8>) -> Vec<u8>) {
    let end = old.iter().position(|&byte| byte == b'\n').unwrap();
    let mut snapshot = Snapshot::from_bytes(old.to_vec()).unwrap();
    let new = serde_json::to_vec(&snapshot).unwrap();
    let mut expected = json(&old[..end]);
    if let Some(bans) = expected["chat"].as_object_mut().unwrap().remove("orders") {
        expected["unsaved_bans"] = bans;
    }
    assert_kept(&expected, &json(&new), "snapshot");
    let clients = snapshot.take_clients().into_iter();
    let bytes: Vec<_> = clients.map(|(client, queue)| bytes_of(client, queue)).collect();
    assert_eq!(bytes.concat(), old[end + 1..]);
}

#[test]
fn nothing_of_a_snapshot_of_version_1_is_lost() {
    assert_all_kept(SNAPSHOT_1, |_, queue| queue);
}

#[test]
fn nothing_of_a_snapshot_of_version_2_is_lost() {
    assert_all_kept(SNAPSHOT_2, |mut client, queue| {
        [queue, client.session.decoder.take_bytes()].concat()
    });
}

#[test]
fn nothing_of_a_roster_of_version_1_is_lost() {
    let old: Vec<_> =
        ROSTER_1.chunks(RECORD).filter(|slot| slot != &EMPTY_SLOT).map(json).collect();
    let records: Vec<_> = Record::all_in(ROSTER_1).map(Result::unwrap).collect();
    assert_eq!((old.len(), records.len()), (7, 7));
    for (old, new) in old.iter().zip(records) {
        assert_kept(old, &json(&new.to_slot().unwrap()), "record");
    }
}

#[test]
fn what_is_cut_off_anywhere_is_refused_without_a_panic() {
    for snapshot in [SNAPSHOT_1, SNAPSHOT_2] {
        for length in 0..snapshot.len() {
            assert!(Snapshot::from_bytes(snapshot[..length].to_vec()).is_err(), "{length}");
        }
    }
}

/// The snapshot of a process that has run for so many seconds, in a cluster that has for 1000 and
/// that somebody said something in at 900.
fn of_a_node(uptime: u64) -> Result<Snapshot, String> {
    let (now, chat) = (Now::default(), Chat::new(Settings::default()));
    let (chat, node) = Node::new(options(), chat, now).into_saved();
    let mut snapshot = Snapshot::new(Duration::from_secs(uptime), ClientId(1), chat);
    snapshot.node = Some(node);
    let mut json = serde_json::to_value(&snapshot).unwrap();
    let at = |secs: u64| serde_json::json!({"secs": secs, "nanos": 0});
    let spoke = serde_json::json!({"at": at(900), "client": 1, "from": "::1", "login": null});
    json["chat"]["rooms"]["rooms"]["0"]["pace"] = serde_json::json!([spoke]);
    json["node"]["uptime"] = at(1000);
    json["node"]["fork"] = Value::Null;
    Snapshot::from_bytes(format!("{json}\n").into())
}

fn options() -> NodeOptions {
    NodeOptions {
        name: "box7".to_owned(),
        has_archive: false,
        lineage: None,
        was: None,
        keeps_clients: false,
        roll: Vec::new(),
        key: ClusterKey::new(&[1; 32]).unwrap(),
        random: Box::new(|| [2; 16]),
    }
}

#[test]
fn the_chat_of_a_node_has_the_clock_of_its_cluster() {
    for (uptime, without_cluster) in [(5, 1000), (5000, 5000)] {
        let mut snapshot = of_a_node(uptime).unwrap();
        snapshot.adopt_chat_clock();
        assert_eq!(snapshot.uptime, Duration::from_secs(without_cluster));
    }
}

#[test]
fn a_roster_says_what_the_process_is_in_its_cluster_and_older_programs_skip_it() {
    let slot = Record::of_node(NodeOrigin([7; 16])).to_slot().unwrap();
    let record = Record::all_in(&slot).next().unwrap().unwrap();
    assert_eq!((record.node, record.id), (Some(NodeOrigin([7; 16])), ClientId::NOBODY));
    // They read what they know, and find no connection of that name.
    let fields = ["version", "id", "dialect", "presence"];
    assert!(fields.iter().all(|field| !json(&slot)[field].is_null()));
}

/// A snapshot of two clients, each in the middle of a line, with `from` replaced by `to`.
fn damaged(from: &str, to: &str) -> Result<Snapshot, String> {
    damaged_by(|json| {
        assert!(json.contains(from), "{json}");
        json.replace(from, to)
    })
}

/// A snapshot of two clients, each in the middle of a line, whose JSON was changed.
fn damaged_by(change: impl FnOnce(String) -> String) -> Result<Snapshot, String> {
    let chat = Chat::new(Settings::default());
    let mut snapshot = Snapshot::new(Duration::ZERO, ClientId(3), chat);
    for id in [1, 2] {
        let mut decoder = Dialect::default().decoder();
        assert_eq!(decoder.next(&mut &b"hel"[..], 64), None);
        let (bucket, heard) = (Bucket::new(1, Duration::ZERO), Duration::ZERO);
        let session = SavedSession { decoder, bucket, heard, is_settled: true, is_unheard: false };
        let addr = Remote::of(([192, 0, 2, 1], 1024).into());
        let speech = Speech::new(Dialect::default(), "box7");
        assert!(snapshot.add(ClientId(id), addr, speech, session, b"hi"));
    }
    let json = serde_json::to_string(&snapshot).unwrap();
    Snapshot::from_bytes(format!("{}\nhihelhihel", change(json)).into())
}

#[test]
fn what_does_not_belong_together_is_refused() {
    assert!(damaged("lobby", "lobby").is_ok());
    let most = format!(r#""queued":{}"#, usize::MAX);
    let long = format!(r#""uptime":{{"secs":{}"#, u64::MAX);
    let spoils = [
        (r#""queued":2"#, most.as_str()),
        (r#""uptime":{"secs":0"#, &long),
        (r#""names":{"lobby":0}"#, r#""names":{}"#),
        (r#""next_try":{"secs":0"#, r#""next_try":{"secs":60"#),
    ];
    for (from, to) in spoils {
        assert!(damaged(from, to).is_err(), "{to}");
    }
}

#[test]
fn changes_of_bans_that_an_older_chat_had_are_still_to_be_saved() {
    let orders = r#""orders":{"list":[{"by":1,"order":{"Unban":"eve"},"has_failed":true}],"next_try":{"secs":0,"nanos":0}}"#;
    let chat = |json: String| json.replace(r#""mutes":"#, &format!(r#"{orders},"mutes":"#));
    let mut older = damaged_by(|json| chat(json.replace("unsaved_bans", "unknown"))).unwrap();
    let change = BanChange::Unban(Mask::new("eve").unwrap());
    let due = older.take_unsaved_bans().take_due(Duration::ZERO);
    assert_eq!(due, Some((ClientId(1), change)));
}

#[test]
fn a_line_that_cannot_be_that_long_is_too_long() {
    let mut snapshot = damaged(r#""length":3"#, &format!(r#""length":{}"#, usize::MAX)).unwrap();
    let (mut client, _) = snapshot.take_clients().remove(0);
    let next = client.session.decoder.next(&mut &b"lo\n"[..], 64);
    let next = match next {
        Some(Incoming::BareLineFeeds) => client.session.decoder.next(&mut &b""[..], 64),
        other => other,
    };
    assert_eq!(next, Some(Incoming::TooLong { bytes: usize::MAX, limit: 64 }));
}

#[test]
fn the_longest_record_of_a_room_fits_without_some_of_its_roles() {
    let nicks: Vec<_> = (0..40).map(|number| format!("x{number:0>15}")).collect();
    let room = serde_json::json!({
        "name": "r".repeat(32), "slow": {"secs": 3600, "nanos": 0}, "invite-only": true,
        "key": "\\".repeat(23), "hidden": true, "moderated": true, "topic-lock": true,
        "limit": 9999, "outside": true, "ctcp": false, "operators": nicks, "voices": nicks,
    });
    let record: RoomRecord = serde_json::from_value(room).unwrap();
    let slot = room_slot(record.clone()).unwrap();
    let roster = [&EMPTY_SLOT[..], &slot[..], &ROSTER_1[..RECORD]].concat();
    let rooms: Vec<_> = rooms_in(&roster).collect();
    let mut kept = record;
    while kept != rooms[0] {
        assert!(kept.forget_a_role());
    }
    assert_eq!((rooms.len(), Record::all_in(&roster).count()), (1, 1));
}
