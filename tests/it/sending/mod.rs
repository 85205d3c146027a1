//! From accepted requests to Defender's answers.

mod batching;
mod credentials;
mod defender_answers;
mod entra_answers;
mod gathering;
mod lease;
mod permissions;
mod races;
mod recovery;
mod silence;
mod urgency;
