//! A proxy before the engine that writes the `Date` of each reply by the clock of a test, as `DynamoDB` writes it by the
//! real one.

use crate::clock::Clock;
use crate::proxy::{self, OnReply};
use axum::http::HeaderValue;
use axum::http::header::DATE;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Opens a proxy before the engine at this address. It closes when the tasks are dropped.
pub(super) async fn open(port: u16, engine: &str, clock: Clock) -> std::io::Result<(String, JoinSet<()>)> {
    let set_date: OnReply = Arc::new(move |reply| {
        if let Some(date) = date(clock()) {
            reply.headers_mut().insert(DATE, date);
        }
    });
    proxy::open(port, engine, set_date).await
}

fn date(ms: u64) -> Option<HeaderValue> {
    let moment = Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok()?;
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).ok()?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_http_has_it() {
        assert_eq!(date(784_111_777_900).unwrap(), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
