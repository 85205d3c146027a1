//! Work after the answer: an internal extension that keeps the invocation open until the drain rests.
//!
//! Invariant: the sandbox is never frozen with a call in flight, because Lambda freezes it only when the
//! extension has asked for the next event. Where there are no extensions, the answer itself waits.

use std::sync::Arc;

use lambda_extension::Extension;
use lambda_http::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use tokio::sync::{Mutex, mpsc};

use super::handler::Handler;
use crate::http::App;
use crate::relay::Tenants;

/// Turns that the registration has before the relay is made: enough to connect and to send it.
const REGISTRATION_TURNS: usize = 8;
/// Milliseconds from the registration until Lambda surely knows that the function is ready.
const READY_WITHIN_MS: i64 = 5;
/// Milliseconds that may go into tokens before a request needs them.
const WARM_UP_MS: i64 = 2_000;

/// Sends word of the relays that may still be at work when it is dropped, so that the extension hears of every end, a
/// panic's too.
struct Ended(mpsc::UnboundedSender<Tenants>, Tenants);

impl Drop for Ended {
    fn drop(&mut self) {
        if self.0.send(self.1.clone()).is_err() {
            tracing::debug!("nobody waits for the end of an invocation");
        }
    }
}

/// Serves events until Lambda ends the process. The relay is made while Lambda answers the registration.
pub async fn run<E: Into<Error>>(app: impl Future<Output = Result<App, E>>) -> Result<(), Error> {
    let (ended, answered) = mpsc::unbounded_channel::<Tenants>();
    let answered = Arc::new(Mutex::new(answered));
    let after = service_fn(move |_: lambda_extension::LambdaEvent| {
        let answered = Arc::clone(&answered);
        async move {
            let relays = answered.lock().await.recv().await;
            if let Some(relays) = relays {
                relays.until_idle().await;
            }
            Ok::<(), Error>(())
        }
    });
    let extension = Extension::new().with_events(&["INVOKE"]).with_events_processor(after);
    let registering = tokio::spawn(async move { extension.register().await });
    for _ in 0..REGISTRATION_TURNS {
        tokio::task::yield_now().await;
    }
    let app = app.await.map_err(Into::into)?;
    tracing::info!(ColdStarts = 1, version = env!("CARGO_PKG_VERSION"), "started");
    let handler = Handler::new(app.clone());
    let registered = registering.await?;
    tokio::spawn(warm_up(app.clone()));
    match registered {
        Ok(extension) => {
            let handler = service_fn(move |event: LambdaEvent<Value>| {
                let handler = handler.clone();
                let ended = Ended(ended.clone(), app.relays.clone());
                async move {
                    let answer = handler.handle(event).await;
                    drop(ended);
                    answer
                }
            });
            tokio::try_join!(lambda_runtime::run(handler), extension.run()).map(|_| ())
        }
        Err(error) => {
            tracing::warn!(%error, "no extensions here: answers wait for the drain");
            let relays = app.relays;
            lambda_runtime::run(service_fn(move |event| answer_last(handler.clone(), relays.clone(), event)))
                .await
        }
    }
}

/// Beside the first request, not before it: no outside world keeps the function from being ready.
async fn warm_up(app: App) {
    app.clock().wait_until(app.clock().now().plus_ms(READY_WITHIN_MS)).await;
    app.relays.warm_up(WARM_UP_MS).await;
}

async fn answer_last(handler: Handler, relays: Tenants, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let answer = handler.handle(event).await;
    relays.until_idle().await;
    answer
}
