//! The line of one call to Defender.

use crate::defender::Call;
use crate::domain::budget::Permit;
use crate::domain::{CallResult, Obstacle, Refusal, TenantName, Verdict};

/// What the line tells beside the call and its answer.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) tenant: &'a TenantName,
    pub(super) permit: Permit,
    /// How often it was sent before.
    pub(super) attempt: u32,
    /// Whether it is sent with a new token because the one before was refused.
    pub(super) new_token: bool,
    pub(super) took_ms: i64,
}

/// Tells of a call that was sent.
pub(super) fn tell(about: About<'_>, call: Call<'_>, answer: &CallResult) {
    let About { tenant, permit, attempt, new_token, took_ms } = about;
    let once = |is: bool| is.then_some(1);
    let obstacle = answer.as_ref().err();
    let is_not_allowed = match obstacle {
        Some(Obstacle::Forbidden(_)) => true,
        Some(Obstacle::TokenRefused(_)) => new_token,
        _ => false,
    };
    tracing::info!(
        Calls = 1,
        MachinesPerCall = call.machines.len(),
        CallMs = took_ms,
        Throttled = once(matches!(obstacle, Some(Obstacle::Throttled { .. }))),
        DefenderFailures = once(matches!(obstacle, Some(Obstacle::Unavailable { .. }))),
        PermissionMissing = once(is_not_allowed),
        %tenant,
        tag = call.tag.as_str(),
        action = call.action.as_str(),
        answer = answer.as_ref().map_or_else(Obstacle::name, Verdict::name),
        why = why(answer),
        correlation_id = refusal(answer).and_then(|refusal| refusal.correlation_id.as_deref()),
        permit_second = permit.second,
        attempt,
        "call"
    );
}

fn refusal(answer: &CallResult) -> Option<&Refusal> {
    match answer {
        Ok(Verdict::NotFound(refusal) | Verdict::Refused(refusal))
        | Err(Obstacle::TokenRefused(refusal) | Obstacle::Forbidden(refusal)) => Some(refusal),
        _ => None,
    }
}

fn why(answer: &CallResult) -> Option<String> {
    match answer {
        Err(Obstacle::Unavailable { why, .. } | Obstacle::NoToken { why, .. }) => Some(why.clone()),
        Err(Obstacle::Throttled { retry_after_s }) => {
            Some(retry_after_s.map_or("no Retry-After".into(), |seconds| format!("Retry-After: {seconds}")))
        }
        _ => refusal(answer).map(|refusal| format!("{} {}", refusal.status, refusal.code)),
    }
}
