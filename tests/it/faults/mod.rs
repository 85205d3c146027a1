//! The fault matrix: each outside world in each way to fail, while requests come. `docs/faults.md` is its table.
//!
//! Whatever fails, and however: while it lasts, callers see what the page says and nothing is said to be applied; when it
//! is over, every request that was accepted is done as soon as the page says, with a true outcome for each machine, in
//! the right order. No call is made without a permit, none that nobody may ask for, and nothing secret is told.

mod clock_steps;
mod clocks;
mod crashes;
mod dependencies;
mod harness;
mod page;
mod process;
mod store_faults;

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::NetworkFault;

/// Worlds at once that keep a processor busy.
const AT_ONCE: usize = 4;

/// An outside world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dependency {
    Entra,
    Defender,
    DynamoDb,
    SecretsManager,
}

/// How it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DependencyFault {
    /// The way to it is rude.
    Network(NetworkFault),
    /// Whoever listens there speaks TLS with a certificate that nobody vouches for.
    Certificate,
    /// Its name does not resolve.
    Name,
}

/// Runs each on a thread of its own, so many at once: a thread's log lines are those of one world.
fn each_alone<T: Copy + Sync>(all: &[T], at_once: usize, run: impl AsyncFn(T) + Sync) {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(one) = all.get(next.fetch_add(1, Ordering::SeqCst)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(run(*one));
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    });
}
