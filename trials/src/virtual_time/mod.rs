//! The contention benchmark of the limiter in virtual time: the real store, the real client and the embedded engine, with
//! the way between them simulated. Its figures do not depend on the machine.

mod clock;
mod contention;
mod table;

pub use clock::{VirtualClock, VirtualTimer};
pub use contention::{Contention, ContentionReport, Goal, Grant, Limiter, LimiterAnswer, RelayLimiter};
pub use table::{Operations, VirtualTable};
