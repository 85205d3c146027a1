//! From a request to one of a known source. Keys that were read long ago are read again first; where a key does not
//! open and keys may have changed, they are read again once.

use futures_util::future::join_all;

use super::{App, Problem, RequestContext};
use crate::aws::NoSecret;
use crate::inbound::{NotVerified, Unverified, Verified};

/// The source whose bearer key a native request carries.
pub(super) async fn by_bearer(
    app: &App,
    invocation: &RequestContext,
    unverified: &Unverified,
) -> Result<Verified, Problem> {
    let verified = bearer(app, unverified).await?;
    invocation.asked_by(&verified.source().name);
    Ok(verified)
}

async fn bearer(app: &App, unverified: &Unverified) -> Result<Verified, Problem> {
    let now = app.clock().now();
    let bearers = || app.sources.iter().filter(|source| source.is_bearer());
    join_all(bearers().map(|source| app.sources.keep_fresh(source, &app.secrets_manager, now))).await;
    let wrong = match Verified::by_bearer(unverified, &app.sources) {
        Err(wrong @ NotVerified::WrongKey) => wrong,
        other => return Ok(other?),
    };
    let renewals = bearers().map(|source| app.sources.renew(source, &app.secrets_manager, now));
    let renewed: Result<Vec<()>, _> = join_all(renewals).await.into_iter().collect();
    Verified::by_bearer(unverified, &app.sources).map_err(|_| after(renewed, wrong))
}

/// The source that a webhook's address names.
pub(super) async fn by_address(
    app: &App,
    invocation: &RequestContext,
    name: &str,
    unverified: &Unverified,
) -> Result<Verified, Problem> {
    let verified = address(app, name, unverified).await?;
    invocation.asked_by(&verified.source().name);
    Ok(verified)
}

async fn address(app: &App, name: &str, unverified: &Unverified) -> Result<Verified, Problem> {
    let source = app.sources.find(name).ok_or(NotVerified::UnknownSource)?;
    let now = app.clock().now();
    app.sources.keep_fresh(source, &app.secrets_manager, now).await;
    let first = Verified::by_scheme(unverified, source, now);
    let keys_may_differ =
        matches!(first, Err(NotVerified::WrongSecret | NotVerified::WrongSignature | NotVerified::NoKeys));
    if !keys_may_differ || !source.keyring.is_by_reference() {
        return Ok(first?);
    }
    let renewed = app.sources.renew(source, &app.secrets_manager, now).await;
    Verified::by_scheme(unverified, source, now).map_err(|wrong| after(renewed, wrong))
}

/// What the caller is told who is still not verified: while keys cannot be read, nobody knows whether one is wrong.
fn after<T>(renewed: Result<T, NoSecret>, wrong: NotVerified) -> Problem {
    renewed.map_or_else(Problem::from, |_| wrong.into())
}
