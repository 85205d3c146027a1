//! The rooms of the library and what each may use. `ARCHITECTURE.md` shows the same as a picture.

use std::collections::BTreeSet;

use crate::modules::Package;

/// A room: the beginning of a module's path, and the rooms that its files may use beside their own.
pub(crate) struct Room {
    pub(crate) name: &'static str,
    pub(crate) may_use: &'static [&'static str],
}

const fn room(name: &'static str, may_use: &'static [&'static str]) -> Room {
    Room { name, may_use }
}

/// The rooms of the library, from the top down. Of several that fit a file the longest name counts.
pub(crate) const LIBRARY: [Room; 16] = [
    room("main", &["lambda", "start", "config", "logging", "clock", "aws"]),
    room("lambda", &["start", "http", "relay", "domain", "clock"]),
    room(
        "start",
        &[
            "http", "relay", "inbound", "store", "defender", "entra", "aws", "config", "clock", "outbound",
            "domain",
        ],
    ),
    room("http", &["relay", "inbound", "store", "aws", "config", "clock", "domain"]),
    room("relay", &["inbound", "store", "defender", "entra", "clock", "domain"]),
    room("inbound", &["aws", "config", "domain"]),
    room("inbound::verify", &["config", "domain"]),
    room("store", &["aws", "clock", "domain"]),
    room("defender", &["entra", "outbound", "clock", "domain"]),
    room("entra", &["aws", "config", "outbound", "clock", "domain"]),
    room("aws", &["config", "outbound", "domain"]),
    room("config", &["domain"]),
    room("logging", &["clock", "domain"]),
    room("outbound", &["domain"]),
    room("clock", &["domain"]),
    room("domain", &[]),
];

/// Every file that uses a room it may not use, and every file in no room.
pub(crate) fn upward(package: &Package, rooms: &[Room]) -> Vec<String> {
    let mut found = BTreeSet::new();
    for file in package.files().filter(|file| !file.module.is_empty()) {
        let Some(own) = room_of(&file.module, rooms) else {
            found.insert(format!("{} is in no room that has a rule", file.path));
            continue;
        };
        for path in &file.uses {
            let Some(target) = package.resolve(path) else { continue };
            let Some(other) = room_of(&target.declared.module, rooms) else { continue };
            let may_use = |room: &str| other.name == room || is_part(other, room);
            let is_allowed = may_use(own.name) || own.may_use.iter().any(|room| may_use(room));
            if !is_allowed {
                let declared = &target.declared.path;
                found.insert(format!("{} ({}) uses {declared} ({})", file.path, own.name, other.name));
            }
        }
    }
    found.into_iter().collect()
}

/// Whether a room is inside the room of this name.
fn is_part(inner: &Room, outer: &str) -> bool {
    inner.name.starts_with(&format!("{outer}::"))
}

fn room_of<'a>(module: &[String], rooms: &'a [Room]) -> Option<&'a Room> {
    let path = module.join("::");
    let is_in = |room: &&Room| path == room.name || path.starts_with(&format!("{}::", room.name));
    rooms.iter().filter(is_in).max_by_key(|room| room.name.len())
}
