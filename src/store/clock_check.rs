//! The check of the clock: what the table's replies say about this machine's clock.
//!
//! Invariant: it objects only when the clock is off for certain. A `Date` has whole seconds and was written at
//! some moment between the sending of the request and the arrival of the reply, so a reply gives a range.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use aws_smithy_types::date_time::Format;

use crate::clock::Clock;
use crate::domain::Timestamp;

/// Milliseconds that the clock may be off.
const OFF_MAX_MS: i64 = 1_000;
/// Milliseconds that one value of `Date` lasts.
const DATE_LASTS_MS: i64 = 1_000;

/// Compares this machine's clock with the `Date` of each reply. Clones share what was found.
#[derive(Clone, Debug)]
pub(super) struct ClockCheck {
    clock: Clock,
    /// Milliseconds that the clock is ahead of the table's, at least; negative: behind. Zero: not off.
    off_ms: Arc<AtomicI64>,
}

/// When the attempt under way was sent.
#[derive(Debug)]
struct SentAt(Timestamp);

impl Storable for SentAt {
    type Storer = StoreReplace<Self>;
}

impl ClockCheck {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, off_ms: Arc::default() }
    }

    /// Why no permit may be given, if the clock is off.
    pub(super) fn objection(&self) -> Option<String> {
        let off_ms = self.off_ms.load(Ordering::SeqCst);
        let way = if off_ms > 0 { "ahead of" } else { "behind" };
        (off_ms != 0).then(|| {
            format!("this machine's clock is {} ms or more {way} the table's; set it right", off_ms.abs())
        })
    }

    /// The time, less what the clock is off for certain.
    pub(super) fn corrected(&self, now: Timestamp) -> Timestamp {
        now.plus_ms(-self.off_ms.load(Ordering::SeqCst))
    }

    fn compare(&self, sent_at: Timestamp, date: Timestamp, received_at: Timestamp) {
        let off_ms = off_ms(sent_at, date, received_at);
        let before = self.off_ms.swap(off_ms, Ordering::SeqCst);
        match (before, off_ms) {
            (0, 0) => {}
            (0, _) => tracing::error!(off_ms, "this machine's clock is off: no permit is given"),
            (_, 0) => tracing::info!("this machine's clock is right again"),
            _ => {}
        }
    }
}

/// Milliseconds that the clock is ahead of the table's for certain, if that is too much; else zero.
fn off_ms(sent_at: Timestamp, date: Timestamp, received_at: Timestamp) -> i64 {
    let ahead_at_least = sent_at.ms_since(date.plus_ms(DATE_LASTS_MS));
    let behind_at_least = date.ms_since(received_at);
    if ahead_at_least > OFF_MAX_MS {
        ahead_at_least
    } else if behind_at_least > OFF_MAX_MS {
        -behind_at_least
    } else {
        0
    }
}

impl Intercept for ClockCheck {
    fn name(&self) -> &'static str {
        "ClockCheck"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        state: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        state.interceptor_state().store_put(SentAt(self.clock.now()));
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        state: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").and_then(parse_date);
        if let (Some(date), Some(SentAt(sent_at))) = (date, state.load::<SentAt>()) {
            self.compare(*sent_at, date, self.clock.now());
        }
        Ok(())
    }
}

fn parse_date(date: &str) -> Option<Timestamp> {
    let date = DateTime::from_str(date, Format::HttpDate).ok()?;
    date.to_millis().ok().map(Timestamp::from_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn off(sent_ms: i64, date_s: i64, received_ms: i64) -> i64 {
        let ms = Timestamp::from_ms;
        off_ms(ms(sent_ms), Timestamp::from_second(date_s), ms(received_ms))
    }

    #[test]
    fn a_clock_is_off_when_no_moment_of_the_round_trip_is_within_a_second_of_the_date() {
        assert_eq!(off(100_500, 100, 100_600), 0);
        assert_eq!((off(102_000, 100, 102_100), off(102_001, 100, 102_100)), (0, 1_001));
        assert_eq!((off(98_900, 100, 99_000), off(98_900, 100, 98_999)), (0, -1_001));
    }

    #[test]
    fn a_slow_round_trip_is_no_evidence() {
        assert_eq!(off(90_000, 100, 110_000), 0);
    }

    #[test]
    fn dates_are_read_as_http_writes_them() {
        assert_eq!(parse_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Timestamp::from_second(784_111_777)));
        assert_eq!(parse_date("yesterday"), None);
    }
}
