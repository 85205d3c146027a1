//! AWS's clients, made in one place, and what they say when they fail.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::on_demand::OnDemand;
use super::transport::transport;

/// Milliseconds for one attempt of one operation.
const ATTEMPT_MS: u64 = 1_500;
/// Milliseconds for an operation with its retries: a sender must be told in time.
const OPERATION_MS: u64 = 3_500;

/// Secrets Manager's client.
pub type SecretsManager = OnDemand<aws_sdk_secretsmanager::Client>;
/// The Security Token Service's client.
pub type Sts = OnDemand<aws_sdk_sts::Client>;

/// Clients of AWS's services.
#[derive(Clone, Debug)]
pub struct Aws {
    /// DynamoDB.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Secrets Manager.
    pub secrets_manager: SecretsManager,
    /// The Security Token Service of the function's own region: the global one gives no web identities.
    pub sts: Sts,
}

impl Aws {
    /// Clients as the process's environment configures them. Lambda puts a function's credentials there; to look
    /// elsewhere as well would cost every start a client of its own.
    pub async fn from_environment() -> Self {
        let config = aws_config::defaults(BehaviorVersion::latest()).http_client(transport());
        let config = config.credentials_provider(EnvironmentVariableCredentialsProvider::new());
        Self::new(&config.load().await)
    }

    /// Clients of this configuration.
    pub fn new(config: &SdkConfig) -> Self {
        let dynamodb = aws_sdk_dynamodb::config::Builder::from(config).timeout_config(timeouts()).build();
        let (of_secrets, of_sts) = (config.clone(), config.clone());
        Self {
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb),
            secrets_manager: OnDemand::new(move || {
                let config = aws_sdk_secretsmanager::config::Builder::from(&of_secrets);
                aws_sdk_secretsmanager::Client::from_conf(config.timeout_config(timeouts()).build())
            }),
            sts: OnDemand::new(move || {
                let config = aws_sdk_sts::config::Builder::from(&of_sts);
                aws_sdk_sts::Client::from_conf(config.timeout_config(timeouts()).build())
            }),
        }
    }
}

/// The time-outs of every operation.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_millis(ATTEMPT_MS))
        .operation_timeout(Duration::from_millis(OPERATION_MS))
        .build()
}

/// What AWS said, in a line; never the raw answer, which may hold an item.
pub fn describe<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata,
{
    match error {
        SdkError::TimeoutError(_) => "timed out".into(),
        SdkError::DispatchFailure(_) => "no connection".into(),
        SdkError::ResponseError(_) => "an answer that cannot be read".into(),
        SdkError::ServiceError(_) => {
            format!("{}: {}", error.code().unwrap_or("no code"), error.message().unwrap_or("no message"))
        }
        _ => "a request that cannot be made".into(),
    }
}
