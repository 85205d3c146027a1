//! The `Prefer` header (RFC 7240): whether to wait for the outcome.

use axum::http::HeaderMap;

use crate::config::RESPOND_WITHIN_MS_MAX;

/// Milliseconds to wait for the outcome: what the caller prefers, else `otherwise_ms`.
pub(super) fn wait_ms(headers: &HeaderMap, otherwise_ms: u32) -> u32 {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut preferences = values.flat_map(|value| value.split([',', ';'])).map(str::trim);
    preferences.find_map(preferred_ms).unwrap_or(otherwise_ms).min(RESPOND_WITHIN_MS_MAX)
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
            wait_ms(&headers, 4000)
        };
        assert_eq!(wait("wait=2"), 2000);
        assert_eq!(wait("wait=99"), RESPOND_WITHIN_MS_MAX);
        assert_eq!(wait("Respond-Async"), 0);
        assert_eq!(wait("handling=lenient, wait=\"1\""), 1000);
        assert_eq!(wait("wait=soon"), 4000);
        assert_eq!(wait_ms(&HeaderMap::new(), 4000), 4000);
    }
}
