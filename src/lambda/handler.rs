//! One handler for every event.
//!
//! Invariant: an event from API Gateway always has an HTTP answer. Only an event of no known kind fails.

use axum::Router;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Error, LambdaEvent, Request, Service, service_fn};
use lambda_runtime::Context;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::event::{self, Event};
use crate::domain::Timestamp;
use crate::http::{App, RequestContext, body_not_base64, router};

/// Milliseconds at the end of an invocation that are kept for writing down what was done.
const SPARE_MS: i64 = 4_000;

/// What answers events: the relay and its routes, made once. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handler {
    app: App,
    routes: Router,
}

impl Handler {
    /// One for this relay.
    pub fn new(app: App) -> Self {
        Self { routes: router(app.clone()), app }
    }

    /// Answers one event.
    pub async fn handle(self, event: LambdaEvent<Value>) -> Result<Value, Error> {
        let Self { app, routes } = self;
        let context = request_context(&event.context);
        match event::read(event.payload)? {
            Event::Schedule => {
                app.note_event();
                app.relays.on_schedule(context.ends_at).await;
                Ok(json!({ "status": "drained" }))
            }
            Event::Http(payload) => {
                let service = service_fn(move |mut request: Request| {
                    request.extensions_mut().insert(context.clone());
                    routes.clone().oneshot(request)
                });
                answer(service, *payload, event.context).await
            }
            Event::NotBase64(payload) => {
                app.note_event();
                let answered = move |_: Request| {
                    let problem = body_not_base64().answer(&context.request_id);
                    async move { Ok::<_, std::convert::Infallible>(problem) }
                };
                answer(service_fn(answered), *payload, event.context).await
            }
        }
    }
}

async fn answer<S, R, E>(service: S, payload: LambdaRequest, context: Context) -> Result<Value, Error>
where
    S: Service<Request, Response = R, Error = E>,
    S::Future: Send + 'static,
    R: lambda_http::IntoResponse + 'static,
    E: Into<Error> + 'static,
{
    let answered =
        Adapter::from(service).call(LambdaEvent::new(payload, context)).await.map_err(Into::into)?;
    Ok(serde_json::to_value(answered)?)
}

fn request_context(context: &Context) -> RequestContext {
    let deadline_ms = i64::try_from(context.deadline).unwrap_or(i64::MAX);
    let ends_at = Timestamp::from_ms(deadline_ms).plus_ms(-SPARE_MS);
    RequestContext::new(context.request_id.clone(), ends_at)
}
