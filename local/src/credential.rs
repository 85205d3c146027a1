//! The credentials that the app can have, each registered with the simulator's doubles of Entra and AWS.

use clap::ValueEnum;
use defender_tag_relay::config::Variables;
use simulator::{AUDIENCE, Simulator};

/// Where the double of Secrets Manager keeps the app's secret or certificate.
const ARN: &str = "arn:aws:secretsmanager:us-east-1:000000000000:secret:app-AbCdEf";

/// A kind of credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LocalCredential {
    /// A client secret in Secrets Manager.
    Secret,
    /// A certificate in Secrets Manager.
    Certificate,
    /// The identity that AWS gives the function.
    Federated,
}

impl LocalCredential {
    /// Registers the credential with the simulator, and returns the variables that change with it.
    pub fn register(self, simulator: &Simulator, variables: &Variables) -> Result<Variables, String> {
        let no_key = |error| format!("no key could be made: {error}");
        let (name, value) = match self {
            Self::Secret => {
                simulator.keep_secret(ARN, &variables["CLIENT_SECRET"]);
                ("CLIENT_SECRET_ARN", ARN)
            }
            Self::Certificate => {
                simulator.keep_secret(ARN, &simulator.register_certificate().map_err(no_key)?);
                ("CLIENT_CERTIFICATE_ARN", ARN)
            }
            Self::Federated => {
                simulator.trust_aws().map_err(no_key)?;
                ("FEDERATED_AUDIENCE", AUDIENCE)
            }
        };
        Ok([
            ("CLIENT_SECRET", String::new()),
            (name, value.to_owned()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", simulator.url()),
            ("AWS_ENDPOINT_URL_STS", simulator.url()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into())
    }
}
