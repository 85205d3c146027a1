//! A source's `read`, where its bodies are read by paths.
//!
//! Invariant: a field of the source replaces the same field of its preset.

use super::event::EventTime;
use super::machines::Machines;
use super::path::Path;
use super::path_reader::PathReader;
use super::presets;
use super::state::{OnResolved, State};
use super::value::ValueSource;
use crate::config::{ConfigObject, ConfigValue, JsonFields, Noted};
use crate::domain::{Action, Tag};

/// Hours an event may be old at most: less than the week for which its outcome is kept.
const EVENT_AGE_MAX_HOURS: u32 = 144;
/// Texts a list of states may have.
const STATES_MAX: usize = 30;
const FIELDS: [&str; 12] = [
    "about",
    "preset",
    "embedded",
    "each",
    "machines",
    "machines_under",
    "tag",
    "action",
    "state",
    "on_resolved",
    "event_id",
    "time",
];

/// Reads where things are in a sender's body; nowhere, if it is a native request.
pub(in crate::inbound::read) fn parse_read(value: &ConfigValue<'_>) -> Result<Option<PathReader>, Noted> {
    let own = value.object(&FIELDS, r#"{"preset": "...", "tag": "..."}"#)?;
    let about = own.optional("about", |about| about.text("a text"));
    let preset = own.optional("preset", parse_preset);
    if matches!(preset, Ok(Some(None))) {
        let bare = FIELDS.iter().filter(|name| own.has(name)).all(|name| ["about", "preset"].contains(name));
        let native =
            if bare { Ok(None) } else { Err(own.fault("the preset `native` takes nothing beside it")) };
        return about.and(native);
    }
    let fields = match &preset {
        Ok(Some(Some(preset))) => merge(own.fields(), preset),
        _ => own.fields().clone(),
    };
    let reader = parse_path_reader(&own.with_fields(&fields), preset.as_ref().err().copied());
    about?;
    preset?;
    reader.map(Some)
}

/// A preset's fields; none for native requests.
fn parse_preset(value: &ConfigValue<'_>) -> Result<Option<JsonFields>, Noted> {
    let name = value.text(&format!("one of: {}", presets::names()))?;
    if name == presets::NATIVE {
        return Ok(None);
    }
    let preset = presets::text(name).and_then(|text| serde_json::from_str(text).ok());
    let unknown = || value.fault(format!("is unknown; it is one of: {}", presets::names()));
    preset.map(Some).ok_or_else(unknown)
}

/// The source's fields, and those of the preset that the source does not have.
fn merge(own: &JsonFields, preset: &JsonFields) -> JsonFields {
    let has = |name: &str| own.get(name).is_some_and(|value| !value.is_null());
    // Its own places of machines replace both of the preset's kinds.
    let has_machines = has("machines") || has("machines_under");
    let mut merged = own.clone();
    for (name, value) in preset {
        let is_replaced = has(name) || (has_machines && name.starts_with("machines"));
        if !is_replaced {
            merged.insert(name.clone(), value.clone());
        }
    }
    merged
}

/// Reads every field, so that each of their faults is noted. With an unknown preset, no field counts as missing.
fn parse_path_reader(read: &ConfigObject<'_>, unknown_preset: Option<Noted>) -> Result<PathReader, Noted> {
    let paths = |name| read.optional(name, Path::parse_candidates).map(Option::unwrap_or_default);
    let embedded = paths("embedded");
    let each = read.optional("each", Path::parse_value);
    let at = paths("machines");
    let under = paths("machines_under");
    let tag = match unknown_preset {
        None => read.required("tag", parse_tag),
        Some(noted) => read.optional("tag", parse_tag).and(Err(noted)),
    };
    let action = read.optional("action", parse_action);
    let state = read.optional("state", parse_state);
    let on_resolved = parse_on_resolved(read, unknown_preset.is_none());
    let event_id = paths("event_id");
    let time = read.optional("time", parse_time);
    if unknown_preset.is_none() && !read.has("machines") && !read.has("machines_under") {
        return Err(read.fault("says nowhere where machines are: name a `preset`, or give `machines`"));
    }
    Ok(PathReader {
        embedded: embedded?,
        each: each?,
        machines: Machines { at: at?, under: under? },
        tag: tag?,
        action: action?.unwrap_or(ValueSource::Fixed(Action::Add)),
        state: state?,
        on_resolved: on_resolved?,
        event_id: event_id?,
        time: time?,
    })
}

fn parse_tag(value: &ConfigValue<'_>) -> Result<ValueSource<Tag>, Noted> {
    ValueSource::parse(value, "a tag", |text| Tag::parse(text).map_err(|error| error.to_string()))
}

fn parse_action(value: &ConfigValue<'_>) -> Result<ValueSource<Action>, Noted> {
    ValueSource::parse(value, "`Add` or `Remove`", |text| {
        Action::parse(text).map_err(|error| error.to_string())
    })
}

fn parse_on_resolved(read: &ConfigObject<'_>, is_whole: bool) -> Result<OnResolved, Noted> {
    let choices = [("ignore", OnResolved::Ignore), ("Remove", OnResolved::Remove)];
    let chosen = read.optional("on_resolved", |text| text.choice(&choices))?.unwrap_or(OnResolved::Ignore);
    if chosen == OnResolved::Remove && is_whole && !read.has("state") {
        return Err(read.fault_at("on_resolved", "needs `state`, to know what resolved is"));
    }
    Ok(chosen)
}

fn parse_state(value: &ConfigValue<'_>) -> Result<State, Noted> {
    let state = value.object(&["from", "active", "resolved"], r#"{"from": [...], "resolved": [...]}"#)?;
    let from = state.required("from", Path::parse_candidates);
    let active = state.optional("active", parse_states);
    let resolved = state.required("resolved", parse_states);
    Ok(State { from: from?, active: active?, resolved: resolved? })
}

fn parse_states(value: &ConfigValue<'_>) -> Result<Vec<String>, Noted> {
    value.list(1..=STATES_MAX, "texts", |text| text.text("a text").map(str::to_owned))
}

fn parse_time(value: &ConfigValue<'_>) -> Result<EventTime, Noted> {
    let time = value.object(&["from", "within_hours"], r#"{"from": [...], "within_hours": N}"#)?;
    let from = time.required("from", Path::parse_candidates);
    let within_hours = time.required("within_hours", |hours| hours.number(1..=EVENT_AGE_MAX_HOURS));
    Ok(EventTime { from: from?, within_hours: within_hours? })
}
