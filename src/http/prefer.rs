//! The `Prefer` header (RFC 7240): whether to wait for the outcome.

use axum::http::HeaderMap;

use crate::config::RESPOND_WITHIN_MS_MAX;
use crate::relay::Patience;

/// How long to wait for the outcome: what the caller prefers, else up to `otherwise_ms` milliseconds.
pub(super) fn patience(headers: &HeaderMap, otherwise_ms: u32) -> Patience {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut preferences = values.flat_map(|value| value.split([',', ';'])).map(str::trim);
    match preferences.find_map(preferred_ms) {
        Some(ms) => Patience::Asked { ms: ms.min(RESPOND_WITHIN_MS_MAX) },
        None => Patience::Usual { ms: otherwise_ms.min(RESPOND_WITHIN_MS_MAX) },
    }
}

fn preferred_ms(preference: &str) -> Option<u32> {
    if preference.eq_ignore_ascii_case("respond-async") {
        return Some(0);
    }
    let (name, seconds) = preference.split_once('=')?;
    let seconds: u32 = seconds.trim().trim_matches('"').parse().ok()?;
    name.trim().eq_ignore_ascii_case("wait").then(|| seconds.saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_preference_is_bounded_and_anything_else_is_ignored() {
        let wait = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", value.parse().unwrap());
            patience(&headers, 4000)
        };
        let asked = |ms| Patience::Asked { ms };
        assert_eq!(wait("wait=2"), asked(2000));
        assert_eq!(wait("wait=99"), asked(RESPOND_WITHIN_MS_MAX));
        assert_eq!(wait("Respond-Async"), asked(0));
        assert_eq!(wait("handling=lenient, wait=\"1\""), asked(1000));
        assert_eq!(wait("wait=soon"), Patience::Usual { ms: 4000 });
        assert_eq!(patience(&HeaderMap::new(), 4000), Patience::Usual { ms: 4000 });
    }
}
