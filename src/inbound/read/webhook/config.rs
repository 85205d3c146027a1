//! How a source's bodies are read, from its part of the configuration.
//!
//! Invariant: what a source says stands in the place of what its preset says, field by field.

use serde::Deserialize;

use super::event::EventTime;
use super::machines::Machines;
use super::path::Path;
use super::path_reader::PathReader;
use super::presets;
use super::state::{OnResolved, State};
use super::value::{ValueSource, WireValue};
use crate::domain::{Action, Tag};

/// Hours an event may be old at most: less than the week for which what became of it is kept.
const EVENT_AGE_MAX_HOURS: u32 = 144;
/// Texts a list of states may have.
const STATES_MAX: usize = 30;

/// The shape of a preset's file, and of a source's `read`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::inbound) struct WireRead {
    /// For people.
    #[serde(rename = "about")]
    _about: Option<String>,
    preset: Option<String>,
    embedded: Option<Vec<String>>,
    each: Option<String>,
    machines: Option<Vec<String>>,
    machines_under: Option<Vec<String>>,
    tag: Option<WireValue>,
    action: Option<WireValue>,
    state: Option<WireState>,
    on_resolved: Option<String>,
    event_id: Option<Vec<String>>,
    time: Option<WireTime>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireState {
    from: Vec<String>,
    active: Option<Vec<String>>,
    resolved: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireTime {
    from: Vec<String>,
    within_hours: u32,
}

/// A part of the configuration, its faults kept with the others under its name.
fn part<T>(name: &str, result: Result<T, String>, faults: &mut Vec<String>) -> Option<T> {
    result.map_err(|problem| faults.push(format!("read.{name}: {problem}"))).ok()
}

impl WireRead {
    /// Reads where things are in a sender's body; nowhere, if it is a native request.
    pub(in crate::inbound::read) fn parse(self) -> Result<Option<PathReader>, Vec<String>> {
        match self.preset.as_deref() {
            None => self.path_reader().map(Some),
            Some(presets::NATIVE) if self.is_bare() => Ok(None),
            Some(presets::NATIVE) => Err(vec!["read: the preset `native` takes nothing beside it".into()]),
            Some(name) => match presets::text(name) {
                None => Err(vec![format!("read.preset is unknown; it is one of: {}", presets::names())]),
                Some(text) => {
                    let preset = serde_json::from_str(text);
                    let preset = preset
                        .map_err(|error| vec![format!("the preset `{name}` cannot be read: {error}")])?;
                    self.or(preset).path_reader().map(Some)
                }
            },
        }
    }

    fn is_bare(&self) -> bool {
        let paths = [&self.embedded, &self.machines, &self.machines_under, &self.event_id];
        let values = [&self.tag, &self.action];
        paths.iter().all(|list| list.is_none())
            && values.iter().all(|value| value.is_none())
            && self.each.is_none()
            && self.state.is_none()
            && self.on_resolved.is_none()
            && self.time.is_none()
    }

    fn or(self, preset: Self) -> Self {
        // Its own places of machines replace both of the preset's kinds.
        let own = self.machines.is_some() || self.machines_under.is_some();
        let preset_machines = if own { (None, None) } else { (preset.machines, preset.machines_under) };
        Self {
            _about: None,
            preset: None,
            embedded: self.embedded.or(preset.embedded),
            each: self.each.or(preset.each),
            machines: self.machines.or(preset_machines.0),
            machines_under: self.machines_under.or(preset_machines.1),
            tag: self.tag.or(preset.tag),
            action: self.action.or(preset.action),
            state: self.state.or(preset.state),
            on_resolved: self.on_resolved.or(preset.on_resolved),
            event_id: self.event_id.or(preset.event_id),
            time: self.time.or(preset.time),
        }
    }

    fn path_reader(self) -> Result<PathReader, Vec<String>> {
        let mut faults = Vec::new();
        let embedded = part("embedded", candidates(self.embedded.as_deref()), &mut faults);
        let each = part("each", self.each.as_deref().map(Path::parse).transpose(), &mut faults);
        let at = part("machines", candidates(self.machines.as_deref()), &mut faults);
        let under = part("machines_under", candidates(self.machines_under.as_deref()), &mut faults);
        let tag = part("tag", self.tag(), &mut faults);
        let action = part("action", self.action(), &mut faults);
        let state = part("state", self.state.as_ref().map(WireState::parse).transpose(), &mut faults);
        let on_resolved = part("on_resolved", self.on_resolved(), &mut faults);
        let event_id = part("event_id", candidates(self.event_id.as_deref()), &mut faults);
        let time = part("time", self.time.as_ref().map(WireTime::parse).transpose(), &mut faults);
        if self.machines.is_none() && self.machines_under.is_none() {
            faults
                .push("read: it says nowhere where machines are: name a `preset`, or give `machines`".into());
        }
        let reader = || {
            Some(PathReader {
                embedded: embedded?,
                each: each?,
                machines: Machines { at: at?, under: under? },
                tag: tag?,
                action: action?,
                state: state?,
                on_resolved: on_resolved?,
                event_id: event_id?,
                time: time?,
            })
        };
        match reader() {
            Some(reader) if faults.is_empty() => Ok(reader),
            _ => Err(faults),
        }
    }

    fn tag(&self) -> Result<ValueSource<Tag>, String> {
        let wire = self.tag.as_ref().ok_or("is missing: a text, or where in the body it is")?;
        ValueSource::parse(wire, |text| Tag::parse(text).map_err(|error| error.to_string()))
    }

    /// Without a word about it a tag is set.
    fn action(&self) -> Result<ValueSource<Action>, String> {
        let Some(wire) = &self.action else { return Ok(ValueSource::Fixed(Action::Add)) };
        ValueSource::parse(wire, |text| Action::parse(text).map_err(|error| error.to_string()))
    }

    fn on_resolved(&self) -> Result<OnResolved, String> {
        match self.on_resolved.as_deref() {
            None | Some("ignore") => Ok(OnResolved::Ignore),
            Some("Remove") if self.state.is_some() => Ok(OnResolved::Remove),
            Some("Remove") => Err("needs `state`, to know what resolved is".into()),
            Some(_) => Err("is `ignore` or `Remove`".into()),
        }
    }
}

fn candidates(texts: Option<&[String]>) -> Result<Vec<Path>, String> {
    texts.map_or(Ok(Vec::new()), Path::candidates)
}

impl WireState {
    fn parse(&self) -> Result<State, String> {
        let lists = [Some(&self.resolved), self.active.as_ref()];
        if lists.into_iter().flatten().any(|list| list.is_empty() || list.len() > STATES_MAX) {
            return Err(format!("a list of states has 1 to {STATES_MAX} texts"));
        }
        let from = Path::candidates(&self.from)?;
        Ok(State { from, active: self.active.clone(), resolved: self.resolved.clone() })
    }
}

impl WireTime {
    fn parse(&self) -> Result<EventTime, String> {
        if !(1..=EVENT_AGE_MAX_HOURS).contains(&self.within_hours) {
            return Err(format!("within_hours is 1 to {EVENT_AGE_MAX_HOURS}"));
        }
        Ok(EventTime { from: Path::candidates(&self.from)?, within_hours: self.within_hours })
    }
}
