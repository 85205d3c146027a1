//! The three ways of authenticating the app. The simulator's Entra verifies their signatures for real.

use local::credential::LocalCredential;
use simulator::{AUDIENCE, WebIdentity};

use crate::support::{Answer, Ask, Fixture, machine};

/// Asks for one machine to be tagged. Returns the answer, and what blocks it if it is not applied.
async fn tag(fixture: &Fixture, number: usize) -> (Answer, String) {
    let answer = Ask::add("vip", &[machine(number)]).header("prefer", "wait=1").send(fixture).await;
    fixture.app().relays.until_idle().await;
    let reason = fixture.budget().await["heldUp"]["reason"].as_str().unwrap_or_default().to_owned();
    (answer.now(fixture).await, reason)
}

/// Checks that nothing is lost after the app is fixed and the hold is over.
async fn goes_on(fixture: &Fixture, answer: &Answer) {
    fixture.schedule_until_empty().await;
    assert_eq!(answer.now(fixture).await.outcome(0), "applied");
}

#[tokio::test]
async fn each_proof_gets_a_token() {
    for credential in [LocalCredential::Secret, LocalCredential::Certificate, LocalCredential::Federated] {
        let fixture = Fixture::with_credential(credential).await;
        assert_eq!(tag(&fixture, 1).await.0.outcome(0), "applied", "{credential:?}");
    }
}

#[tokio::test]
async fn a_proof_is_made_anew_for_each_token() {
    for credential in [LocalCredential::Certificate, LocalCredential::Federated] {
        let fixture = Fixture::with_credential(credential).await;
        tag(&fixture, 1).await;
        fixture.pass_s(3_600);
        assert_eq!(
            tag(&fixture, 2).await.0.outcome(0),
            "applied",
            "{credential:?}: the first assertion is over"
        );
        assert_eq!(fixture.simulator().token_requests(), 2);
    }
}

#[tokio::test]
async fn a_certificate_that_was_replaced_is_read_again_without_a_new_deployment() {
    let fixture = Fixture::with_credential(LocalCredential::Certificate).await;
    let old_arn = fixture.loopback.variables["CLIENT_CERTIFICATE_ARN"].clone();
    tag(&fixture, 1).await;
    let renewed = fixture.simulator().register_certificate().unwrap();
    fixture.pass_s(3_600);
    let (answer, reason) = tag(&fixture, 2).await;
    assert!(reason.contains("AADSTS700027") && reason.contains("Certificates"), "{reason}");
    fixture.simulator().keep_secret(&old_arn, &renewed);
    goes_on(&fixture, &answer).await;
}

#[tokio::test]
async fn a_secret_that_was_replaced_in_time_holds_nothing_up() {
    let fixture = Fixture::with_credential(LocalCredential::Certificate).await;
    let arn = fixture.loopback.variables["CLIENT_CERTIFICATE_ARN"].clone();
    tag(&fixture, 1).await;
    let renewed = fixture.simulator().register_certificate().unwrap();
    fixture.simulator().keep_secret(&arn, &renewed);
    fixture.pass_s(3_600);
    let (answer, reason) = tag(&fixture, 2).await;
    assert_eq!(
        (answer.outcome(0), reason.as_str()),
        ("applied", ""),
        "the old one was refused, and read again"
    );
}

#[tokio::test]
async fn what_is_no_certificate_is_said_and_read_again() {
    let fixture = Fixture::with_credential(LocalCredential::Certificate).await;
    let arn = fixture.loopback.variables["CLIENT_CERTIFICATE_ARN"].clone();
    fixture.simulator().keep_secret(&arn, "a word");
    let (answer, reason) = tag(&fixture, 1).await;
    assert!(reason.contains("has no CERTIFICATE in PEM"), "{reason}");
    fixture.simulator().keep_secret(&arn, &fixture.simulator().register_certificate().unwrap());
    goes_on(&fixture, &answer).await;
}

#[tokio::test]
async fn a_certificate_can_be_given_as_it_is() {
    let fixture = Fixture::new().await;
    let pem = fixture.simulator().register_certificate().unwrap();
    pem.lines().filter(|line| line.len() > 40).for_each(|line| fixture.witness.must_not_reveal(line));
    let app = fixture.relay_with([("CLIENT_SECRET", ""), ("CLIENT_CERTIFICATE", pem.as_str())]).await;
    assert_eq!(Ask::add("vip", &[machine(1)]).send_to(&app).await.outcome(0), "applied");
}

#[tokio::test]
async fn a_subject_that_does_not_fit_is_named_and_tried_again_soon() {
    let fixture = Fixture::with_credential(LocalCredential::Federated).await;
    fixture.simulator().trust_subject("arn:aws:iam::000000000000:role/another");
    let (answer, reason) = tag(&fixture, 1).await;
    assert!(reason.contains("AADSTS700213") && reason.contains("ARN of the function's role"), "{reason}");
    fixture.simulator().trust_subject("arn:aws:iam::000000000000:role/defender-tag-relay");
    fixture.pass_s(30);
    fixture.schedule().await;
    assert_eq!(
        answer.now(&fixture).await.outcome(0),
        "applied",
        "a new credential takes minutes, not an operator"
    );
}

#[tokio::test]
async fn an_app_without_a_federated_credential_is_named_and_tried_again_soon() {
    let fixture = Fixture::with_credential(LocalCredential::Federated).await;
    fixture.simulator().trust_no_issuer();
    let (answer, reason) = tag(&fixture, 1).await;
    assert!(reason.contains("AADSTS70025") && reason.contains("add one"), "{reason}");
    fixture.simulator().trust_aws().unwrap();
    fixture.pass_s(30);
    fixture.schedule().await;
    assert_eq!(answer.now(&fixture).await.outcome(0), "applied", "an operator who adds one need not wait");
}

#[tokio::test]
async fn an_audience_that_does_not_fit_is_named() {
    let fixture = Fixture::with_credential(LocalCredential::Federated).await;
    let app = fixture.relay_with([("FEDERATED_AUDIENCE", "api://somebody-else")]).await;
    let answer = Ask::add("vip", &[machine(1)]).header("prefer", "wait=1").send_to(&app).await;
    app.relays.until_idle().await;
    let reason = fixture.budget().await["heldUp"]["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("AADSTS700212") && reason.contains("FEDERATED_AUDIENCE"), "{reason}");
    goes_on(&fixture, &answer).await;
}

#[tokio::test]
async fn what_aws_refuses_says_which_switch_to_turn() {
    for (switch, said) in [
        (WebIdentity::Disabled, "outbound identity federation is off"),
        (WebIdentity::Denied, "sts:GetWebIdentityToken"),
        (WebIdentity::Down, "AWS's identity"),
    ] {
        let fixture = Fixture::with_credential(LocalCredential::Federated).await;
        fixture.simulator().switch(|s| s.web_identity = switch);
        let (answer, reason) = tag(&fixture, 1).await;
        assert!(reason.contains(said), "{reason}");
        fixture.simulator().switch(|s| s.web_identity = WebIdentity::Given);
        goes_on(&fixture, &answer).await;
    }
}

#[tokio::test]
async fn an_identity_is_asked_for_one_audience_for_five_minutes() {
    let fixture = Fixture::with_credential(LocalCredential::Federated).await;
    tag(&fixture, 1).await;
    let asked = fixture.simulator().identities_asked();
    assert_eq!(asked, [(AUDIENCE.to_owned(), 300)]);
}
