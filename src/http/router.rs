//! The routes, and the layer around them all: it knows the request's id, writes problems and the log line.

use std::any::Any;

use axum::Json;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use axum::{Router, response::IntoResponse};
use tower_http::catch_panic::CatchPanicLayer;

use super::{App, Code, Problem, RequestContext, budget, hooks, rate_limit, tag_requests};

/// Every route there is.
fn routes() -> [(&'static str, MethodRouter<App>); 7] {
    [
        ("/v1/health", get(health)),
        ("/v1/budget", get(budget::get)),
        ("/v1/tag-requests", post(tag_requests::post)),
        ("/v1/tag-requests/{id}", get(tag_requests::get)),
        ("/v1/tag-requests/{id}/retry", post(tag_requests::retry)),
        ("/v1/hooks/{source}", post(hooks::post)),
        ("/v1/hooks/{source}/{token}", post(hooks::post)),
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

async fn health() -> Response {
    Json(serde_json::json!({ "status": "ok" })).into_response()
}

async fn no_such_route() -> Problem {
    Problem::new(Code::NotFound, "there is no such address; the routes are under /v1")
}

async fn no_such_method(method: Method) -> Problem {
    let detail = format!("this address does not take {method}; see the Allow header");
    Problem::new(Code::MethodNotAllowed, detail)
}

/// The panic's own text may hold anything, so it is not shown.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    let detail = "the relay has failed; tell its operator the requestId";
    Problem::new(Code::InternalError, detail).into_response()
}

/// The path is not logged, its pattern is: a path may hold a secret.
async fn surround(State(app): State<App>, mut request: Request<Body>, next: Next) -> Response {
    let began_at = app.clock().now();
    let known = request.extensions().get::<RequestContext>().cloned();
    let invocation = known.unwrap_or_else(|| RequestContext::unknown(began_at));
    request.extensions_mut().insert(invocation.clone());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.as_deref().unwrap_or("none");

    let mut response = next.run(request).await;
    let cold_start = app.note_event();
    let took_ms = app.clock().now().ms_since(began_at);
    let problem = response.extensions_mut().remove::<Problem>();
    tell(
        &Told { method: &method, route, took_ms, cold_start, invocation: &invocation },
        response.status(),
        problem.as_ref(),
    );
    let Some(problem) = problem else {
        response.extensions_mut().insert(invocation);
        return response;
    };
    let mut answer = problem.answer(&invocation.request_id);
    if let Some(allow) = response.headers_mut().remove(axum::http::header::ALLOW) {
        answer.headers_mut().insert(axum::http::header::ALLOW, allow);
    }
    answer.extensions_mut().insert(invocation);
    answer
}

/// What the line of a request tells beside its answer.
struct Told<'a> {
    method: &'a Method,
    route: &'a str,
    took_ms: i64,
    /// Whether it was the process's first.
    cold_start: bool,
    invocation: &'a RequestContext,
}

fn tell(told: &Told<'_>, status: StatusCode, problem: Option<&Problem>) {
    let once = |is| (status == is).then_some(1);
    let counts = |is: Code| problem.filter(|problem| problem.is(is)).map(|_| 1);
    let Told { method, route, took_ms, cold_start, invocation } = told;
    let led_to = invocation.requests();
    tracing::info!(
        VerificationFailures = once(StatusCode::UNAUTHORIZED),
        StoreFailures = counts(Code::StoreUnavailable),
        SecretsFailures = counts(Code::SecretsUnavailable),
        %method,
        route,
        status = status.as_u16(),
        took_ms,
        request_id = invocation.request_id,
        source = invocation.source(),
        requests = led_to.map(|led_to| led_to.requests.as_str()),
        machines = led_to.map(|led_to| led_to.machines),
        pending = led_to.map(|led_to| led_to.pending),
        cold_start = cold_start.then_some(true),
        code = problem.map(Problem::code),
        inside = problem.and_then(Problem::inside),
        "request"
    );
    if let Some(problem) = problem.filter(|_| status.is_server_error()) {
        let (code, inside) = (problem.code(), problem.inside());
        tracing::error!(request_id = invocation.request_id, code, inside, "a request could not be served");
    }
}
