//! The router, and the layer around all routes: it knows the request's id, and writes problems and the log line.

use std::any::Any;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use axum::{Router, response::IntoResponse};
use tower_http::catch_panic::CatchPanicLayer;

use super::app::App;
use super::context::RequestContext;
use super::response::{Code, Problem, rate_limit};
use super::routes::{budget, health, tag_requests, webhooks};

/// Every route there is.
fn routes() -> [(&'static str, MethodRouter<App>); 7] {
    [
        ("/v1/health", get(health::get)),
        ("/v1/budget", get(budget::get)),
        ("/v1/tag-requests", post(tag_requests::post)),
        ("/v1/tag-requests/{id}", get(tag_requests::get)),
        ("/v1/tag-requests/{id}/retry", post(tag_requests::retry)),
        ("/v1/hooks/{source}", post(webhooks::post)),
        ("/v1/hooks/{source}/{token}", post(webhooks::post)),
    ]
}

/// The paths of every route, with their parameters in braces.
pub fn paths() -> [&'static str; 7] {
    routes().map(|(path, _)| path)
}

/// The routes, with what surrounds them.
pub fn router(app: App) -> Router {
    let routes = routes().into_iter().fold(Router::new(), |all, (path, route)| all.route(path, route));
    routes
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), surround))
        .layer(from_fn_with_state(app.clone(), rate_limit::show))
        .with_state(app)
}

async fn no_such_route() -> Problem {
    Problem::new(Code::NotFound, "there is no such address; the routes are under /v1")
}

async fn no_such_method(method: Method) -> Problem {
    let detail = format!("this address does not take {method}; see the Allow header");
    Problem::new(Code::MethodNotAllowed, detail)
}

/// The panic's own text may hold anything, so the answer does not show it.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    let detail = "the relay has failed; tell its operator the requestId";
    Problem::new(Code::InternalError, detail).into_response()
}

/// The path is not logged, its pattern is: a path may hold a secret.
async fn surround(State(app): State<App>, mut request: Request<Body>, next: Next) -> Response {
    let began_at = app.clock().now();
    let known = request.extensions().get::<RequestContext>().cloned();
    let context = known.unwrap_or_else(|| RequestContext::unknown(began_at));
    request.extensions_mut().insert(context.clone());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.as_deref().unwrap_or("none");

    let mut response = next.run(request).await;
    let cold_start = app.note_event();
    let took_ms = app.clock().now().ms_since(began_at);
    let problem = response.extensions_mut().remove::<Problem>();
    log(
        &RequestLine { method: &method, route, took_ms, cold_start, context: &context },
        response.status(),
        problem.as_ref(),
    );
    let Some(problem) = problem else {
        response.extensions_mut().insert(context);
        return response;
    };
    let mut answer = problem.answer(&context.request_id);
    if let Some(allow) = response.headers_mut().remove(axum::http::header::ALLOW) {
        answer.headers_mut().insert(axum::http::header::ALLOW, allow);
    }
    answer.extensions_mut().insert(context);
    answer
}

/// What the log line of a request has beside its answer.
struct RequestLine<'a> {
    method: &'a Method,
    route: &'a str,
    took_ms: i64,
    /// Whether it was the process's first.
    cold_start: bool,
    context: &'a RequestContext,
}

fn log(line: &RequestLine<'_>, status: StatusCode, problem: Option<&Problem>) {
    let once = |is| (status == is).then_some(1);
    let counts = |is: Code| problem.filter(|problem| problem.is(is)).map(|_| 1);
    let RequestLine { method, route, took_ms, cold_start, context } = line;
    let led_to = context.requests();
    tracing::info!(
        VerificationFailures = once(StatusCode::UNAUTHORIZED),
        StoreFailures = counts(Code::StoreUnavailable),
        SecretsFailures = counts(Code::SecretsUnavailable),
        %method,
        route,
        status = status.as_u16(),
        took_ms,
        request_id = context.request_id,
        source = context.source(),
        requests = led_to.map(|led_to| led_to.requests.as_str()),
        machines = led_to.map(|led_to| led_to.machines),
        pending = led_to.map(|led_to| led_to.pending),
        cold_start = cold_start.then_some(true),
        code = problem.map(Problem::code),
        inside = problem.and_then(Problem::inside),
        "request"
    );
    if let Some(problem) = problem.filter(|_| status.is_server_error()) {
        let code = problem.code();
        let inside = problem.inside();
        tracing::error!(request_id = context.request_id, code, inside, "a request could not be served");
    }
}
