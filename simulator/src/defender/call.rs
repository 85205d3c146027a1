//! The request as it came: what the log can say of it, and what is wrong with it.

use crate::reply::Reply;
use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::answers::error;

/// A tagging call. The three fields hold whatever could be read; `fault` says why the body is refused.
#[derive(Debug)]
pub(crate) struct TaggingCall {
    pub(crate) token: Option<String>,
    pub(crate) is_json: bool,
    pub(crate) value: String,
    pub(crate) action: String,
    pub(crate) machine_ids: Vec<String>,
    fault: Option<BodyFault>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum BodyFault {
    NotAnObject,
    Missing(&'static str),
    Unreadable(&'static str),
    Surplus(String),
}

const FIELDS: [&str; 3] = ["Value", "Action", "MachineIds"];

impl TaggingCall {
    pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        let fields = serde_json::from_slice::<Map<String, Value>>(body);
        let fault = fields.as_ref().map_or(Some(BodyFault::NotAnObject), body_fault);
        let fields = fields.unwrap_or_default();
        Self {
            token: bearer(headers),
            is_json: is_json(headers),
            value: text(&fields, "Value"),
            action: text(&fields, "Action"),
            machine_ids: ids(&fields).unwrap_or_default(),
            fault,
        }
    }

    /// The call for one machine, whose id is in the address.
    pub(crate) fn read_one(headers: &HeaderMap, body: &[u8], id: String) -> Self {
        let mut fields = serde_json::from_slice::<Map<String, Value>>(body).unwrap_or_default();
        fields.insert("MachineIds".to_owned(), vec![id].into());
        Self::read(headers, Value::Object(fields).to_string().as_bytes())
    }

    /// The refusal of a body that is not of the documented form.
    pub(crate) fn refusal(&self) -> Option<Reply> {
        let (code, message) = match self.fault.as_ref()? {
            BodyFault::NotAnObject => ("InvalidRequestBody", "Request body is incorrect.".to_owned()),
            BodyFault::Missing(name) => ("MissingRequiredParameter", format!("Parameter {name} is missing.")),
            BodyFault::Unreadable(name) => ("InvalidRequestBody", format!("Parameter {name} is incorrect.")),
            BodyFault::Surplus(name) => ("InvalidRequestBody", format!("Parameter {name} is not known.")),
        };
        Some(error(400, code, &message))
    }
}

fn body_fault(fields: &Map<String, Value>) -> Option<BodyFault> {
    let absent = FIELDS.into_iter().find(|name| fields.get(*name).is_none_or(Value::is_null));
    if let Some(name) = absent {
        return Some(BodyFault::Missing(name));
    }
    let unreadable = ["Value", "Action"].into_iter().find(|name| !fields[*name].is_string());
    let unreadable = unreadable.or_else(|| ids(fields).is_none().then_some("MachineIds"));
    if let Some(name) = unreadable {
        return Some(BodyFault::Unreadable(name));
    }
    fields.keys().find(|name| !FIELDS.contains(&name.as_str())).cloned().map(BodyFault::Surplus)
}

fn text(fields: &Map<String, Value>, name: &str) -> String {
    fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn ids(fields: &Map<String, Value>) -> Option<Vec<String>> {
    let listed = fields.get("MachineIds")?.as_array()?;
    listed.iter().map(|id| id.as_str().map(str::to_owned)).collect()
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim().to_owned())
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}
