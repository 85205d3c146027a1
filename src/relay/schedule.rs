//! What a relay does without a request: each minute, and before the first request.

use std::sync::Arc;

use super::drain;
use super::parts::Inner;
use super::report::report;
use crate::domain::{Priority, Timestamp};

/// Drains, and then logs what still waits.
pub(super) async fn on_schedule(inner: &Arc<Inner>, stop_before: Timestamp) {
    drain::drain(inner, Priority::Urgent, stop_before).await;
    match Box::pin(report(inner)).await {
        Ok(report) => report.log(&inner.parts.tenant, inner.parts.clock.now()),
        Err(error) => {
            tracing::error!(StoreFailures = 1, %error, "what waits is unknown: the table cannot be read");
        }
    }
}

/// Fetches a token, and opens the connection to the table by reading the budget.
pub(super) async fn warm_up(inner: &Inner) {
    let (token, table) = futures_util::join!(inner.parts.tokens.get(), inner.budget.used_in_minute());
    tracing::debug!(tenant = %inner.parts.tenant, token = token.is_ok(), table = table.is_ok(), "warm");
}
