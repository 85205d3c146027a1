//! Webhooks that arrive again after their request may be forgotten.
//!
//! A webhook's request is found by its key for as long as the request is kept. A copy that can still be verified after
//! that could be sent again. So the first arrival of such a webhook is remembered by itself, and much longer. Invariant:
//! at every moment at which a copy can be verified, one of the two is known.

use super::super::parts::{Inner, Parts};
use crate::domain::RequestId;
use crate::inbound::{DeliveryKey, Verified};
use crate::store::StoreError;

/// Fraction of the retention during which a repeated webhook may still be accepted, because it may have been remembered
/// and then not accepted: the numerator.
const ACCEPTED_AGAIN_NUMERATOR: i64 = 6;
/// The same: the denominator.
const ACCEPTED_AGAIN_DENOMINATOR: i64 = 7;

/// Whether a webhook arrived first so long ago that its request may be forgotten. The caller asks before it accepts.
pub(in crate::relay) async fn was_taken_long_ago(
    inner: &Inner,
    verified: &Verified,
    delivery: &DeliveryKey,
) -> Result<bool, StoreError> {
    let Parts { store, clock, .. } = &inner.parts;
    let now = clock.now();
    let accepted_again_s = store.finished_kept_s() * ACCEPTED_AGAIN_NUMERATOR / ACCEPTED_AGAIN_DENOMINATOR;
    let Some(key) = delivery.key_if_fresh_after(accepted_again_s) else { return Ok(false) };
    let first_at = store.remember(RequestId::keyed(&verified.source().name, key), now).await?;
    Ok(now.ms_since(first_at) > accepted_again_s * 1000)
}
