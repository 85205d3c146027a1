//! The Lambda function: AWS's events in, answers out, and work after the answer.

mod after_answer;
mod event;
mod handler;

pub use after_answer::run;
pub use handler::Handler;
