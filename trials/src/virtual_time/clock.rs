//! Simulated time: tasks that wait, and a scheduler that goes from one moment to the next without waiting.
//!
//! Invariant: time stands still while any task can go on, so a run is the same however fast the machine is.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use defender_tag_relay::domain::Timestamp;
use futures_util::stream::{FuturesUnordered, StreamExt};

/// When every run begins, in microseconds since the Unix epoch.
const START_US: i64 = 1_800_000_000_000_000;

/// A clock of simulated time. Clones share it.
#[derive(Clone, Debug)]
pub struct Time(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    now_us: i64,
    numbers: u64,
    due: BinaryHeap<Reverse<(i64, u64)>>,
    wakers: BTreeMap<u64, Waker>,
}

impl Default for Time {
    fn default() -> Self {
        let inner = Inner { now_us: START_US, numbers: 0, due: BinaryHeap::new(), wakers: BTreeMap::new() };
        Self(Arc::new(Mutex::new(inner)))
    }
}

impl Time {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.now_us() / 1000)
    }

    /// The time in microseconds since the Unix epoch.
    pub fn now_us(&self) -> i64 {
        self.inner().now_us
    }

    /// Microseconds since the run began.
    pub fn elapsed_us(&self) -> i64 {
        self.now_us() - START_US
    }

    /// Returns at this moment.
    pub fn until(&self, moment: Timestamp) -> Alarm {
        self.until_us(moment.ms().saturating_mul(1000))
    }

    /// Returns at this microsecond since the Unix epoch.
    pub fn until_us(&self, at_us: i64) -> Alarm {
        Alarm { time: self.clone(), at_us, number: None }
    }

    /// Runs tasks to their end, and returns what they came to. Not to be called in a runtime of Tokio's: that
    /// would make tasks yield to it.
    pub fn run<T>(&self, tasks: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
        let mut running: FuturesUnordered<_> = tasks.into_iter().collect();
        let mut done = Vec::new();
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        loop {
            match running.poll_next_unpin(&mut Context::from_waker(&waker)) {
                Poll::Ready(Some(result)) => done.push(result),
                Poll::Pending if woken.0.swap(false, Ordering::SeqCst) || self.go_on() => {}
                Poll::Ready(None) | Poll::Pending => return done,
            }
        }
    }

    /// Goes to the next moment that somebody waits for. Says whether there is one.
    fn go_on(&self) -> bool {
        let waker = {
            let mut inner = self.inner();
            let Some(Reverse((at_us, number))) = inner.due.pop() else { return false };
            inner.now_us = inner.now_us.max(at_us);
            inner.wakers.remove(&number)
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }
}

/// Whether some task can go on.
#[derive(Debug, Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A moment that is waited for.
#[derive(Debug)]
pub struct Alarm {
    time: Time,
    at_us: i64,
    number: Option<u64>,
}

impl Future for Alarm {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let time = self.time.clone();
        let mut inner = time.inner();
        if inner.now_us >= self.at_us {
            return Poll::Ready(());
        }
        let number = self.number.unwrap_or_else(|| {
            inner.numbers += 1;
            let number = inner.numbers;
            inner.due.push(Reverse((self.at_us, number)));
            number
        });
        self.number = Some(number);
        inner.wakers.insert(number, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.time.inner().wakers.remove(&number);
        }
    }
}

impl AsyncSleep for Time {
    fn sleep(&self, duration: Duration) -> Sleep {
        let us = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Sleep::new(self.until_us(self.now_us().saturating_add(us)))
    }
}

/// What the client signs with, and measures its own patience by.
impl TimeSource for Time {
    fn now(&self) -> SystemTime {
        let since = Duration::from_micros(u64::try_from(self.now_us()).unwrap_or(0));
        UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn tasks_go_on_in_the_order_of_the_moments_they_wait_for() {
        let (time, log) = (Time::default(), RefCell::new(Vec::new()));
        let task = async |name: &'static str, wait_ms: i64| {
            for _ in 0..2 {
                time.until(time.now().plus_ms(wait_ms)).await;
                log.borrow_mut().push((name, time.elapsed_us() / 1000));
            }
        };
        time.run([task("slow", 3_600_000), task("fast", 7)]);
        let expected = [("fast", 7), ("fast", 14), ("slow", 3_600_000), ("slow", 7_200_000)];
        assert_eq!(*log.borrow(), expected);
    }
}
