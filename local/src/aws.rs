//! AWS clients that reach nothing but this machine.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use defender_tag_relay::aws::{Aws, transport};

/// The region that requests are signed for. The embedded engine does not look at it.
pub const REGION: &str = "us-east-1";
/// The credentials that requests are signed with. They open nothing.
pub const CREDENTIALS: &str = "local";

/// Clients whose every request goes to this address.
pub fn clients(url: &str) -> Aws {
    Aws::new(&config(url))
}

/// Clients whose tables are at the one address, and whose secrets and identities are at the other.
pub fn clients_of(dynamodb_url: &str, simulator_url: &str) -> Aws {
    Aws { dynamodb: clients(dynamodb_url).dynamodb, ..clients(simulator_url) }
}

/// The settings of such clients.
pub fn config(url: &str) -> SdkConfig {
    let credentials = Credentials::new(CREDENTIALS, CREDENTIALS, None, None, "local");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .http_client(transport())
        .build()
}
