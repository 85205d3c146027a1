//! Sources whose keys are references to Secrets Manager.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::{GetSecretValueError, GetSecretValueOutput};
use aws_sdk_secretsmanager::types::error::InternalServiceError;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use defender_tag_relay::aws::{Aws, OnDemand};
use defender_tag_relay::config::Settings;
use defender_tag_relay::http::App;
use defender_tag_relay::start::{StartError, app};
use futures_util::future::join_all;
use local::sign;
use serde_json::{Value, json};

use crate::support::{Ask, Fixture, get, machine};

const OLD: &str = "the-old-key-opens-only-the-simulator";
const NEW: &str = "the-new-key-opens-only-the-simulator";

fn arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:eu-central-1:123456789012:secret:{name}-a1b2c3")
}

fn source(name: &str, scheme: &str) -> Value {
    json!({
        "name": name, "verify": { "scheme": scheme, "secrets_arn": arn(name) },
        "allow": { "tags": ["*"], "actions": ["Add"], "machines": 10 },
    })
}

/// A relay of the fixture with these sources and this Secrets Manager.
async fn relay(fixture: &Fixture, sources: &[Value], rule: &Rule) -> Result<App, StartError> {
    let mut variables = fixture.loopback.variables.clone();
    variables.insert("SOURCES".into(), json!({ "sources": sources }).to_string());
    let mocked = mock_client!(aws_sdk_secretsmanager, RuleMode::MatchAny, &[rule]);
    let secrets_manager = OnDemand::new(move || mocked);
    let others = local::aws::clients(&fixture.loopback.engine.url());
    let settings = Settings::parse(&variables).unwrap();
    for secret in [OLD, NEW] {
        fixture.witness.must_not_reveal(secret);
    }
    app(&settings, Aws { secrets_manager, ..others }, fixture.app().clock().clone()).await
}

fn holds(text: &str) -> impl Fn() -> GetSecretValueOutput + Send + Sync + 'static {
    let text = text.to_owned();
    move || GetSecretValueOutput::builder().secret_string(text.clone()).build()
}

fn fails() -> GetSecretValueError {
    GetSecretValueError::InternalServiceError(InternalServiceError::builder().message("not now").build())
}

/// A native webhook signed with this key, as GitHub signs.
fn signed(key: &str, number: usize) -> Ask {
    let body = json!({ "Value": "vip", "Action": "Add", "MachineIds": [machine(number)] }).to_string();
    let signature = hex::encode(sign::code(key.as_bytes(), &[body.as_bytes()]));
    Ask::hook("a", &body).header("x-hub-signature-256", &format!("sha256={signature}"))
}

#[tokio::test]
async fn both_keys_in_a_secret_are_live() {
    let fixture = Fixture::new().await;
    let rule = mock!(Client::get_secret_value).then_output(holds(&json!([OLD, NEW]).to_string()));
    let app = relay(&fixture, &[source("a", "github")], &rule).await.unwrap();
    for (number, key) in [OLD, NEW].into_iter().enumerate() {
        assert_eq!(signed(key, number).send_to(&app).await.status, 202, "{key}");
    }
    assert_eq!(rule.num_calls(), 1, "they are kept");
}

#[tokio::test]
async fn a_key_that_was_changed_is_read_again_when_a_signature_is_wrong_and_nobody_is_refused() {
    let fixture = Fixture::new().await;
    let rule =
        mock!(Client::get_secret_value).sequence().output(holds(OLD)).output(holds(NEW)).times(9).build();
    let app = relay(&fixture, &[source("a", "github")], &rule).await.unwrap();
    assert_eq!(signed(OLD, 1).send_to(&app).await.status, 202);
    let asks: Vec<_> = (10..30).map(|number| signed(NEW, number)).collect();
    let answers = join_all(asks.iter().map(|ask| ask.send_to(&app))).await;
    assert!(answers.iter().all(|answer| answer.status == 202), "{answers:?}");
    assert_eq!(rule.num_calls(), 2, "who comes meanwhile waits for the one reading");
    assert_eq!(signed(OLD, 2).send_to(&app).await.status, 401);
}

#[tokio::test]
async fn however_many_knock_in_vain_a_secret_is_read_once_a_minute() {
    let fixture = Fixture::new().await;
    let rule = mock!(Client::get_secret_value).then_output(holds(OLD));
    let app = relay(&fixture, &[source("a", "github")], &rule).await.unwrap();
    for (seconds, calls) in [(0, 2), (59, 2), (1, 3), (0, 3)] {
        fixture.pass_s(seconds);
        let asks: Vec<_> = (0..10).map(|number| signed("a-key-that-opens-nothing", number)).collect();
        let answers = join_all(asks.iter().map(|ask| ask.send_to(&app))).await;
        assert!(answers.iter().all(|answer| answer.status == 401));
        assert_eq!(rule.num_calls(), calls);
    }
    let headless = Ask::hook("a", "{}");
    fixture.pass_s(60);
    assert_eq!(
        (headless.send_to(&app).await.status, rule.num_calls()),
        (401, 3),
        "nothing to hold against a key"
    );
}

#[tokio::test]
async fn while_the_keys_cannot_be_read_again_the_answer_is_later() {
    let fixture = Fixture::new().await;
    let rule = mock!(Client::get_secret_value).sequence().output(holds(OLD)).error(fails).times(9).build();
    let app = relay(&fixture, &[source("a", "github")], &rule).await.unwrap();
    for number in 0..2 {
        let answer = signed(NEW, number).send_to(&app).await;
        assert_eq!((answer.status, answer.body["code"].as_str()), (503, Some("secrets_unavailable")));
        assert_eq!(answer.headers["retry-after"], "5");
    }
    assert_eq!(signed(OLD, 3).send_to(&app).await.status, 202, "the known key still opens");
}

#[tokio::test]
async fn a_bearer_key_by_reference_opens_native_requests_and_is_read_again_too() {
    let fixture = Fixture::new().await;
    let rule =
        mock!(Client::get_secret_value).sequence().output(holds(OLD)).output(holds(NEW)).times(9).build();
    let app = relay(&fixture, &[source("a", "bearer")], &rule).await.unwrap();
    let ask = |key: &str| Ask::add("vip", &[machine(1)]).bearer(key);
    assert_eq!(ask(OLD).send_to(&app).await.status, 200);
    assert_eq!(ask(NEW).send_to(&app).await.status, 200);
    assert_eq!((ask(OLD).send_to(&app).await.status, rule.num_calls()), (401, 2));
}

#[tokio::test]
async fn without_any_key_that_can_be_had_and_used_there_is_no_start() {
    let fixture = Fixture::new().await;
    let none = mock!(Client::get_secret_value).then_error(fails);
    let empty = mock!(Client::get_secret_value).then_output(holds("[\"  \"]"));
    let wrong = mock!(Client::get_secret_value).then_output(holds("[\"whsec_hush-hush-hush\""));
    for (rule, said) in
        [(none, "cannot be read"), (empty, "empty secret"), (wrong, "neither a plain text nor a JSON list")]
    {
        let sources = [source("a", "github"), source("b", "basic")];
        let error = relay(&fixture, &sources, &rule).await.map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("SOURCES") && error.contains(said) && !error.contains("hush"), "{error}");
        assert!(
            error.contains("sources[0] \"a\"") && error.contains("sources[1] \"b\""),
            "each is named: {error}"
        );
    }
}

#[tokio::test]
async fn a_source_without_keys_is_answered_later_and_stops_no_other() {
    let fixture = Fixture::new().await;
    let inline = json!({
        "name": "b", "verify": { "scheme": "bearer", "secrets": [NEW] },
        "allow": { "tags": ["*"], "actions": ["Add"], "machines": 10 },
    });
    let broken = mock!(Client::get_secret_value).sequence().error(fails).times(2).output(holds(OLD)).build();
    let unusable =
        mock!(Client::get_secret_value).sequence().output(holds("[")).times(2).output(holds(OLD)).build();
    for (rule, place) in [(broken, 10), (unusable, 20)] {
        let before = fixture.witness.lines.metric("SecretsFailures").len();
        let app = relay(&fixture, &[source("a", "github"), inline.clone()], &rule).await.unwrap();
        let other = Ask::add("vip", &[machine(1)]).bearer(NEW).send_to(&app).await;
        assert_eq!(other.status, 200);
        for _ in 0..2 {
            let answer = signed(OLD, place).send_to(&app).await;
            assert_eq!((answer.status, answer.body["code"].as_str()), (503, Some("secrets_unavailable")));
        }
        assert_eq!(
            fixture.witness.lines.metric("SecretsFailures").len(),
            before + 3,
            "at the start and twice"
        );
        fixture.pass_s(60);
        assert_eq!(signed(OLD, place).send_to(&app).await.status, 202, "once its keys can be read");
    }
    assert_eq!(
        fixture.witness.lines.metric("StoreFailures"),
        Vec::<i64>::new(),
        "the table has done nothing wrong"
    );
}

#[tokio::test]
async fn a_bearer_key_that_two_secrets_hold_stops_the_start() {
    let fixture = Fixture::new().await;
    let rule = mock!(Client::get_secret_value).then_output(holds(OLD));
    let sources = [source("a", "bearer"), source("b", "bearer")];
    let error = relay(&fixture, &sources, &rule).await.map(|_| ()).unwrap_err().to_string();
    let fault = "sources[1] \"b\": verify.secrets_arn: one of its bearer keys is used twice, by \"a\" too";
    assert!(error.contains(fault), "{error}");
    assert!(!error.contains(OLD), "{error}");
    assert!(relay(&fixture, &[source("a", "github"), source("b", "github")], &rule).await.is_ok());
}

#[tokio::test]
async fn a_bearer_key_that_becomes_that_of_another_source_is_not_taken() {
    let fixture = Fixture::new().await;
    let inline = json!({
        "name": "b", "verify": { "scheme": "bearer", "secrets": [NEW] },
        "allow": { "tags": ["*"], "actions": ["Add"], "machines": 10 },
    });
    let rule =
        mock!(Client::get_secret_value).sequence().output(holds(OLD)).output(holds(NEW)).times(9).build();
    let app = relay(&fixture, &[source("a", "bearer"), inline], &rule).await.unwrap();
    fixture.pass_s(300);
    for (key, name) in [(OLD, "a"), (NEW, "b")] {
        let answer = Ask::add("vip", &[machine(1)]).bearer(key).send_to(&app).await;
        assert_eq!((answer.status, answer.body["source"].as_str()), (200, Some(name)));
    }
    assert!(fixture.witness.lines.text().contains("one of its bearer keys is another source's"));
}

#[tokio::test]
async fn a_key_that_was_taken_out_opens_for_five_minutes_more_at_most() {
    let fixture = Fixture::new().await;
    let rule =
        mock!(Client::get_secret_value).sequence().output(holds(OLD)).output(holds(NEW)).times(9).build();
    let app = relay(&fixture, &[source("a", "bearer")], &rule).await.unwrap();
    let with = async |key: &str| get("/v1/budget").bearer(key).send_to(&app).await.status;
    fixture.pass_s(299);
    assert_eq!((with(OLD).await, rule.num_calls()), (200, 1));
    fixture.pass_s(1);
    assert_eq!((with(OLD).await, with(NEW).await, rule.num_calls()), (401, 200, 2));
}

#[tokio::test]
async fn old_keys_stay_while_they_cannot_be_read_again() {
    let fixture = Fixture::new().await;
    let rule = mock!(Client::get_secret_value).sequence().output(holds(OLD)).error(fails).times(99).build();
    let app = relay(&fixture, &[source("a", "github")], &rule).await.unwrap();
    fixture.pass_s(600);
    assert_eq!(signed(OLD, 1).send_to(&app).await.status, 202);
    assert!(fixture.witness.lines.text().contains("its keys are older than they should be"));
}
