//! The decisions of a drain: which changes leave together, when they leave, and what Defender's answers mean.

mod batch_pace;
mod call;
mod fold;
mod hold_reason;
mod probe;
mod settle;

pub use batch_pace::{GATHER_MAX_MS, Paced, Usage, pace};
pub use call::{CallError, CallResult, Refusal, Verdict};
pub use fold::{Batch, Member, Plan, Rules, Slot, fold, set_outcome};
pub use hold_reason::{Hold, HoldCode, HoldReason};
pub use probe::in_turn;
pub use settle::Settling;
