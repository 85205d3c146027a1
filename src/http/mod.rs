//! The HTTP interface: routes, answers and problems. The same router serves Lambda and the local run.

mod app;
mod context;
mod request;
mod response;
mod router;
mod routes;

pub use app::App;
pub use context::RequestContext;
pub use response::{Code, Problem, body_not_base64};
pub use router::{paths, router};
