//! The three ways of proving the app, each judged by the simulator's Entra, which verifies signatures for real.

use local::credential::LocalCredential;
use simulator::{AUDIENCE, WebIdentity};

use crate::support::{Answer, Ask, World, machine};

/// Asks for one machine to be tagged, and says what holds it up if it is not.
async fn tag(world: &World, number: usize) -> (Answer, String) {
    let answer = Ask::add("vip", &[machine(number)]).header("prefer", "wait=1").send(world).await;
    world.app().relays.until_idle().await;
    let reason = world.budget().await["heldUp"]["reason"].as_str().unwrap_or_default().to_owned();
    (answer.now(world).await, reason)
}

/// The app is mended: after the hold nothing is lost.
async fn goes_on(world: &World, answer: &Answer) {
    world.schedule_until_empty().await;
    assert_eq!(answer.now(world).await.outcome(0), "applied");
}

#[tokio::test]
async fn each_proof_gets_a_token() {
    for credential in [LocalCredential::Secret, LocalCredential::Certificate, LocalCredential::Federated] {
        let world = World::proven_by(credential).await;
        assert_eq!(tag(&world, 1).await.0.outcome(0), "applied", "{credential:?}");
    }
}

#[tokio::test]
async fn a_proof_is_made_anew_for_each_token() {
    for credential in [LocalCredential::Certificate, LocalCredential::Federated] {
        let world = World::proven_by(credential).await;
        tag(&world, 1).await;
        world.pass_s(3_600);
        assert_eq!(
            tag(&world, 2).await.0.outcome(0),
            "applied",
            "{credential:?}: the first assertion is over"
        );
        assert_eq!(world.simulator().token_requests(), 2);
    }
}

#[tokio::test]
async fn a_certificate_that_was_replaced_is_read_again_without_a_new_deployment() {
    let world = World::proven_by(LocalCredential::Certificate).await;
    let old_arn = world.loopback.variables["CLIENT_CERTIFICATE_ARN"].clone();
    tag(&world, 1).await;
    let renewed = world.simulator().register_certificate().unwrap();
    world.pass_s(3_600);
    let (answer, reason) = tag(&world, 2).await;
    assert!(reason.contains("AADSTS700027") && reason.contains("Certificates"), "{reason}");
    world.simulator().keep_secret(&old_arn, &renewed);
    goes_on(&world, &answer).await;
}

#[tokio::test]
async fn a_secret_that_was_replaced_in_time_holds_nothing_up() {
    let world = World::proven_by(LocalCredential::Certificate).await;
    let arn = world.loopback.variables["CLIENT_CERTIFICATE_ARN"].clone();
    tag(&world, 1).await;
    let renewed = world.simulator().register_certificate().unwrap();
    world.simulator().keep_secret(&arn, &renewed);
    world.pass_s(3_600);
    let (answer, reason) = tag(&world, 2).await;
    assert_eq!(
        (answer.outcome(0), reason.as_str()),
        ("applied", ""),
        "the old one was refused, and read again"
    );
}

#[tokio::test]
async fn what_is_no_certificate_is_said_and_read_again() {
    let world = World::proven_by(LocalCredential::Certificate).await;
    let arn = world.loopback.variables["CLIENT_CERTIFICATE_ARN"].clone();
    world.simulator().keep_secret(&arn, "a word");
    let (answer, reason) = tag(&world, 1).await;
    assert!(reason.contains("has no CERTIFICATE in PEM"), "{reason}");
    world.simulator().keep_secret(&arn, &world.simulator().register_certificate().unwrap());
    goes_on(&world, &answer).await;
}

#[tokio::test]
async fn a_certificate_can_be_given_as_it_is() {
    let world = World::new().await;
    let pem = world.simulator().register_certificate().unwrap();
    pem.lines().filter(|line| line.len() > 40).for_each(|line| world.witness.must_not_tell(line));
    let app = world.relay_with([("CLIENT_SECRET", ""), ("CLIENT_CERTIFICATE", pem.as_str())]).await;
    assert_eq!(Ask::add("vip", &[machine(1)]).send_to(&app).await.outcome(0), "applied");
}

#[tokio::test]
async fn a_subject_that_does_not_fit_is_named_and_tried_again_soon() {
    let world = World::proven_by(LocalCredential::Federated).await;
    world.simulator().trust_subject("arn:aws:iam::000000000000:role/another");
    let (answer, reason) = tag(&world, 1).await;
    assert!(reason.contains("AADSTS700213") && reason.contains("ARN of the function's role"), "{reason}");
    world.simulator().trust_subject("arn:aws:iam::000000000000:role/defender-tag-relay");
    world.pass_s(30);
    world.schedule().await;
    assert_eq!(
        answer.now(&world).await.outcome(0),
        "applied",
        "a new credential takes minutes, not an operator"
    );
}

#[tokio::test]
async fn an_app_without_a_federated_credential_is_named_and_tried_again_soon() {
    let world = World::proven_by(LocalCredential::Federated).await;
    world.simulator().trust_no_issuer();
    let (answer, reason) = tag(&world, 1).await;
    assert!(reason.contains("AADSTS70025") && reason.contains("add one"), "{reason}");
    world.simulator().trust_aws().unwrap();
    world.pass_s(30);
    world.schedule().await;
    assert_eq!(answer.now(&world).await.outcome(0), "applied", "whoever adds one need not wait");
}

#[tokio::test]
async fn an_audience_that_does_not_fit_is_named() {
    let world = World::proven_by(LocalCredential::Federated).await;
    let app = world.relay_with([("FEDERATED_AUDIENCE", "api://somebody-else")]).await;
    let answer = Ask::add("vip", &[machine(1)]).header("prefer", "wait=1").send_to(&app).await;
    app.relays.until_idle().await;
    let reason = world.budget().await["heldUp"]["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("AADSTS700212") && reason.contains("FEDERATED_AUDIENCE"), "{reason}");
    goes_on(&world, &answer).await;
}

#[tokio::test]
async fn what_aws_refuses_says_which_switch_to_turn() {
    for (switch, said) in [
        (WebIdentity::Disabled, "outbound identity federation is off"),
        (WebIdentity::Denied, "sts:GetWebIdentityToken"),
        (WebIdentity::Down, "AWS's identity"),
    ] {
        let world = World::proven_by(LocalCredential::Federated).await;
        world.simulator().switch(|s| s.web_identity = switch);
        let (answer, reason) = tag(&world, 1).await;
        assert!(reason.contains(said), "{reason}");
        world.simulator().switch(|s| s.web_identity = WebIdentity::Given);
        goes_on(&world, &answer).await;
    }
}

#[tokio::test]
async fn an_identity_is_asked_for_one_audience_for_five_minutes() {
    let world = World::proven_by(LocalCredential::Federated).await;
    tag(&world, 1).await;
    let asked = world.simulator().identities_asked();
    assert_eq!(asked, [(AUDIENCE.to_owned(), 300)]);
}
