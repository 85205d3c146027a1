//! From a request to one of a known source. Where a key does not open and keys may have changed, they are read
//! again once.

use std::sync::Arc;

use super::{App, Problem};
use crate::inbound::{NotVerified, Source, Unverified, Verified};

/// The source whose bearer key a native request carries.
pub(super) async fn by_bearer(app: &App, unverified: &Unverified) -> Result<Verified, Problem> {
    let wrong = match unverified.verify_bearer(&app.sources) {
        Err(wrong @ NotVerified::WrongKey) => wrong,
        other => return Ok(other?),
    };
    let now = app.relay.clock().now();
    let bearers = app.sources.iter().filter(|source| source.is_bearer() && source.keyring.arn().is_some());
    let renewals = bearers.map(|source| app.source_secrets.renew(source, now));
    let renewed = futures_util::future::join_all(renewals).await;
    if renewed.is_empty() {
        return Err(wrong.into());
    }
    match unverified.verify_bearer(&app.sources) {
        Err(wrong) => renewed
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
            .map_or_else(|no| Err(no.into()), |_| Err(wrong.into())),
        verified => Ok(verified?),
    }
}

/// The source that a webhook's address names.
pub(super) async fn by_address(app: &App, name: &str, unverified: &Unverified) -> Result<Verified, Problem> {
    let source: &Arc<Source> = app.sources.find(name).ok_or(NotVerified::UnknownSource)?;
    let now = app.relay.clock().now();
    let first = unverified.verify(source, now);
    let keys_may_differ = matches!(first, Err(NotVerified::WrongSecret | NotVerified::WrongSignature));
    if !keys_may_differ || source.keyring.arn().is_none() {
        return Ok(first?);
    }
    let renewed = app.source_secrets.renew(source, now).await;
    match unverified.verify(source, now) {
        Ok(verified) => Ok(verified),
        Err(wrong) => renewed.map_or_else(|no| Err(no.into()), |()| Err(wrong.into())),
    }
}
