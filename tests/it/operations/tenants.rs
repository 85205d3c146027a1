//! Several tenants behind one relay: each has its own budget, backlog, drain and token.

use defender_tag_relay::config::Settings;
use defender_tag_relay::http::App;
use defender_tag_relay::start::app;
use defender_tag_relay::store::Store;
use local::loopback::TABLE;
use serde_json::{Value, json};
use simulator::Simulator;

use crate::support::schema::faults_of_tenants;
use crate::support::{Ask, Fixture, get, machine, machines};

const FABRIKAM: (&str, &str) =
    ("33333333-3333-3333-3333-333333333333", "44444444-4444-4444-4444-444444444444");

/// The fixture's relay serves its own tenant, `contoso`, and `fabrikam`, which has its own Entra and Defender.
struct Two {
    fixture: Fixture,
    app: App,
    fabrikam: Simulator,
}

fn sources() -> Value {
    let source = |name: &str, tenant: &str| {
        json!({ "name": name, "tenant": tenant, "priority": "urgent",
            "verify": { "scheme": "bearer", "secrets": [format!("the-key-of-{name}-opens-only-the-simulator")] },
            "allow": { "tags": ["*"], "actions": ["Add", "Remove"], "machines": 10_000 } })
    };
    json!({ "sources": [source("soc-a", "contoso"), source("soc-b", "fabrikam")] })
}

fn tenants(fixture: &Fixture, fabrikam: &Simulator) -> Value {
    let own = &fixture.loopback.variables;
    json!({ "tenants": [
        { "name": "contoso", "tenant_id": own["TENANT_ID"], "client_id": own["CLIENT_ID"],
          "proof": { "secret": own["CLIENT_SECRET"] } },
        { "name": "fabrikam", "tenant_id": FABRIKAM.0, "client_id": FABRIKAM.1,
          "proof": { "secret": "fabrikams-word-for-the-simulator" }, "calls_per_minute": 20,
          "defender_endpoint": fabrikam.url(), "login_endpoint": fabrikam.url() },
    ]})
}

impl Two {
    async fn new() -> Self {
        let fixture = Fixture::new().await;
        let clock = fixture.app().clock().clone();
        let fabrikam = Simulator::start(simulator::Options {
            port: 0,
            clock: std::sync::Arc::new(move || clock.now().ms().unsigned_abs()),
            tenant_id: FABRIKAM.0.into(),
            client_id: FABRIKAM.1.into(),
            client_secret: "fabrikams-word-for-the-simulator".into(),
        })
        .await
        .unwrap();
        fixture.witness.must_not_reveal("fabrikams-word-for-the-simulator");
        let tenants = tenants(&fixture, &fabrikam);
        assert_eq!(faults_of_tenants(&tenants), Vec::<String>::new());
        let tenants = tenants.to_string();
        let sources = sources().to_string();
        let variables = [
            ("TENANTS", tenants.as_str()),
            ("SOURCES", &sources),
            ("TENANT_ID", ""),
            ("CLIENT_ID", ""),
            ("CLIENT_SECRET", ""),
            ("RESPOND_WITHIN_MS", "25000"),
        ];
        let app = fixture.relay_with(variables).await;
        Self { fixture, app, fabrikam }
    }

    async fn ask(&self, source: &str, ask: Ask) -> crate::support::Answer {
        ask.bearer(&format!("the-key-of-{source}-opens-only-the-simulator")).send_to(&self.app).await
    }

    async fn minute(&self) {
        let event = local::events::load("schedule.json").unwrap();
        assert_eq!(local::events::play(&self.app, event).await.unwrap()["status"], "drained");
    }
}

#[tokio::test]
async fn each_sources_requests_reach_its_own_tenant_and_no_other() {
    let two = Two::new().await;
    let a = two.ask("soc-a", Ask::add("vip", &[machine(1)])).await;
    let b = two.ask("soc-b", Ask::add("vip", &machines(0..3))).await;
    assert_eq!((a.count("applied"), b.count("applied")), (1, 3));
    assert_eq!((two.fixture.call_sizes(), two.fabrikam.arrivals().len()), (vec![1], 1));
    let looked = two.ask("soc-b", get(&format!("/v1/tag-requests/{}", a.id()))).await;
    assert_eq!(looked.status, 404, "another tenant's request is not there");
    let budget = two.ask("soc-b", get("/v1/budget")).await.body;
    assert_eq!((&budget["minute"]["limit"], &budget["minute"]["used"]), (&json!(20), &json!(1)));
}

#[tokio::test]
async fn a_tenant_whose_entra_and_defender_are_gone_delays_no_other() {
    let two = Two::new().await;
    two.fabrikam.switch(|s| s.down = true);
    let waiting = two.ask("soc-b", Ask::add("vip", &machines(0..9)).at_once()).await;
    two.app.relays.until_idle().await;
    two.fixture.pass_s(60);
    for n in 0..3 {
        let answer = two.ask("soc-a", Ask::add("vip", &[machine(n)])).await;
        assert_eq!((answer.status, answer.outcome(0)), (200, "applied"));
        two.minute().await;
    }
    assert_eq!(two.ask("soc-a", get("/v1/budget")).await.body["heldUp"], Value::Null);
    let held_up = two.ask("soc-b", get("/v1/budget")).await.body["heldUp"]["reason"].clone();
    assert!(held_up.as_str().unwrap().starts_with("defender_unavailable"), "{held_up}");

    two.fabrikam.switch(|s| s.down = false);
    two.fixture.pass_s(600);
    two.minute().await;
    let ended = two.ask("soc-b", get(&format!("/v1/tag-requests/{}", waiting.id()))).await;
    assert_eq!(ended.count("applied"), 9);
}

#[tokio::test]
async fn a_tenants_spent_budget_is_its_own() {
    let two = Two::new().await;
    for tag in 0..21 {
        two.ask("soc-b", Ask::add(&format!("tag-{tag}"), &[machine(1)]).urgent().at_once()).await;
    }
    two.app.relays.until_idle().await;
    assert_eq!(two.fabrikam.arrivals().len(), 20, "twenty calls a minute");
    let answer = two.ask("soc-a", Ask::add("vip", &[machine(1)])).await;
    assert_eq!((answer.status, answer.outcome(0)), (200, "applied"));
}

#[tokio::test]
async fn a_tenant_that_answers_slowly_holds_up_only_itself() {
    let two = Two::new().await;
    two.fabrikam.switch(|s| s.latency_ms = 600_000);
    let slow = two.ask("soc-b", Ask::add("vip", &[machine(1)]).at_once()).await;
    while two.fabrikam.arrivals().is_empty() {
        tokio::task::yield_now().await;
    }
    let answer = two.ask("soc-a", Ask::add("vip", &[machine(1)])).await;
    assert_eq!((answer.status, answer.outcome(0)), (200, "applied"));
    let slow = two.ask("soc-b", get(&format!("/v1/tag-requests/{}", slow.id()))).await;
    assert_eq!(slow.outcome(0), "pending", "the other's call is still under way");
}

#[tokio::test]
async fn a_source_without_a_tenant_or_of_none_that_is_there_stops_the_start() {
    let two = Two::new().await;
    let start = async |sources: Value| {
        let mut variables = two.fixture.loopback.variables.clone();
        let tenants = tenants(&two.fixture, &two.fabrikam).to_string();
        for (name, value) in
            [("TENANT_ID", ""), ("CLIENT_ID", ""), ("CLIENT_SECRET", ""), ("TENANTS", &tenants)]
        {
            variables.insert(name.into(), value.into());
        }
        variables.insert("SOURCES".into(), sources.to_string());
        let aws = local::aws::clients(&two.fixture.loopback.engine.url());
        let started = app(&Settings::parse(&variables).unwrap(), aws, two.app.clock().clone()).await;
        started.unwrap_err().to_string()
    };
    let mut wrong = sources();
    wrong["sources"][0]["tenant"] = json!("nobody");
    wrong["sources"][1].as_object_mut().unwrap().remove("tenant");
    let fault = start(wrong).await;
    assert!(
        fault.contains("sources[0] \"soc-a\": tenant: there is no such tenant; there are: contoso, fabrikam"),
        "{fault}"
    );
    assert!(fault.contains("sources[1] \"soc-b\": tenant: is missing, and there are several"), "{fault}");
}

#[tokio::test]
async fn a_tenant_that_is_spelled_in_two_ways_has_one_part_of_the_table() {
    let fixture = Fixture::new().await;
    let client = local::aws::clients(&fixture.loopback.engine.url()).dynamodb;
    let store = |tenant| Store::new(&client, TABLE, tenant, fixture.app().clock().clone());
    let first = store("Contoso.example").next_order(1).await.unwrap().first;
    assert_eq!(store("contoso.example").next_order(1).await.unwrap().first, first + 1);
}

#[test]
fn tenants_beside_a_single_tenants_variables_are_a_fault() {
    let variables = [("TENANTS", "{}"), ("TENANT_ID", "t"), ("CLIENT_SECRET", "hush")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let fault = Settings::parse(&variables).unwrap_err().to_string();
    assert!(fault.contains("TENANT_ID: is told by the tenants' configuration"), "{fault}");
    assert!(fault.contains("CLIENT_SECRET: is told by") && !fault.contains("hush"), "{fault}");
}
