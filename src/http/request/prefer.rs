//! The `Prefer` header (RFC 7240): whether to wait for the outcome.

use axum::http::HeaderMap;

use crate::config::RESPOND_WITHIN_MS_MAX;
use crate::relay::Patience;

/// How long to wait for the outcome: what the caller prefers, else up to `otherwise_ms` milliseconds. Of that it has
/// waited `waited_ms` already: the time counts from when the request came, so that accepting it delays no answer beyond
/// what the API in front waits for.
pub(in crate::http) fn patience(headers: &HeaderMap, otherwise_ms: u32, waited_ms: u32) -> Patience {
    let left = |ms: u32| ms.min(RESPOND_WITHIN_MS_MAX).saturating_sub(waited_ms);
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let preferences: Vec<_> = values.flat_map(|value| value.split(',')).map(without_parameters).collect();
    let at_once = |preference: &&str| preference.eq_ignore_ascii_case("respond-async");
    match preferences.iter().find_map(|preference| wait_ms(preference)) {
        Some(ms) => Patience::Asked { ms: left(ms) },
        None if preferences.iter().any(at_once) => Patience::Asked { ms: 0 },
        None => Patience::Usual { ms: left(otherwise_ms) },
    }
}

fn without_parameters(preference: &str) -> &str {
    preference.split(';').next().unwrap_or_default().trim()
}

/// The milliseconds of `wait=N`, however many digits N has.
fn wait_ms(preference: &str) -> Option<u32> {
    let (name, seconds) = preference.split_once('=')?;
    let seconds = seconds.trim().trim_matches('"');
    let digits = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
    let is_wait = digits && name.trim().eq_ignore_ascii_case("wait");
    is_wait.then(|| seconds.parse::<u32>().unwrap_or(u32::MAX).saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_preference_is_bounded_and_anything_else_is_ignored() {
        let wait = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", value.parse().unwrap());
            patience(&headers, 4000, 0)
        };
        let asked = |ms| Patience::Asked { ms };
        assert_eq!(wait("wait=2"), asked(2000));
        assert_eq!(wait("wait=99"), asked(RESPOND_WITHIN_MS_MAX));
        assert_eq!(wait("Respond-Async"), asked(0));
        assert_eq!(wait("handling=lenient, wait=\"1\""), asked(1000));
        assert_eq!(wait("respond-async, wait=3"), asked(3000));
        assert_eq!(wait("wait=3, respond-async"), asked(3000));
        assert_eq!(wait("respond-async; wait=3"), asked(0), "a parameter is no preference");
        assert_eq!(wait("foo; respond-async; bar, wait=2; x=1"), asked(2000));
        assert_eq!(wait("wait=99999999999999999999"), asked(RESPOND_WITHIN_MS_MAX));
        for nothing in ["wait=soon", "wait=", "wait=-1", "wait=1.5", "wait", "", ";", "foo; wait=3"] {
            assert_eq!(wait(nothing), Patience::Usual { ms: 4000 }, "{nothing}");
        }
        assert_eq!(patience(&HeaderMap::new(), 4000, 0), Patience::Usual { ms: 4000 });
    }

    #[test]
    fn the_time_counts_from_when_the_request_came() {
        let mut headers = HeaderMap::new();
        assert_eq!(patience(&headers, 4000, 1500), Patience::Usual { ms: 2500 });
        headers.insert("prefer", "wait=99".parse().unwrap());
        assert_eq!(patience(&headers, 4000, 1500), Patience::Asked { ms: RESPOND_WITHIN_MS_MAX - 1500 });
        assert_eq!(patience(&headers, 4000, u32::MAX), Patience::Asked { ms: 0 });
    }
}
