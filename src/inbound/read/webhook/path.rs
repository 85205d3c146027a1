//! `JSONPath` (RFC 9535), as configurations and presets use it.
//!
//! Invariant: what a path costs grows no faster than the document. So it has at most one descendant segment, one
//! list of selectors and one filter, no filter beside a descendant segment, and no look back to the root.

use serde_json::Value;
use serde_json_path::JsonPath;

/// Characters a path may have.
const PATH_MAX_CHARS: usize = 300;
/// Paths a list of candidates may have.
const CANDIDATES_MAX: usize = 30;

/// A path, and how it was written.
#[derive(Clone, Debug)]
pub(super) struct Path {
    text: String,
    path: JsonPath,
}

impl Path {
    /// Reads a path.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.chars().count() > PATH_MAX_CHARS {
            return Err(format!("a path has at most {PATH_MAX_CHARS} characters"));
        }
        let often = |what: &str| text.matches(what).count();
        let lists = text.split('[').filter(|part| part.contains(',')).count();
        let filtered_descent = often("..") == 1 && often("?") == 1;
        if often("..") > 1 || often("?") > 1 || often("$") > 1 || lists > 1 || filtered_descent {
            return Err(format!(
                "`{text}` may walk the document too often: it may have one `$`, one `..` or one filter, and one list"
            ));
        }
        let path = JsonPath::parse(text);
        let path =
            path.map_err(|error| format!("`{text}` is no JSONPath (RFC 9535): {}", error.message()))?;
        Ok(Self { text: text.into(), path })
    }

    /// Reads a list of candidates.
    pub(super) fn candidates(texts: &[String]) -> Result<Vec<Self>, String> {
        if !(1..=CANDIDATES_MAX).contains(&texts.len()) {
            return Err(format!("a list of paths has 1 to {CANDIDATES_MAX} paths"));
        }
        texts.iter().map(|text| Self::parse(text)).collect()
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
