//! The decisions of a drain: which changes leave together, when they leave, and what Defender's answers mean.

mod call;
mod fold;
mod hold;
mod pace;
mod settle;

pub use call::{CallError, CallResult, Refusal, Verdict};
pub use fold::{Batch, Plan, Rules, Slot, fold, set_outcome};
pub use hold::{Hold, HoldCode, HoldReason};
pub use pace::{GATHER_MAX_MS, Paced, Usage, pace};
pub use settle::Settling;
