//! A request body that checks its permit before it lets itself be written.
//!
//! An HTTP/1.1 client asks the body for its bytes when the connection is ready, and sends the head no earlier than
//! the first of them. A body that refuses therefore leaves the wire untouched.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::clock::Clock;
use crate::domain::budget::Permit;

const WAITING: u8 = 0;
const STARTED: u8 = 1;
const STOPPED: u8 = 2;

/// The permit was too old when the connection was ready.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the permit is too old")]
pub(super) struct TooOld;

/// A body under a permit.
pub(super) struct PermittedBody {
    bytes: Option<Bytes>,
    length: u64,
    permit: Permit,
    clock: Clock,
    state: Arc<AtomicU8>,
}

/// Shows what became of a body.
pub(super) struct BodyWatch(Arc<AtomicU8>);

impl PermittedBody {
    pub(super) fn new(bytes: Vec<u8>, permit: Permit, clock: Clock) -> (Self, BodyWatch) {
        let state = Arc::new(AtomicU8::new(WAITING));
        let bytes = Bytes::from(bytes);
        let length = bytes.len() as u64;
        (Self { bytes: Some(bytes), length, permit, clock, state: Arc::clone(&state) }, BodyWatch(state))
    }
}

impl BodyWatch {
    /// Whether bytes may have left.
    pub(super) fn has_started(&self) -> bool {
        self.0.load(Ordering::SeqCst) == STARTED
    }

    /// Whether the body stopped because its permit was too old.
    pub(super) fn is_stopped(&self) -> bool {
        self.0.load(Ordering::SeqCst) == STOPPED
    }
}

impl Body for PermittedBody {
    type Data = Bytes;
    type Error = TooOld;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TooOld>>> {
        let Some(bytes) = self.bytes.take() else { return Poll::Ready(None) };
        if !self.permit.is_usable_at(self.clock.now()) {
            self.state.store(STOPPED, Ordering::SeqCst);
            return Poll::Ready(Some(Err(TooOld)));
        }
        self.state.store(STARTED, Ordering::SeqCst);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}
