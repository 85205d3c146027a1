//! Which source a request comes from. Keys that were read long ago are read again first. If no key opens and keys may
//! have changed, they are read again once.

use futures_util::future::join_all;

use super::super::app::App;
use super::super::context::RequestContext;
use super::super::response::Problem;
use crate::aws::NoSecret;
use crate::inbound::{NotVerified, Unverified, Verified};

/// The source whose bearer key a native request carries.
pub(in crate::http) async fn by_bearer(
    app: &App,
    context: &RequestContext,
    unverified: &Unverified,
) -> Result<Verified, Problem> {
    let verified = bearer(app, unverified).await?;
    context.asked_by(&verified.source().name);
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
    Verified::by_bearer(unverified, &app.sources).map_err(|_| unless_unread(renewed, wrong))
}

/// The source that a webhook's address names.
pub(in crate::http) async fn by_address(
    app: &App,
    context: &RequestContext,
    name: &str,
    unverified: &Unverified,
) -> Result<Verified, Problem> {
    let verified = address(app, name, unverified).await?;
    context.asked_by(&verified.source().name);
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
    Verified::by_scheme(unverified, source, now).map_err(|wrong| unless_unread(renewed, wrong))
}

/// The problem of a caller that is still not verified. While keys cannot be read, nobody knows whether one is wrong.
fn unless_unread<T>(renewed: Result<T, NoSecret>, wrong: NotVerified) -> Problem {
    renewed.map_or_else(Problem::from, |_| wrong.into())
}
