//! The fault matrix: every dependency, failed in every way, while requests arrive. `docs/faults.md` is its table.
//!
//! While a fault lasts, callers see what the page says, and no machine is reported as applied. When the fault is over,
//! every accepted request is done as soon as the page says, with a true outcome for each machine, in the right order.
//! Every call has a permit and was allowed, and no secret is revealed.

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

/// Fixtures at once that keep a processor busy.
const AT_ONCE: usize = 4;

/// A service that the relay depends on.
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
    /// The network to it has a fault.
    Network(NetworkFault),
    /// The server speaks TLS with an untrusted certificate.
    Certificate,
    /// Its name does not resolve.
    Name,
}

/// Runs each on its own thread, so many at once, because a thread's log lines belong to one fixture.
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
