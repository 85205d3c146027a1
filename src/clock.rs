//! The one clock. Logic takes `now` as an argument; whoever needs to read or await the time holds this.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::domain::Timestamp;

/// A clock. Clones share it.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that shows the milliseconds since the Unix epoch in `ms`. Waiting moves it on at once.
    pub const fn manual(ms: Arc<AtomicI64>) -> Self {
        Self(Kind::Manual(ms))
    }

    /// The time.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::Manual(ms) => Timestamp::from_ms(ms.load(Ordering::SeqCst)),
            Kind::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
        }
    }

    /// Returns at `moment`, at once if that is past.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that awaits the clock")]
    pub async fn wait_until(&self, moment: Timestamp) {
        match &self.0 {
            Kind::Manual(ms) => {
                ms.fetch_max(moment.ms(), Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
            Kind::System => {
                let ms = u64::try_from(moment.ms_since(self.now())).unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(ms)).await;
            }
        }
    }
}
