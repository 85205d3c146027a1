//! The routes, one file each. A route translates between HTTP and the relay, and decides nothing.

pub(super) mod budget;
pub(super) mod health;
mod respond;
pub(super) mod tag_requests;
pub(super) mod webhooks;
