//! Virtual time: tasks that wait, and a scheduler that goes from one moment to the next without waiting.
//!
//! Invariant: time stands still while any task can go on, so that a run does not depend on the machine's speed.

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

/// A clock of virtual time. Clones share the time.
#[derive(Clone, Debug)]
pub struct VirtualClock(Arc<Mutex<ClockState>>);

#[derive(Debug)]
struct ClockState {
    now_us: i64,
    numbers: u64,
    due: BinaryHeap<Reverse<(i64, u64)>>,
    wakers: BTreeMap<u64, Waker>,
}

impl Default for VirtualClock {
    fn default() -> Self {
        let state =
            ClockState { now_us: START_US, numbers: 0, due: BinaryHeap::new(), wakers: BTreeMap::new() };
        Self(Arc::new(Mutex::new(state)))
    }
}

impl VirtualClock {
    fn state(&self) -> MutexGuard<'_, ClockState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.now_us() / 1000)
    }

    /// The time in microseconds since the Unix epoch.
    pub fn now_us(&self) -> i64 {
        self.state().now_us
    }

    /// Microseconds since the run began.
    pub fn elapsed_us(&self) -> i64 {
        self.now_us() - START_US
    }

    /// Returns at this moment.
    pub fn until(&self, moment: Timestamp) -> VirtualTimer {
        self.until_us(moment.ms().saturating_mul(1000))
    }

    /// Returns at this microsecond since the Unix epoch.
    pub fn until_us(&self, at_us: i64) -> VirtualTimer {
        VirtualTimer { clock: self.clone(), at_us, number: None }
    }

    /// Runs tasks to their end and returns their results. Do not call this in a Tokio runtime, because tasks would yield to
    /// it.
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

    /// Goes to the next moment that a task waits for. Returns whether there is one.
    fn go_on(&self) -> bool {
        let waker = {
            let mut state = self.state();
            let Some(Reverse((at_us, number))) = state.due.pop() else { return false };
            state.now_us = state.now_us.max(at_us);
            state.wakers.remove(&number)
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

/// A wait for a moment of virtual time.
#[derive(Debug)]
pub struct VirtualTimer {
    clock: VirtualClock,
    at_us: i64,
    number: Option<u64>,
}

impl Future for VirtualTimer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let mut state = clock.state();
        if state.now_us >= self.at_us {
            return Poll::Ready(());
        }
        let number = self.number.unwrap_or_else(|| {
            state.numbers += 1;
            let number = state.numbers;
            state.due.push(Reverse((self.at_us, number)));
            number
        });
        self.number = Some(number);
        state.wakers.insert(number, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for VirtualTimer {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.clock.state().wakers.remove(&number);
        }
    }
}

impl AsyncSleep for VirtualClock {
    fn sleep(&self, duration: Duration) -> Sleep {
        let us = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Sleep::new(self.until_us(self.now_us().saturating_add(us)))
    }
}

/// The AWS client signs its requests with this time, and measures its time-outs by it.
impl TimeSource for VirtualClock {
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
        let clock = VirtualClock::default();
        let log = RefCell::new(Vec::new());
        let task = async |name: &'static str, wait_ms: i64| {
            for _ in 0..2 {
                clock.until(clock.now().plus_ms(wait_ms)).await;
                log.borrow_mut().push((name, clock.elapsed_us() / 1000));
            }
        };
        clock.run([task("slow", 3_600_000), task("fast", 7)]);
        let expected = [("fast", 7), ("fast", 14), ("slow", 3_600_000), ("slow", 7_200_000)];
        assert_eq!(*log.borrow(), expected);
    }
}
