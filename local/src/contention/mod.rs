//! Many contenders for one budget, in simulated time: the real store, the real client and the embedded engine,
//! with the way between them simulated.

mod contender;
mod table;
mod time;

pub use contender::{Budget, Contest, Grant, Limiter, Measured, Step, Want, quantile};
pub use table::{Operations, Table};
pub use time::{Alarm, Time};
