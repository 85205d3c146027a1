//! The one clock. Decisions take `now` as an argument; code that must read or await the time holds this clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio::time::Instant;

use crate::domain::Timestamp;

/// A clock. Clones share it.
#[derive(Clone, Debug)]
pub struct Clock(ClockKind);

#[derive(Clone, Debug)]
enum ClockKind {
    System,
    Scaled { since: Timestamp, times: i64 },
    Manual(Arc<AtomicI64>),
    Stepped(watch::Receiver<i64>),
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(ClockKind::System)
    }

    /// A clock that runs `times` as fast as the machine's since the moment `since`. Processes that share both
    /// agree on the time, so that hours can be tried in minutes.
    pub const fn scaled(since: Timestamp, times: i64) -> Self {
        Self(ClockKind::Scaled { since, times })
    }

    /// A clock that shows the milliseconds since the Unix epoch that were last sent. Waiting waits for them.
    pub const fn stepped(ms: watch::Receiver<i64>) -> Self {
        Self(ClockKind::Stepped(ms))
    }

    /// A clock that shows the milliseconds since the Unix epoch in `ms`. Waiting moves it on at once.
    pub const fn manual(ms: Arc<AtomicI64>) -> Self {
        Self(ClockKind::Manual(ms))
    }

    /// Whether this is the machine's clock.
    pub const fn is_system(&self) -> bool {
        matches!(self.0, ClockKind::System)
    }

    /// How many times as fast as the machine's clock it runs.
    const fn times(&self) -> i64 {
        match self.0 {
            ClockKind::Scaled { times, .. } => times,
            _ => 1,
        }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            ClockKind::System => machine_now(),
            ClockKind::Scaled { since, times } => {
                since.plus_ms(machine_now().ms_since(*since).saturating_mul(*times))
            }
            ClockKind::Manual(ms) => Timestamp::from_ms(ms.load(Ordering::SeqCst)),
            ClockKind::Stepped(ms) => Timestamp::from_ms(*ms.borrow()),
        }
    }

    /// Returns at `moment`, at once if that is past.
    pub async fn wait_until(&self, moment: Timestamp) {
        match &self.0 {
            // The machine's clock may be set back meanwhile.
            ClockKind::System | ClockKind::Scaled { .. } => {
                while self.now() < moment {
                    sleep_ms(moment.ms_since(self.now()) / self.times() + 1).await;
                }
            }
            ClockKind::Manual(ms) => {
                ms.fetch_max(moment.ms(), Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
            ClockKind::Stepped(ms) => {
                if ms.clone().wait_for(|ms| *ms >= moment.ms()).await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}

/// How long something has lasted, whatever a clock is set to meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    /// None if it began before the machine's first moment.
    began: Option<Instant>,
}

impl Stopwatch {
    /// A stopwatch that begins now.
    pub fn start() -> Self {
        Self::running_for(Duration::ZERO)
    }

    /// A stopwatch that began this long ago.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn running_for(time: Duration) -> Self {
        Self { began: Instant::now().checked_sub(time) }
    }

    /// Milliseconds since it began.
    pub fn ms(&self) -> u32 {
        self.began.and_then(|began| u32::try_from(began.elapsed().as_millis()).ok()).unwrap_or(u32::MAX)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
fn machine_now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that awaits the clock")]
async fn sleep_ms(ms: i64) {
    tokio::time::sleep(Duration::from_millis(u64::try_from(ms).unwrap_or(0))).await;
}
