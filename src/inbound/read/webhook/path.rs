//! `JSONPath` (RFC 9535), as configurations and presets use it.
//!
//! Invariant: what a path costs grows no faster than the document. So it has at most one descendant segment, one
//! list of selectors and one filter, no filter beside a descendant segment, and no look back to the root.

use serde_json::Value;
use serde_json_path::JsonPath;

use crate::config::{ConfigValue, Noted};

/// Characters a path may have.
const PATH_MAX_CHARS: usize = 300;
/// Paths a list of candidates may have.
const CANDIDATES_MAX: usize = 30;

/// A text cannot be a path. No message holds the text, because it may be a secret in the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PathError {
    #[error("a path has at most {PATH_MAX_CHARS} characters")]
    TooLong,
    #[error(
        "the path may walk the document too often: it may have one `$`, one `..` or one filter, and one list"
    )]
    WalksTooOften,
    #[error("is not a JSONPath (RFC 9535), which looks like `$.data.x`")]
    NoJsonPath,
}

/// A path, and how it was written.
#[derive(Clone, Debug)]
pub(super) struct Path {
    text: String,
    path: JsonPath,
}

impl Path {
    /// Reads a path.
    pub(super) fn parse(text: &str) -> Result<Self, PathError> {
        if text.chars().count() > PATH_MAX_CHARS {
            return Err(PathError::TooLong);
        }
        let often = |what: &str| text.matches(what).count();
        let lists = text.split('[').filter(|part| part.contains(',')).count();
        let filtered_descent = often("..") == 1 && often("?") == 1;
        if often("..") > 1 || often("?") > 1 || often("$") > 1 || lists > 1 || filtered_descent {
            return Err(PathError::WalksTooOften);
        }
        let path = JsonPath::parse(text).map_err(|_| PathError::NoJsonPath)?;
        Ok(Self { text: text.into(), path })
    }

    /// Reads a list of candidates.
    pub(super) fn parse_candidates(paths: &ConfigValue<'_>) -> Result<Vec<Self>, Noted> {
        paths.list(1..=CANDIDATES_MAX, "paths", Self::parse_value)
    }

    /// Reads a path of a configuration.
    pub(super) fn parse_value(path: &ConfigValue<'_>) -> Result<Self, Noted> {
        path.parse("a JSONPath (RFC 9535)", Self::parse)
    }

    /// Everything it finds.
    pub(super) fn find<'a>(&self, document: &'a Value) -> Vec<&'a Value> {
        self.path.query(document).all()
    }

    /// The places of everything it finds, as JSON pointers (RFC 6901).
    pub(super) fn pointers(&self, document: &Value) -> Vec<String> {
        self.path
            .query_located(document)
            .locations()
            .map(serde_json_path::NormalizedPath::to_json_pointer)
            .collect()
    }

    /// The path as it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_rfc_is_read() {
        for good in
            ["$.result.DeviceId", "$.alerts[*].labels['a','b']", "$..deviceId", "$.e[?@.kind=='Host'].id"]
        {
            assert!(Path::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_path_that_is_wrong_or_may_cost_too_much_is_refused() {
        let long = format!("$.{}", "x".repeat(PATH_MAX_CHARS));
        for bad in
            ["result", "$.", "$..a..b", "$..[?@.a]", "$[?@.a][?@.b]", "$[?@.a==$.b]", "$[*,*][*,*]", &long]
        {
            assert!(Path::parse(bad).is_err(), "{bad}");
        }
    }
}
