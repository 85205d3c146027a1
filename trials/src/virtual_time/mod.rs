//! Many contenders for one budget, in simulated time: the real store, the real client and the embedded engine,
//! with the way between them simulated.

mod clock;
mod contention;
mod table;

pub use clock::{Alarm, Time};
pub use contention::{Budget, Contest, Grant, Limiter, Measured, Step, Want, quantile};
pub use table::{Operations, Table};
