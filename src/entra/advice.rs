//! Entra's error numbers, and how to fix the cause of each.
//!
//! Source of the numbers: Microsoft, "Microsoft Entra authentication and authorization error codes", and
//! `https://login.microsoftonline.com/error?code=NUMBER`.

/// An error number and its advice.
struct KnownError {
    aadsts: u32,
    advice: &'static str,
}

const fn known(aadsts: u32, advice: &'static str) -> KnownError {
    KnownError { aadsts, advice }
}

/// The numbers that an app without a user may get.
const KNOWN: [KnownError; 20] = [
    known(7_000_215, "the client secret is wrong: store the secret's value, not its id"),
    known(7_000_222, "the client secret has expired: make a new one under Certificates & secrets"),
    known(7_000_216, "no proof of the app arrived: configure exactly one way of proving it"),
    known(7_000_112, "the app is disabled: enable it under Enterprise applications, Properties"),
    known(700_016, "the app is not in this tenant: check CLIENT_ID and TENANT_ID, or grant consent there"),
    known(7_000_229, "the app is not known in this tenant: grant it admin consent there"),
    known(700_021, "the assertion is another app's: check CLIENT_ID"),
    known(700_023, "the assertion is for another address: check TENANT_ID and LOGIN_ENDPOINT"),
    known(700_024, "the assertion is out of its time: a clock is wrong"),
    known(700_027, "the certificate is not the app's: upload it under Certificates & secrets, Certificates"),
    known(
        70_021,
        "no federated credential matches: compare issuer, subject and audience; a new one takes minutes",
    ),
    known(
        70_025,
        "the app has no federated credential: add one under Certificates & secrets; a new one takes minutes",
    ),
    known(700_211, "no federated credential has this issuer: it is the AWS account's own issuer URL"),
    known(700_212, "no federated credential has this audience: it must be FEDERATED_AUDIENCE"),
    known(
        700_213,
        "no federated credential has this subject: it is the ARN of the function's role, case and all",
    ),
    known(70_011, "the scope is not known: check DEFENDER_REGION"),
    known(
        500_011,
        "the tenant has no Defender for Endpoint of this cloud: check DEFENDER_REGION and the licence",
    ),
    known(90_002, "there is no such tenant: check TENANT_ID"),
    known(900_023, "this is no tenant id: check TENANT_ID"),
    known(53_003, "Conditional Access blocks the app: look at the policies for workload identities"),
];

/// What an operator does about this error.
pub(super) fn of(aadsts: u32) -> &'static str {
    let found = KNOWN.iter().find(|known| known.aadsts == aadsts);
    found.map_or("look the number up at https://login.microsoftonline.com/error", |known| known.advice)
}

/// Whether the cause may be a secret or certificate that was replaced meanwhile.
pub(super) const fn may_be_an_old_credential(aadsts: u32) -> bool {
    matches!(aadsts, 7_000_215 | 7_000_222 | 700_027)
}

/// Whether the error may pass by itself: a new federated credential takes minutes to be known everywhere.
/// Source: Microsoft, "Workload identity federation".
pub(super) const fn may_pass(aadsts: u32) -> bool {
    matches!(aadsts, 70_021 | 70_025 | 700_211 | 700_212 | 700_213)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_that_is_not_there_may_come_and_an_unknown_app_may_not() {
        assert!(may_pass(70_025) && of(70_025).contains("add one"));
        assert!(!may_pass(7_000_229) && of(7_000_229).contains("consent"));
    }

    #[test]
    fn the_page_on_credentials_has_every_number_with_its_advice() {
        let page = std::fs::read_to_string("docs/proofs/README.md").unwrap();
        for known in KNOWN {
            let line = format!("| {} | {} |", known.aadsts, known.advice);
            assert!(page.contains(&line), "docs/proofs/README.md lacks: {line}");
        }
    }
}
