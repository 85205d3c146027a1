//! The log line of one call to Defender.

use crate::defender::Call;
use crate::domain::budget::Permit;
use crate::domain::{CallError, CallResult, Refusal, TenantName, Verdict};

/// What the log line of a call says beside the call and its answer.
#[derive(Clone, Copy)]
pub(super) struct CallLine<'a> {
    pub(super) tenant: &'a TenantName,
    pub(super) permit: Permit,
    /// How often the call was sent before.
    pub(super) attempt: u32,
    /// Whether the call has a new token because Defender refused the one before.
    pub(super) new_token: bool,
    pub(super) took_ms: i64,
}

impl CallLine<'_> {
    /// Logs a call that was sent.
    pub(super) fn log(self, call: Call<'_>, answer: &CallResult) {
        let Self { tenant, permit, attempt, new_token, took_ms } = self;
        let count_if = |condition: bool| condition.then_some(1);
        let error = answer.as_ref().err();
        let is_not_allowed = match error {
            Some(CallError::Forbidden(_)) => true,
            Some(CallError::TokenRefused(_)) => new_token,
            _ => false,
        };
        tracing::info!(
            Calls = 1,
            MachinesPerCall = call.machines.len(),
            CallMs = took_ms,
            Throttled = count_if(matches!(error, Some(CallError::Throttled { .. }))),
            DefenderFailures = count_if(matches!(error, Some(CallError::Unavailable { .. }))),
            PermissionMissing = count_if(is_not_allowed),
            %tenant,
            tag = call.tag.as_str(),
            action = call.action.as_str(),
            answer = answer.as_ref().map_or_else(CallError::name, Verdict::name),
            why = why(answer),
            correlation_id = refusal(answer).and_then(|refusal| refusal.correlation_id.as_deref()),
            permit_second = permit.second,
            attempt,
            "call"
        );
    }
}

fn refusal(answer: &CallResult) -> Option<&Refusal> {
    match answer {
        Ok(Verdict::NotFound(refusal) | Verdict::Refused(refusal) | Verdict::NamedRefused(_, refusal))
        | Err(CallError::TokenRefused(refusal) | CallError::Forbidden(refusal)) => Some(refusal),
        _ => None,
    }
}

fn why(answer: &CallResult) -> Option<String> {
    match answer {
        Err(CallError::Unavailable { why, .. } | CallError::NoToken { why }) => Some(why.clone()),
        Err(CallError::Throttled { retry_after_s }) => {
            Some(retry_after_s.map_or("no Retry-After".into(), |seconds| format!("Retry-After: {seconds}")))
        }
        _ => refusal(answer).map(|refusal| format!("{} {}", refusal.status, refusal.code)),
    }
}
