//! Problems: errors as RFC 9457 describes them.
//!
//! Invariant: `detail` tells the caller what to do and nothing of the inside; what happened inside is for the
//! log alone.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::problem_code::Code;
use crate::aws::NoSecret;
use crate::inbound::{Denied, NotVerified, Unreadable};
use crate::relay::{AcceptError, RetryError};
use crate::store::StoreError;

/// Seconds after which a request that could not be made durable may be sent again.
const RETRY_AFTER_S: &str = "5";

/// An error as the caller sees it, and as the log does.
#[derive(Clone, Debug)]
pub struct Problem {
    code: Code,
    body: Box<ProblemBody>,
    /// What happened inside.
    inside: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProblemBody {
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<usize>,
    request_id: String,
}

impl Problem {
    /// A problem of this code and detail.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let status = code.status();
        let body = Box::new(ProblemBody {
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code: code.name(),
            detail: detail.into(),
            field: None,
            offset: None,
            request_id: String::new(),
        });
        Self { code, body, inside: None }
    }

    /// A source whose tenant is not there. The start refuses such a configuration.
    pub(in crate::http) fn no_tenant() -> Self {
        let detail = "the relay has failed; tell its operator the requestId";
        let problem = Self::new(Code::InternalError, detail);
        Self { inside: Some("the source's tenant is not there".into()), ..problem }
    }

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        self.code.name()
    }

    /// Whether it is of this kind.
    pub fn is(&self, code: Code) -> bool {
        self.code == code
    }

    /// What the caller is told.
    pub fn detail(&self) -> &str {
        &self.body.detail
    }

    /// Whether the same request can never succeed.
    pub fn is_permanent(&self) -> bool {
        self.code.status().is_client_error()
    }

    /// What happened inside, for the log.
    pub fn inside(&self) -> Option<&str> {
        self.inside.as_deref()
    }

    /// The answer to the request of this id.
    pub fn answer(mut self, request_id: &str) -> Response {
        request_id.clone_into(&mut self.body.request_id);
        let body = serde_json::to_vec(&self.body).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        let status = self.code.status();
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
        }
        response
    }
}

/// Carries the problem to the layer that knows the request's id and writes the answer.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The event says that its body is base64, and it is not.
pub fn body_not_base64() -> Problem {
    let detail = "the event claims that the body is base64, but it is not; send the body as it is, or encode all of it";
    Problem::new(Code::BodyNotBase64, detail)
}

impl From<NotVerified> for Problem {
    fn from(error: NotVerified) -> Self {
        let problem = Self::new(Code::NotVerified, error.shown());
        Self { inside: Some(error.to_string()), ..problem }
    }
}

impl From<Unreadable> for Problem {
    fn from(error: Unreadable) -> Self {
        let detail = error.to_string();
        match error {
            Unreadable::Malformed { offset, .. } => {
                let mut problem = Self::new(Code::MalformedJson, detail);
                problem.body.offset = Some(offset);
                problem
            }
            Unreadable::Invalid { field, .. } => {
                let mut problem = Self::new(Code::InvalidField, detail);
                problem.body.field = Some(field);
                problem
            }
            Unreadable::TooManyMachines { .. } => Self::new(Code::TooManyMachines, detail),
            Unreadable::TooMuch { .. } => Self::new(Code::DeliveryTooLarge, detail),
            Unreadable::NoMachine { .. } => Self::new(Code::NoMachineId, detail),
            Unreadable::WrongTime { .. } => Self::new(Code::EventTooOld, detail),
        }
    }
}

impl From<Denied> for Problem {
    fn from(error: Denied) -> Self {
        let code = match error {
            Denied::Tag(_) => Code::TagNotAllowed,
            Denied::Action(_) => Code::ActionNotAllowed,
            Denied::Machines { .. } => Code::MachinesNotAllowed,
        };
        Self::new(code, error.to_string())
    }
}

impl From<AcceptError> for Problem {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::KeyReused => Self::new(
                Code::IdempotencyKeyReused,
                "this Idempotency-Key, or event id, was used for another request; a new request needs a new one",
            ),
            AcceptError::Store(error) => error.into(),
        }
    }
}

impl From<RetryError> for Problem {
    fn from(error: RetryError) -> Self {
        let code = match error {
            RetryError::NothingFailed => Code::NothingToRetry,
            RetryError::Changed => Code::RequestChanged,
            RetryError::Store(error) => return error.into(),
        };
        Self::new(code, format!("{error}; look at it before you try again"))
    }
}

impl From<NoSecret> for Problem {
    fn from(error: NoSecret) -> Self {
        let detail =
            "the request could not be verified now and nothing was done; send it again after Retry-After";
        let problem = Self::new(Code::SecretsUnavailable, detail);
        Self { inside: Some(error.to_string()), ..problem }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let detail =
            "the request could not be made durable and nothing was done; send it again after Retry-After";
        let mut problem = match error {
            StoreError::Unavailable(_) => Self::new(Code::StoreUnavailable, detail),
            StoreError::Malformed(_) => Self::new(
                Code::InternalError,
                "what is stored cannot be read; tell the relay's operator the requestId",
            ),
        };
        problem.inside = Some(error.to_string());
        problem
    }
}
