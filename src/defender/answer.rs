//! Defender's answer to a call, in the relay's terms.
//!
//! Invariant: a verdict names only machines of the call, and only a 200 becomes `Listed`.

use std::collections::HashSet;

use reqwest::StatusCode;
use serde::Deserialize;

use crate::domain::{CallError, CallResult, MachineId, Refusal, Verdict};
use crate::outbound::{read_body, retry_after_s};

/// Bytes of an answer that are read: 500 machines with a hundred network addresses each take half of it. An answer that is
/// longer would leave it open which machines it lists, so the call would be sent again.
const ANSWER_MAX_BYTES: usize = 16 * 1024 * 1024;
/// Hexadecimal digits of a machine id.
const ID_DIGITS: usize = 40;
/// Characters of a code or correlation id that are kept.
const WORD_MAX_CHARS: usize = 100;

/// Codes that say a machine is not there. Source: Microsoft, "Common Microsoft Defender for Endpoint API errors".
const NOT_FOUND: [&str; 2] = ["NotFound", "ResourceNotFound"];
/// How a message says so, whatever its code.
const ABSENT: [&str; 3] = ["do not exist", "does not exist", "not found"];
/// The code of a 403 that is about what was asked, not about the app. Source: the same.
const NOT_FOR_THESE: &str = "DisallowedOperation";

#[derive(Deserialize)]
struct MachineList {
    value: Vec<ListedMachine>,
}

#[derive(Deserialize)]
struct ListedMachine {
    id: String,
}

#[derive(Deserialize, Default)]
struct Failure {
    #[serde(default)]
    error: Detail,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Detail {
    code: Option<String>,
    message: Option<String>,
    target: Option<String>,
}

/// Reads the answer to a call with these machines.
pub(super) async fn read(response: reqwest::Response, machines: &[MachineId]) -> CallResult {
    let status = response.status();
    let retry_after_s = retry_after_s(response.headers());
    match read_body(response, ANSWER_MAX_BYTES).await {
        Ok(body) => classify(status, retry_after_s, &body, machines),
        Err(why) if status.is_success() => Err(unreadable(why)),
        Err(_) => classify(status, retry_after_s, b"", machines),
    }
}

fn classify(
    status: StatusCode,
    retry_after_s: Option<u64>,
    body: &[u8],
    machines: &[MachineId],
) -> CallResult {
    if status == StatusCode::OK {
        return listed(body, machines);
    }
    let failure: Failure = serde_json::from_slice(body).unwrap_or_default();
    let code = failure.error.code.as_deref();
    let refusal = refusal(status, &failure.error);
    match status {
        StatusCode::UNAUTHORIZED => Err(CallError::TokenRefused(refusal)),
        StatusCode::FORBIDDEN if code == Some(NOT_FOR_THESE) => Ok(Verdict::Refused(refusal)),
        StatusCode::FORBIDDEN => Err(CallError::Forbidden(refusal)),
        StatusCode::TOO_MANY_REQUESTS => Err(CallError::Throttled { retry_after_s }),
        _ if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT => match code {
            Some(code) => Ok(verdict(code, failure.error.message.as_deref(), refusal, machines)),
            // Only Defender's own JSON is about machines. Anything else is an outage, or a wrong address.
            None => Err(CallError::Unavailable {
                why: format!("{refusal}, which is not an answer of Defender's own"),
                may_still_apply: true,
                retry_after_s,
            }),
        },
        _ => Err(CallError::Unavailable {
            why: refusal.to_string(),
            may_still_apply: code.is_none() || is_from_a_proxy(status),
            retry_after_s,
        }),
    }
}

/// What Defender's own refusal says about the machines of the call.
fn verdict(code: &str, message: Option<&str>, refusal: Refusal, machines: &[MachineId]) -> Verdict {
    let message = message.unwrap_or_default();
    let is_absent = NOT_FOUND.contains(&code);
    match named(message, machines) {
        named if named.is_empty() && is_absent => Verdict::NotFound(refusal),
        named if named.is_empty() => Verdict::Refused(refusal),
        named if is_absent || says_absent(message) => Verdict::Unknown(named),
        named => Verdict::NamedRefused(named, refusal),
    }
}

/// Whether a message says that what it names does not exist. The code of that message is not documented. Source: two
/// independent public scripts quote "`MachineIds` do not exist: …".
fn says_absent(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ABSENT.iter().any(|text| message.contains(text))
}

/// A proxy that gave up waiting does not know what Defender does with the call. Nor does a front door, which answers
/// 503 then, without Defender's own error. Source: Microsoft, "Troubleshooting Azure Front Door common routing problems".
fn is_from_a_proxy(status: StatusCode) -> bool {
    matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT)
}

/// A 200 that does not show which machines it is about. The call is over.
fn unreadable(why: String) -> CallError {
    CallError::Unavailable { why, may_still_apply: false, retry_after_s: None }
}

fn listed(body: &[u8], machines: &[MachineId]) -> CallResult {
    let Ok(collection) = serde_json::from_slice::<MachineList>(body) else {
        return Err(unreadable("a 200 whose body is not the documented JSON".into()));
    };
    let asked: HashSet<_> = machines.iter().copied().collect();
    let ids = collection.value.iter().filter_map(|machine| MachineId::parse(&machine.id).ok());
    Ok(Verdict::Listed(ids.filter(|id| asked.contains(id)).collect()))
}

/// The machines of the call that a free text names. The text may change, so only whole ids count, never
/// their position.
fn named(message: &str, machines: &[MachineId]) -> Vec<MachineId> {
    let words = message.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == ID_DIGITS);
    let named: HashSet<_> = words.filter_map(|word| MachineId::parse(word).ok()).collect();
    machines.iter().copied().filter(|machine| named.contains(machine)).collect()
}

fn refusal(status: StatusCode, detail: &Detail) -> Refusal {
    let code = detail.code.as_deref().map(printable).filter(|code| !code.is_empty());
    Refusal {
        status: status.as_u16(),
        code: code.unwrap_or_else(|| "without a code".into()),
        correlation_id: detail.target.as_deref().map(printable).filter(|id| !id.is_empty()),
    }
}

/// Keeps printable characters only, and not too many, because the text goes into answers and logs.
fn printable(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(WORD_MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn machine(n: u8) -> MachineId {
        MachineId::from_bytes([n; 20])
    }

    fn classified(status: u16, body: &str) -> CallResult {
        classify(StatusCode::from_u16(status).unwrap(), Some(9), body.as_bytes(), &[machine(1), machine(2)])
    }

    #[test]
    fn only_machines_of_the_call_are_listed() {
        let body = format!(
            r#"{{"value": [{{"id": "{}"}}, {{"id": "{}"}}, {{"id": "x"}}]}}"#,
            machine(2),
            machine(9)
        );
        assert_eq!(classified(200, &body), Ok(Verdict::Listed(vec![machine(2)])));
    }

    #[test]
    fn named_machines_are_found_wherever_they_stand_in_the_message() {
        let message = |ids: &str| format!(r#"{{"error": {{"code": "InvalidInput", "message": "{ids}"}}}}"#);
        for text in [
            format!("MachineIds do not exist: {},{}", machine(9), machine(2)),
            format!("'{}' was not found", machine(2).to_string().to_uppercase()),
        ] {
            assert_eq!(classified(400, &message(&text)), Ok(Verdict::Unknown(vec![machine(2)])), "{text}");
        }
        let other_reason = classified(400, &message(&format!("{} is not onboarded", machine(2))));
        assert!(matches!(other_reason, Ok(Verdict::NamedRefused(named, _)) if named == [machine(2)]));
        let longer = format!("{}a", machine(2));
        assert!(matches!(classified(400, &message(&longer)), Ok(Verdict::Refused(_))));
    }

    #[test]
    fn each_status_has_its_meaning() {
        let body = r#"{"error": {"code": "C", "message": "m", "target": "|t"}}"#;
        let refusal = |status| Refusal { status, code: "C".into(), correlation_id: Some("|t".into()) };
        assert_eq!(classified(401, body), Err(CallError::TokenRefused(refusal(401))));
        assert_eq!(classified(403, body), Err(CallError::Forbidden(refusal(403))));
        assert_eq!(classified(404, body), Ok(Verdict::Refused(refusal(404))));
        assert_eq!(classified(400, body), Ok(Verdict::Refused(refusal(400))));
        assert_eq!(classified(409, body), Ok(Verdict::Refused(refusal(409))));
        assert_eq!(classified(429, "<html>"), Err(CallError::Throttled { retry_after_s: Some(9) }));
        for status in [204, 302, 408, 500, 503] {
            assert!(matches!(classified(status, "<html>"), Err(CallError::Unavailable { .. })), "{status}");
        }
    }

    #[test]
    fn only_defenders_own_words_say_that_a_machine_is_not_there() {
        let coded = |status, code: &str| classified(status, &format!(r#"{{"error": {{"code": "{code}"}}}}"#));
        for code in ["NotFound", "ResourceNotFound"] {
            assert!(matches!(coded(404, code), Ok(Verdict::NotFound(_))), "{code}");
        }
        for status in [400, 404, 405, 409, 410, 451] {
            for foreign in ["", "<html>", "{}", r#"{"error": "not found"}"#] {
                let answer = classified(status, foreign);
                assert!(
                    matches!(answer, Err(CallError::Unavailable { .. })),
                    "{status} {foreign}: {answer:?}"
                );
            }
        }
        assert!(matches!(coded(403, "DisallowedOperation"), Ok(Verdict::Refused(_))));
        assert!(matches!(coded(403, "DisabledFeature"), Err(CallError::Forbidden(_))));
    }

    #[test]
    fn only_defenders_own_words_say_that_a_failed_call_is_over() {
        let may_still_apply = |status, body| match classified(status, body) {
            Err(CallError::Unavailable { may_still_apply, .. }) => may_still_apply,
            other => panic!("{other:?}"),
        };
        let own = r#"{"error": {"code": "InternalServerError"}}"#;
        assert!(!may_still_apply(500, own) && !may_still_apply(503, own) && !may_still_apply(200, "<html>"));
        for (status, body) in [(500, "<html>"), (503, ""), (408, own), (502, own), (504, own)] {
            assert!(may_still_apply(status, body), "{status} {body}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic_or_names_another_machine(status in 100u16..600, body: Vec<u8>) {
            let answer = classify(StatusCode::from_u16(status).unwrap(), None, &body, &[machine(1)]);
            if let Ok(Verdict::Listed(listed) | Verdict::Unknown(listed)) = answer {
                prop_assert!(listed.iter().all(|id| *id == machine(1)));
            }
        }
    }
}
