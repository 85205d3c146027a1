use proptest::prelude::*;
use serde_json::{Value, json};

use super::config::parse_read;
use crate::config::read_config;
use crate::domain::{Action, MachineId, Timestamp};
use crate::inbound::read::contents::{Contents, Ignored};

const A: &str = "34e83ca3feea4dbf2353006ea769262bac60025e";
const B: &str = "443d5d95ea55098a1f2f5f5c3f8d1f1fedb47370";

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000)
}

fn read(rules: &Value, body: &Value) -> Result<Contents, String> {
    let mut rules = rules.clone();
    if rules.get("tag").is_none() {
        rules["tag"] = "vip".into();
    }
    let reader = read_config(&rules.to_string(), parse_read).unwrap().unwrap();
    reader.read(body.to_string().as_bytes(), 5, now()).map_err(|error| error.to_string())
}

/// The machines read, request by request.
fn machines(rules: &Value, body: &Value) -> Vec<Vec<String>> {
    let shown = |machines: Vec<MachineId>| machines.iter().map(MachineId::to_string).collect();
    read(rules, body).unwrap().asked.into_iter().map(|asked| shown(asked.machines)).collect()
}

#[test]
fn the_first_place_with_a_machine_id_counts() {
    let rules = json!({ "machines": ["$.dest", "$.id"], "machines_under": ["$"] });
    assert_eq!(machines(&rules, &json!({ "dest": "PC1", "id": A, "DeviceId": B })), [[A]]);
    assert_eq!(machines(&rules, &json!({ "dest": "PC1", "DeviceId": B })), [[B]]);
    assert_eq!(machines(&rules, &json!({ "dest": A, "id": B })), [[A]]);
}

#[test]
fn ids_stand_in_lists_or_in_one_text_and_each_counts_once() {
    let rules = json!({ "machines": ["$.m"] });
    for m in [
        json!([A, B]),
        json!(format!("{A},{B}")),
        json!(format!("{A}; {B} ")),
        json!(format!("{A}\n{B}\r\n{A}")),
        json!([format!("{A}\t{}", B.to_uppercase()), null, 7, "PC1"]),
        json!([[A], [B]].concat()),
    ] {
        assert_eq!(machines(&rules, &json!({ "m": m })), [[A, B]], "{m}");
    }
}

#[test]
fn what_is_no_id_as_a_whole_names_no_machine() {
    let rules = json!({ "machines": ["$.m"] });
    for m in
        [json!(format!("PC-{A}")), json!(format!("{A}0")), json!(&A[1..]), json!({ "id": A }), json!(null)]
    {
        assert!(read(&rules, &json!({ "m": m })).unwrap_err().starts_with("no machine id"), "{m}");
    }
}

#[test]
fn a_tag_and_an_action_are_found_and_translated() {
    let rules = json!({
        "machines": ["$.m"], "tag": { "from": ["$.none", "$.tags"], "map": { "bad": "contain", "odd": "watch" } },
        "action": { "from": ["$.do"], "map": { "on": "Add", "off": "Remove" } },
    });
    let found = read(&rules, &json!({ "m": A, "tags": ["odd", "bad"], "do": "off" })).unwrap().asked;
    let found: Vec<_> = found.iter().map(|asked| (asked.tag.as_str(), asked.action)).collect();
    assert_eq!(found, [("contain", Action::Remove), ("watch", Action::Remove)]);
    let unknown = read(&rules, &json!({ "m": A, "tags": "good", "do": "on" })).unwrap_err();
    assert_eq!(unknown, "$.tags: `good` is not in the tag's `map` (bad, odd)");
    let missing = read(&rules, &json!({ "m": A, "do": "on" })).unwrap_err();
    assert_eq!(missing, "$.none: no tag; looked at $.none, $.tags");
}

#[test]
fn states_decide_what_an_item_asks_for() {
    let state = json!({ "from": ["$.s"], "active": ["on"], "resolved": ["off"] });
    let of = |on_resolved: &str, status: &str| {
        let rules = json!({ "machines": ["$.m"], "state": state, "on_resolved": on_resolved });
        let read = read(&rules, &json!({ "m": A, "s": status })).unwrap();
        (read.asked.first().map(|asked| asked.action), read.ignored)
    };
    assert_eq!(of("ignore", "On"), (Some(Action::Add), None));
    assert_eq!(of("ignore", "off"), (None, Some(Ignored::Resolved)));
    assert_eq!(of("Remove", "off"), (Some(Action::Remove), None));
    assert_eq!(of("Remove", "noted"), (None, Some(Ignored::OtherState)));
}

#[test]
fn an_item_without_a_machine_is_told_even_if_another_is_ignored() {
    let rules = json!({
        "each": "$.a[*]", "machines": ["$.m"], "state": { "from": ["$.s"], "resolved": ["off"] },
    });
    let body = json!({ "a": [{ "s": "off", "m": A }, { "s": "on", "m": "PC1" }] });
    assert!(read(&rules, &body).unwrap_err().contains("in each of $.a[*]: $.m"));
}

#[test]
fn json_inside_a_text_is_read_as_json() {
    let rules = json!({ "embedded": ["$.r"], "machines_under": ["$.r[*]"] });
    let rows = json!([{ "DeviceId": A }, { "DeviceId": B }]);
    assert_eq!(machines(&rules, &json!({ "r": rows.to_string() })), [[A, B]]);
    assert_eq!(machines(&rules, &json!({ "r": rows })), [[A, B]]);
    let cut = &rows.to_string()[..20];
    assert!(read(&rules, &json!({ "r": cut })).unwrap_err().contains("at its byte 20"));
}

#[test]
fn no_more_is_read_than_a_request_may_have() {
    let ids: Vec<_> = (0..6).map(|n| format!("{n:040x}")).collect();
    let rules = json!({ "machines": ["$.m"] });
    assert!(read(&rules, &json!({ "m": ids })).unwrap_err().contains("at most 5 machines"));
    let tags: Vec<_> = (0..11).map(|n| n.to_string()).collect();
    let many = json!({ "machines": ["$.m"], "tag": { "from": ["$.t"] } });
    let few = MachineId::from_bytes([1; 20]).to_string();
    assert!(read(&many, &json!({ "m": few, "t": tags[..5] })).is_ok());
    assert!(read(&many, &json!({ "m": few, "t": tags })).is_err());
}

#[test]
fn an_event_is_told_from_others_by_all_its_parts_in_whatever_order() {
    let rules = json!({ "machines": ["$.m"], "event_id": ["$.g", "$.f[*]"] });
    let id = |g: Value, f: Value| read(&rules, &json!({ "m": A, "g": g, "f": f })).unwrap().event_id;
    let first = id(json!("g"), json!(["1", "2"]));
    assert!(first.is_some());
    assert_eq!(first, id(json!("g"), json!(["2", "1"])));
    for other in
        [id(json!("g"), json!(["1"])), id(json!("h"), json!(["1", "2"])), id(json!("g"), json!(["12"]))]
    {
        assert!(other.is_some() && other != first);
    }
    assert_eq!(id(json!(""), json!(["1"])), None, "a part is missing");
}

#[test]
fn an_event_is_taken_within_its_hours_only() {
    let rules = json!({ "machines": ["$.m"], "time": { "from": ["$.t"], "within_hours": 2 } });
    let taken = |s: i64| read(&rules, &json!({ "m": A, "t": now().plus_ms(s * 1000).to_string() })).is_ok();
    assert_eq!([-7200, 0, 300].map(taken), [true; 3]);
    assert_eq!([-7201, 301].map(taken), [false; 2]);
    assert!(read(&rules, &json!({ "m": A, "t": "yesterday" })).is_err());
}

proptest! {
    #[test]
    fn whatever_stands_around_it_an_id_is_found_only_as_a_whole(before in "[a-f0-9, -]{0,3}", after in "[a-f0-9; -]{0,3}") {
        let whole = |text: &str| text.is_empty() || text.ends_with([',', ' ', ';']);
        let stands_alone = whole(&before) && (after.is_empty() || after.starts_with([',', ' ', ';']));
        let found = read(&json!({ "machines": ["$.m"] }), &json!({ "m": format!("{before}{A}{after}") }));
        prop_assert_eq!(found.is_ok(), stands_alone);
    }
}
