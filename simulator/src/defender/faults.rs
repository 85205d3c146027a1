//! What a fault makes of a call: some answer in its place, the others change the usual answer.

use super::answers;
use crate::Fault;
use crate::reply::{Payload, Reply};
use crate::switches::Switches;

/// The answer of a fault that keeps the call from being looked at.
pub(crate) fn instead(fault: &Fault, switches: &Switches) -> Option<Reply> {
    match fault {
        Fault::Status { status, retry_after_s, body } => {
            let mut reply = answers::status(*status, switches.html_errors);
            if let Some(text) = body {
                reply.payload = Payload::Text(text.clone());
            }
            Some(reply.retry_after(*retry_after_s))
        }
        Fault::TooManyRequests { retry_after_s } => {
            Some(answers::status(429, false).retry_after(*retry_after_s))
        }
        Fault::Reset { applied: false } => Some(Reply::cut()),
        Fault::WrongToken => Some(answers::status(401, false)),
        Fault::NotFoundOnce => Some(answers::status(404, false)),
        Fault::Reset { applied: true }
        | Fault::Slow { .. }
        | Fault::NotJson
        | Fault::Truncated
        | Fault::Unlisted => None,
    }
}

/// What the usual answer becomes; a refusal keeps its own body.
pub(crate) fn change(fault: &Fault, reply: Reply) -> Reply {
    match fault {
        Fault::Reset { .. } => Reply::cut(),
        Fault::Slow { ms } => Reply { delay_ms: *ms, ..reply },
        _ if reply.status != 200 => reply,
        Fault::NotJson => Reply::html(200),
        Fault::Truncated => Reply { payload: halve(reply.payload), ..reply },
        Fault::Unlisted => answers::machines(&[]),
        _ => reply,
    }
}

fn halve(payload: Payload) -> Payload {
    match payload {
        Payload::Json(value) => Payload::Half(value),
        other => other,
    }
}
