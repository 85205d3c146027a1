//! The engine that reads a body by paths.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::event::{EventTime, find_event_id};
use super::found_at::FoundAt;
use super::machines::Machines;
use super::path::Path;
use super::state::{Kind, OnResolved, State};
use super::value::ValueSource;
use crate::domain::{Action, MachineId, Tag, Timestamp};
use crate::inbound::read::change::Change;
use crate::inbound::read::contents::{Contents, Ignored, REQUESTS_PER_DELIVERY};
use crate::inbound::read::json::parse_json;
use crate::inbound::read::unreadable::Unreadable;

/// Items a body may have.
const ITEMS_MAX: usize = 1000;
/// Texts with JSON inside that a body may have.
const EMBEDDED_MAX: usize = 10;

/// Where things are in a sender's body.
#[derive(Debug)]
pub(in crate::inbound) struct PathReader {
    /// Texts that hold JSON; they are read first.
    pub(super) embedded: Vec<Path>,
    /// The items that are read one by one; none if the body is one item.
    pub(super) each: Option<Path>,
    pub(super) machines: Machines,
    pub(super) tag: ValueSource<Tag>,
    pub(super) action: ValueSource<Action>,
    pub(super) state: Option<State>,
    pub(super) on_resolved: OnResolved,
    pub(super) event_id: Vec<Path>,
    pub(super) time: Option<EventTime>,
}

/// Changes by action and tag. Removals sort first, so that a machine with one alert resolved and another one
/// firing ends with its tag.
type Changes = BTreeMap<(std::cmp::Reverse<Action>, Tag), Once>;

/// Machines, each once, in the order of their first appearance.
#[derive(Debug, Default)]
struct Once {
    machines: Vec<MachineId>,
    seen: HashSet<MachineId>,
}

impl Once {
    /// How many of these are new.
    fn add(&mut self, machines: &[MachineId]) -> usize {
        let before = self.machines.len();
        self.machines.extend(machines.iter().filter(|machine| self.seen.insert(**machine)));
        self.machines.len() - before
    }
}

impl PathReader {
    /// Every tag that is known before any body is read.
    pub(in crate::inbound) fn known_tags(&self) -> Vec<&Tag> {
        self.tag.known()
    }

    /// Every action that is known before any body is read.
    pub(in crate::inbound) fn known_actions(&self) -> Vec<Action> {
        let resolved = (self.on_resolved == OnResolved::Remove).then_some(Action::Remove);
        self.action.known().into_iter().copied().chain(resolved).collect()
    }

    /// Reads a body that names at most `machines_at_most` machines.
    pub(in crate::inbound::read) fn read(
        &self,
        body: &[u8],
        machines_at_most: u32,
        now: Timestamp,
    ) -> Result<Contents, Unreadable> {
        let document = self.parse(body)?;
        if let Some(time) = &self.time {
            time.check(&document, now)?;
        }
        let items = self.items(&document);
        if items.len() > ITEMS_MAX {
            return Err(Unreadable::TooMuch { what: "alerts", found: items.len(), allowed: ITEMS_MAX });
        }
        let (changes, ignored) = self.changes(&items, machines_at_most)?;
        if changes.is_empty() && ignored.is_none() {
            return Err(Unreadable::NoMachine { places: self.places() });
        }
        let asked = changes.into_iter().map(|((action, tag), machines)| Change {
            tag,
            action: action.0,
            machines: machines.machines,
            priority: None,
        });
        let asked: Vec<_> = asked.collect();
        let ignored = ignored.filter(|_| asked.is_empty());
        let event_id = find_event_id(&self.event_id, &document);
        Ok(Contents { asked, ignored, event_id, fresh_for_s: self.time.as_ref().map(EventTime::fresh_for_s) })
    }

    /// Where the values of a body are that can be read.
    pub(in crate::inbound::read) fn explain(&self, body: &[u8]) -> Result<FoundAt, Unreadable> {
        let document = self.parse(body)?;
        let mut found = self.found_at(&self.items(&document));
        if find_event_id(&self.event_id, &document).is_some() {
            found.event_id.extend(self.event_id.iter().map(|path| path.as_str().to_owned()));
        }
        found.lacks_event_id = found.event_id.is_empty() && !self.event_id.is_empty();
        Ok(found)
    }

    /// Where the items that ask for something have their machines, tag and action.
    fn found_at(&self, items: &[&Value]) -> FoundAt {
        let mut found = FoundAt { items: items.len(), ..FoundAt::default() };
        for item in items {
            let kind = self.state.as_ref().map_or(Kind::Active, |state| state.kind(item));
            let asks = match kind {
                Kind::Active => true,
                Kind::Resolved => self.on_resolved == OnResolved::Remove,
                Kind::Other => false,
            };
            if !asks {
                continue;
            }
            let Some(place) = self.machines.place(item) else { continue };
            found.machines.insert(place);
            found.state.extend(self.state.as_ref().and_then(|state| state.place(item)).map(str::to_owned));
            found.tag.extend(self.tag.place(item).map(str::to_owned));
            if matches!(kind, Kind::Active) {
                found.action.extend(self.action.place(item).map(str::to_owned));
            }
        }
        found
    }

    fn parse(&self, body: &[u8]) -> Result<Value, Unreadable> {
        let mut document = parse_json(body)?;
        self.unfold(&mut document)?;
        Ok(document)
    }

    /// What is read one by one.
    fn items<'a>(&self, document: &'a Value) -> Vec<&'a Value> {
        self.each.as_ref().map_or_else(|| vec![document], |each| each.find(document))
    }

    /// Replaces each text that holds JSON by that JSON.
    fn unfold(&self, document: &mut Value) -> Result<(), Unreadable> {
        for path in &self.embedded {
            let places = path.pointers(document);
            if places.len() > EMBEDDED_MAX {
                let what = "texts with JSON inside";
                let found = places.len();
                return Err(Unreadable::TooMuch { what, found, allowed: EMBEDDED_MAX });
            }
            for place in places {
                let Some(value) = document.pointer_mut(&place) else { continue };
                let Some(text) = value.as_str() else { continue };
                *value = parse_json(text.as_bytes()).map_err(|error| inside(path, error))?;
            }
        }
        Ok(())
    }

    fn changes(&self, items: &[&Value], at_most: u32) -> Result<(Changes, Option<Ignored>), Unreadable> {
        let mut changes = Changes::new();
        let mut ignored = None;
        let mut total = 0;
        let mut others = 0;
        let mut missing = false;
        for item in items {
            let (actions, why) = self.actions(item)?;
            ignored = ignored.or(why);
            if actions.is_empty() {
                continue;
            }
            let found = self.machines.find(item);
            others += found.others;
            missing |= found.ids.is_empty();
            if found.ids.is_empty() {
                continue;
            }
            for action in actions {
                for tag in self.tag.values(item, "tag")? {
                    total += changes.entry((std::cmp::Reverse(action), tag)).or_default().add(&found.ids);
                    check_size(&changes, total, at_most)?;
                }
            }
        }
        if others > 0 {
            tracing::warn!(values = others, "values that are no machine ids stand where machine ids are");
        }
        Ok((changes, ignored.filter(|_| !missing)))
    }

    /// The actions that an item asks for, or the reason why it asks for none.
    fn actions(&self, item: &Value) -> Result<(Vec<Action>, Option<Ignored>), Unreadable> {
        let kind = self.state.as_ref().map_or(Kind::Active, |state| state.kind(item));
        match kind {
            Kind::Active => Ok((self.action.values(item, "action")?, None)),
            Kind::Resolved if self.on_resolved == OnResolved::Remove => Ok((vec![Action::Remove], None)),
            Kind::Resolved => Ok((Vec::new(), Some(Ignored::Resolved))),
            Kind::Other => Ok((Vec::new(), Some(Ignored::OtherState))),
        }
    }

    fn places(&self) -> String {
        let places = self.machines.places();
        match &self.each {
            Some(each) => format!("in each of {}: {places}", each.as_str()),
            None => places,
        }
    }
}

/// The error for JSON inside a text, with the byte counted from the beginning of that text.
fn inside(path: &Path, error: Unreadable) -> Unreadable {
    let Unreadable::Malformed { offset, problem } = error else { return error };
    let problem = format!("holds JSON in a text, which is not well-formed: {problem}, at its byte {offset}");
    Unreadable::Invalid { field: path.as_str().into(), problem }
}

fn check_size(changes: &Changes, machines: usize, machines_at_most: u32) -> Result<(), Unreadable> {
    if machines > machines_at_most as usize {
        return Err(Unreadable::TooManyMachines { asked: machines, allowed: machines_at_most });
    }
    if changes.len() > REQUESTS_PER_DELIVERY {
        let what = "pairs of tag and action";
        let found = changes.len();
        return Err(Unreadable::TooMuch { what, found, allowed: REQUESTS_PER_DELIVERY });
    }
    Ok(())
}
