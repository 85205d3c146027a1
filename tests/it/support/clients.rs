//! AWS clients for relays whose table is not meant to fail. Their time-outs are so long that a busy machine does not
//! reach them.

use std::time::Duration;

use aws_smithy_types::timeout::TimeoutConfig;
use defender_tag_relay::aws::{Aws, OnDemand};

/// Longest wait for an operation.
const OPERATION_MAX: Duration = Duration::from_mins(2);

/// Clients whose tables are at the one address, and whose secrets and identities are at the other.
pub fn patient_clients(dynamodb_url: &str, simulator_url: &str) -> Aws {
    let usual = local::aws::clients_of(dynamodb_url, simulator_url);
    let dynamodb = usual.dynamodb.config().to_builder().timeout_config(timeouts()).build();
    let secrets_manager = usual.secrets_manager;
    Aws {
        dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb),
        secrets_manager: OnDemand::new(move || {
            let config = secrets_manager.config().to_builder().timeout_config(timeouts()).build();
            aws_sdk_secretsmanager::Client::from_conf(config)
        }),
        sts: usual.sts,
    }
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(OPERATION_MAX).operation_timeout(OPERATION_MAX).build()
}
