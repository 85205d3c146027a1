//! The Lambda function.

use std::process::ExitCode;

use defender_tag_relay::aws::Aws;
use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::{Settings, from_environment};
use defender_tag_relay::start::app;
use defender_tag_relay::{lambda, logging};
use lambda_http::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the relay cannot start");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Error> {
    let settings = Settings::parse(&from_environment());
    let (level, function) = settings
        .as_ref()
        .map_or((tracing::Level::INFO, "unknown"), |settings| (settings.log_level, &settings.function_name));
    logging::to_stdout(level, function);
    let settings = settings?;
    let app = app(&settings, Aws::from_environment().await, Clock::system()).await?;
    lambda::run(app).await
}
