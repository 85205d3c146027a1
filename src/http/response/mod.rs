//! What the routes answer: requests with their outcomes, problems, and the headers that show the budget.

mod problem;
mod problem_code;
pub(super) mod rate_limit;
pub(super) mod tag_request;

pub use problem::{Problem, body_not_base64};
pub use problem_code::Code;
