//! Whether the environment asks for the real Defender.
//!
//! Invariant: the real Defender is only used if every variable for it is set. If only some of them are set, the run stops
//! and names the others.

use defender_tag_relay::config::{Variables, from_environment};

/// The variables for the real Defender. Of each row one is needed, and the first is the usual one.
const NEEDED: [&[&str]; 4] =
    [&["TENANT_ID"], &["CLIENT_ID"], &["CLIENT_SECRET", "CLIENT_CERTIFICATE"], &["SOURCES_FILE", "SOURCES"]];

/// The environment if it asks for the real Defender, nothing if it does not.
pub(crate) fn variables() -> Result<Option<Variables>, String> {
    let variables = from_environment();
    match missing(&variables).as_slice() {
        [] => Ok(Some(variables)),
        all if all.len() == NEEDED.len() => Ok(None),
        some => Err(format!(
            "some variables for the real Defender are set, and others are missing: {}. Set them all, or none of them to \
             use the simulator",
            some.join(", ")
        )),
    }
}

/// The rows of which no variable is set.
fn missing(variables: &Variables) -> Vec<String> {
    let is_set = |name: &&str| variables.get(*name).is_some_and(|value| !value.trim().is_empty());
    let rows = NEEDED.iter().filter(|row| !row.iter().any(is_set));
    rows.map(|row| row.join(" or ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_for_the_real_defender_is_named() {
        let set = |names: &[&str]| missing(&names.iter().map(|name| ((*name).into(), "x".into())).collect());
        assert_eq!(set(&[]).len(), NEEDED.len());
        assert!(set(&["TENANT_ID", "CLIENT_ID", "CLIENT_CERTIFICATE", "SOURCES"]).is_empty());
        assert_eq!(set(&["TENANT_ID", "SOURCES_FILE"]), ["CLIENT_ID", "CLIENT_SECRET or CLIENT_CERTIFICATE"]);
    }
}
