//! DynamoDB: the one table that holds the order, the backlog, the lease and the budget of a tenant.
//!
//! Invariant: a request is one item, so each step of its life is one conditional write: the step is stored as a
//! whole or not at all. Requests of one delivery are created in one transaction. A request is in the backlog
//! exactly while it has the attribute `queued`, which puts it into the table's local secondary index. That index
//! is read consistently, as a global one could not be.

mod backlog;
mod budget;
mod clock_check;
mod conditional;
mod create;
mod drain;
mod item;
mod rejected;
mod remembered;
mod request_item;
mod requests;
mod table;

pub use backlog::{Backlog, BacklogPage, DeadEntry};
pub use budget::PermitOutcome;
pub use create::Created;
pub use drain::{DrainState, LEASE_MS, Lease, LeaseId, Places};
pub use rejected::RejectedWebhook;
pub use requests::Save;
pub use table::{Store, StoreError};
