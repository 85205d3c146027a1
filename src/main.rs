//! The Lambda function.

use std::process::ExitCode;

use defender_tag_relay::aws::Aws;
use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::{Settings, Texts, from_environment};
use defender_tag_relay::start::{app, every_fault};
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
    let variables = from_environment();
    let settings = Settings::parse(&variables);
    let (level, function) = settings
        .as_ref()
        .map_or((tracing::Level::INFO, "unknown"), |settings| (settings.log_level, &settings.function_name));
    logging::to_stdout(level, function);
    let clock = Clock::system();
    match settings {
        Ok(settings) => {
            lambda::run(Box::pin(async { app(&settings, Aws::from_environment().await, clock).await })).await
        }
        Err(error) => {
            let aws = Aws::from_environment().await;
            Err(every_fault(error, &Texts::of(&variables), &aws, &clock).await.into())
        }
    }
}
