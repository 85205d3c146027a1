//! Reading a native request: Defender's own names, any number of machines.
//!
//! Invariant: a `Change` is whole and valid. An error names the place that is wrong.

use serde::Deserialize;

use super::change::Change;
use super::json::{of_body, unreadable};
use super::unreadable::Unreadable;
use crate::domain::request::each_once;
use crate::domain::{Action, MachineId, Priority, Tag};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a JSON object", rename_all = "PascalCase")]
struct Wire {
    value: String,
    action: String,
    machine_ids: Vec<String>,
    priority: Option<String>,
}

/// Reads a native request that names at most `machines_at_most` different machines.
pub fn read_native(body: &[u8], machines_at_most: u32) -> Result<Change, Unreadable> {
    let wire = of_body(body, parse_wire)?;
    if wire.machine_ids.is_empty() {
        return Err(Unreadable::invalid("MachineIds", "names no machine"));
    }
    let machine = |(at, text): (usize, &String)| {
        MachineId::parse(text).map_err(|error| Unreadable::invalid(&format!("MachineIds[{at}]"), error))
    };
    let machines: Vec<_> = wire.machine_ids.iter().enumerate().map(machine).collect::<Result<_, _>>()?;
    let machines = each_once(machines);
    if machines.len() > machines_at_most as usize {
        return Err(Unreadable::TooManyMachines { asked: machines.len(), allowed: machines_at_most });
    }
    Ok(Change {
        tag: Tag::parse(&wire.value).map_err(|error| Unreadable::invalid("Value", error))?,
        action: Action::parse(&wire.action).map_err(|error| Unreadable::invalid("Action", error))?,
        machines,
        priority: wire.priority.as_deref().map(parse_priority).transpose()?,
    })
}

fn parse_priority(text: &str) -> Result<Priority, Unreadable> {
    Priority::parse(text).ok_or_else(|| Unreadable::invalid("Priority", "is `urgent` or `routine`"))
}

fn parse_wire(text: &str) -> Result<Wire, Unreadable> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let wire = serde_path_to_error::deserialize(&mut reader);
    wire.map_err(|error| (error.path().to_string(), error.into_inner()))
        .and_then(|wire| reader.end().map(|()| wire).map_err(|error| (String::new(), error)))
        .map_err(|(field, error)| unreadable(text, &field, &error))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "34e83ca3feea4dbf2353006ea769262bac60025e";

    fn ids(different: usize) -> Vec<String> {
        (0..different).map(|n| format!("{n:040}")).collect()
    }

    fn read(body: &str) -> Result<Change, String> {
        read_native(body.as_bytes(), 3).map_err(|error| error.to_string())
    }

    #[test]
    fn a_good_request_is_read_and_a_machine_named_twice_kept_once() {
        let asked = read(&format!(
            r#"{{"Value": "vip", "Action": "Add", "MachineIds": ["{ID}", "{}"], "Priority": "urgent"}}"#,
            ID.to_uppercase()
        ))
        .unwrap();
        assert_eq!((asked.machines.len(), asked.priority), (1, Some(Priority::Urgent)));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let body = |value: &str, action: &str, ids: &str, more: &str| {
            format!(r#"{{"Value": {value}, "Action": {action}, "MachineIds": {ids}{more}}}"#)
        };
        let good = format!("[\"{ID}\"]");
        let cases = [
            ("empty", String::new()),
            ("truncated", r#"{"Value": "vip""#.into()),
            ("trailing comma", "{\n  \"Value\": \"vip\",\n}".into()),
            ("list that does not end", "[1,".into()),
            ("wrong field, then no end", r#"{"Value": 5,"#.into()),
            ("other white space", "\u{a0}[1]".into()),
            ("line break in a text", "{\n\"Value\": \"a\nb\"}".into()),
            ("line break in a text of one line", "{\"Value\": \"\n\"}".into()),
            ("wrong field, then a line break in a text", "{\"Value\": 5, \"Action\": \"\n\"}".into()),
            ("byte order mark, then a comma", "\u{feff},".into()),
            ("two documents", body("\"vip\"", "\"Add\"", &good, "") + " {}"),
            ("not an object", "[1]".into()),
            ("nothing", "null".into()),
            ("misspelt field", r#"{"value": "vip"}"#.into()),
            ("nameless field", r#"{"": "vip"}"#.into()),
            ("doubled field", body("\"a\"", "\"Add\"", &good, ", \"Value\": \"b\"")),
            ("missing field", r#"{"Value": "vip"}"#.into()),
            ("number for a tag", body("5", "\"Add\"", &good, "")),
            ("number for a machine", body("\"vip\"", "\"Add\"", &format!("[\"{ID}\", 7]"), "")),
            ("short machine id", body("\"vip\"", "\"Add\"", &format!("[\"{ID}\", \"34e8\"]"), "")),
            ("no machine", body("\"vip\"", "\"Add\"", "[]", "")),
            ("too many machines", body("\"vip\"", "\"Add\"", &format!("{:?}", ids(4)), "")),
            ("empty tag", body("\"\"", "\"Add\"", &good, "")),
            ("control character", body("\"a\\u0007b\"", "\"Add\"", &good, "")),
            ("unknown action", body("\"vip\"", "\"add\"", &good, "")),
            ("unknown priority", body("\"vip\"", "\"Add\"", &good, ", \"Priority\": \"high\"")),
        ];
        let shown = cases.map(|(name, body)| format!("{name}: {}", read(&body).unwrap_err())).join("\n");
        insta::assert_snapshot!(shown);
    }

    #[test]
    fn only_different_machines_count() {
        let body = |ids: &[String]| format!(r#"{{"Value": "vip", "Action": "Add", "MachineIds": {ids:?}}}"#);
        assert_eq!(read(&body(&[ids(3), ids(3)].concat())).unwrap().machines.len(), 3);
        assert!(
            read(&body(&[ids(3), ids(4)].concat())).unwrap_err().contains("at most 3 machines, this one 4")
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_request() {
        let body = format!("\u{feff}{{\"Value\": \"vip\", \"Action\": \"Add\", \"MachineIds\": [\"{ID}\"]}}");
        assert!(read(&body).is_ok());
    }

    #[test]
    fn invalid_utf_8_is_named_by_its_byte() {
        let error = read_native(b"{\"Value\": \"\xff\"}", 3).unwrap_err();
        assert_eq!(error, Unreadable::Malformed { offset: 11, problem: "invalid UTF-8".into() });
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body: Vec<u8>) {
            let _ = read_native(&body, 3);
        }

        #[test]
        fn an_offset_never_lies_beyond_the_body(body in "[\\[\\]{}\",:a1 \n\\\\]{0,40}") {
            if let Err(Unreadable::Malformed { offset, .. }) = read_native(body.as_bytes(), 3) {
                prop_assert!(offset <= body.len());
            }
        }
    }
}
