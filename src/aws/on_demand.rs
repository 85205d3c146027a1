//! A client that is made when it is first used.
//!
//! Making a client costs half a millisecond of a start, and most starts need only one of them.

use std::ops::Deref;
use std::sync::{Arc, LazyLock};

type Make<T> = Box<dyn FnOnce() -> T + Send>;

/// A client that is made when it is first used, once. Cheap to clone.
#[derive(Debug)]
pub struct OnDemand<T>(Arc<LazyLock<T, Make<T>>>);

impl<T> OnDemand<T> {
    /// A client that is made in this way.
    pub fn new(make: impl FnOnce() -> T + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(make))))
    }
}

impl<T> Clone for OnDemand<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for OnDemand<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_client_is_made_when_it_is_first_used_and_once_for_all() {
        let made = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&made);
        let client = OnDemand::new(move || counted.fetch_add(1, Ordering::Relaxed));
        let another = client.clone();
        assert_eq!(made.load(Ordering::Relaxed), 0);
        assert_eq!((*client, *another), (0, 0));
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }
}
