//! The full ARN of a secret in Secrets Manager.
//!
//! Invariant: it has the shape of an ARN, so that a secret put in its place by mistake is refused and never shown.

use std::fmt;
use std::sync::Arc;

/// Characters a secret's name may have. Source: AWS, "Create a secret", with the six it adds.
const NAME_MAX_CHARS: usize = 520;
/// Digits of an AWS account's id.
const ACCOUNT_DIGITS: usize = 12;

/// The full ARN of a secret in Secrets Manager. Not secret. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretArn(Arc<str>);

/// The text is not such an ARN. The error does not show it, because it may be the secret itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be the full ARN of a secret in Secrets Manager, as in arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME"
)]
pub struct NotASecretArn;

impl SecretArn {
    /// Reads an ARN.
    pub fn parse(text: &str) -> Result<Self, NotASecretArn> {
        let parts: Vec<_> = text.split(':').collect();
        let &["arn", partition, "secretsmanager", region, account, "secret", name] = parts.as_slice() else {
            return Err(NotASecretArn);
        };
        let word = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let account = account.len() == ACCOUNT_DIGITS && account.bytes().all(|b| b.is_ascii_digit());
        let named = (1..=NAME_MAX_CHARS).contains(&name.len()) && name.bytes().all(is_of_a_name);
        if partition.starts_with("aws") && word(partition) && word(region) && account && named {
            Ok(Self(text.into()))
        } else {
            Err(NotASecretArn)
        }
    }

    /// The ARN's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Source: AWS, "Create a secret"; `!` stands in the names of secrets that other services keep.
const fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'+' | b'=' | b'.' | b'@' | b'-' | b'!')
}

impl fmt::Display for SecretArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_full_arn_of_a_secret_is_one() {
        for good in [
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:relay/sources-AbCdEf",
            "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:app",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-1-AbCdEf",
        ] {
            assert_eq!(SecretArn::parse(good).map(|arn| arn.to_string()).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "relay/sources",
            "a-secret-by-mistake",
            "arn:a-secret-by-mistake",
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:",
            "arn:aws:secretsmanager:eu-central-1:12345:secret:app",
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:app ",
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:app:json-key",
            "arn:aws:kms:eu-central-1:123456789012:key:app",
            "arn:gcp:secretsmanager:eu-central-1:123456789012:secret:app",
            "arn:aws:secretsmanager::123456789012:secret:app",
        ] {
            assert_eq!(SecretArn::parse(bad), Err(NotASecretArn), "{bad}");
        }
    }
}
