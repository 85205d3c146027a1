//! The machines of an item: ids in lists, in one text with separators, or under one of their names.

use std::collections::HashSet;

use serde_json::Value;

use super::path::Path;
use crate::domain::MachineId;

/// The names under which senders keep a Defender machine id.
/// Source: Microsoft, Elastic, Splunk and PagerDuty payloads, gathered in `docs/senders/README.md`.
pub(super) const MACHINE_ID_NAMES: [&str; 14] = [
    "deviceId",
    "DeviceId",
    "device_id",
    "machineId",
    "MachineId",
    "MachineIds",
    "machine_id",
    "machine_ids",
    "mdatpDeviceId",
    "MdatpDeviceId",
    "mdeDeviceId",
    "mde_device_id",
    "MdeDeviceId",
    "SenseDeviceId",
];

/// Where machine ids are.
#[derive(Debug)]
pub(super) struct Machines {
    /// Candidates, in order.
    pub(super) at: Vec<Path>,
    /// Objects that have them under one of [`MACHINE_ID_NAMES`]; looked at after the candidates, in order.
    pub(super) under: Vec<Path>,
}

/// The machine ids that were found, each once, and the number of values that were not ids.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) ids: Vec<MachineId>,
    seen: HashSet<MachineId>,
    pub(super) others: usize,
}

impl Machines {
    /// The machine ids at the first place that has any.
    pub(super) fn find(&self, item: &Value) -> Found {
        self.first(item).map(|(_, found)| found).unwrap_or_default()
    }

    /// The first place that has machine ids.
    pub(super) fn place(&self, item: &Value) -> Option<String> {
        self.first(item).map(|(place, _)| place.to_owned())
    }

    fn first(&self, item: &Value) -> Option<(&str, Found)> {
        let at = self.at.iter().map(|path| {
            let mut found = Found::default();
            path.find(item).into_iter().for_each(|value| found.take(value));
            (path.as_str(), found)
        });
        let under = self.under.iter().map(|path| {
            let mut found = Found::default();
            for object in path.find(item) {
                MACHINE_ID_NAMES
                    .iter()
                    .filter_map(|name| object.get(name))
                    .for_each(|value| found.take(value));
            }
            (path.as_str(), found)
        });
        at.chain(under).find(|(_, found)| !found.ids.is_empty())
    }

    /// The places where it looks, for messages.
    pub(super) fn places(&self) -> String {
        let places = |paths: &[Path]| paths.iter().map(Path::as_str).collect::<Vec<_>>().join(", ");
        let at = places(&self.at);
        let under = places(&self.under);
        let under = format!("under {under} by one of the names {}", MACHINE_ID_NAMES.join(", "));
        match (self.at.is_empty(), self.under.is_empty()) {
            (_, true) => at,
            (true, false) => under,
            (false, false) => format!("{at}; {under}"),
        }
    }
}

impl Found {
    /// Takes the ids of a list, or of a text with one or several ids. A value that is not an id as a whole names no
    /// machine.
    fn take(&mut self, value: &Value) {
        match value {
            Value::Array(values) => {
                for value in values.iter().filter(|value| value.is_string()) {
                    self.take(value);
                }
            }
            Value::String(text) => {
                for text in text.split([',', ';', ' ', '\t', '\r', '\n']) {
                    self.take_text(text);
                }
            }
            _ => {}
        }
    }

    fn take_text(&mut self, text: &str) {
        match MachineId::parse(text) {
            Ok(id) if self.seen.insert(id) => self.ids.push(id),
            Ok(_) => {}
            Err(_) => self.others += usize::from(!text.is_empty()),
        }
    }
}
