//! Work after the answer: an internal extension that keeps the invocation open until the drain rests.
//!
//! Invariant: the sandbox is never frozen with a call in flight, because Lambda freezes it only when the
//! extension has asked for the next event. Where there are no extensions, the answer itself waits.

use std::sync::Arc;

use lambda_extension::Extension;
use lambda_http::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use tokio::sync::{Mutex, mpsc};

use super::handle;
use crate::http::App;

/// Milliseconds from the registration until Lambda surely knows that the function is ready.
const READY_WITHIN_MS: i64 = 5;
/// Milliseconds that may go into tokens before a request needs them.
const WARM_UP_MS: i64 = 2_000;

/// Sends a word when it is dropped, so that the extension hears of every end, a panic's too.
struct Ended(mpsc::UnboundedSender<()>);

impl Drop for Ended {
    fn drop(&mut self) {
        if self.0.send(()).is_err() {
            tracing::debug!("nobody waits for the end of an invocation");
        }
    }
}

/// Serves events until Lambda ends the process.
pub async fn run(app: App) -> Result<(), Error> {
    tracing::info!(ColdStarts = 1, version = env!("CARGO_PKG_VERSION"), "started");
    let (ended, answered) = mpsc::unbounded_channel();
    let (answered, relays) = (Arc::new(Mutex::new(answered)), app.relays.clone());
    let after = service_fn(move |_: lambda_extension::LambdaEvent| {
        let (answered, relays) = (Arc::clone(&answered), relays.clone());
        async move {
            answered.lock().await.recv().await;
            relays.until_idle().await;
            Ok::<(), Error>(())
        }
    });
    let extension = Extension::new().with_events(&["INVOKE"]).with_events_processor(after);
    let registered = extension.register().await;
    tokio::spawn(warm_up(app.clone()));
    match registered {
        Ok(extension) => {
            let handler = service_fn(move |event: LambdaEvent<Value>| {
                let (app, ended) = (app.clone(), Ended(ended.clone()));
                async move {
                    let answer = handle(app, event).await;
                    drop(ended);
                    answer
                }
            });
            tokio::try_join!(lambda_runtime::run(handler), extension.run()).map(|_| ())
        }
        Err(error) => {
            tracing::warn!(%error, "no extensions here: answers wait for the drain");
            lambda_runtime::run(service_fn(move |event| answer_last(app.clone(), event))).await
        }
    }
}

/// Beside the first request, not before it: no outside world keeps the function from being ready.
async fn warm_up(app: App) {
    app.clock().wait_until(app.clock().now().plus_ms(READY_WITHIN_MS)).await;
    app.relays.warm_up(WARM_UP_MS).await;
}

async fn answer_last(app: App, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let answer = handle(app.clone(), event).await;
    app.relays.until_idle().await;
    answer
}
