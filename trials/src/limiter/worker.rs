//! A worker of the limiter test: one process with the relay's real store and its real client of Defender. It calls
//! Defender as soon as it gets a permit.

use std::sync::Arc;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::{Settings, Tenant, TenantsAt, Variables};
use defender_tag_relay::defender::{Call, Defender};
use defender_tag_relay::domain::budget::{Permit, View};
use defender_tag_relay::domain::{Action, MachineId, Priority, Tag, Timestamp};
use defender_tag_relay::entra::{ClientCredential, Token, Tokens};
use defender_tag_relay::outbound::http_client;
use defender_tag_relay::store::{PermitOutcome, Store};
use lambda_runtime::Error;
use local::aws;
use tokio::sync::Semaphore;

/// The most milliseconds by which a worker's clock is off.
const CLOCK_SKEW_MS: i64 = 100;
/// Calls in flight at once.
const CALLS_AT_ONCE: usize = 200;

/// Takes permits and calls Defender until the process is killed.
pub async fn run_worker(variables: &Variables, since: Timestamp, speed: i64) -> Result<(), Error> {
    let settings = Settings::parse(variables)?;
    let url = variables.get("AWS_ENDPOINT_URL_DYNAMODB").map(String::as_str).unwrap_or_default();
    let aws = aws::clients(url);
    let mut rng = fastrand::Rng::new();
    let clock = skewed_clock(since, speed, &mut rng);
    let http = http_client()?;
    let TenantsAt::One(tenant) = settings.tenants else { return Err("a worker has one tenant".into()) };
    let Tenant { tenant_id, client_id, proof, endpoints, limits, .. } = *tenant;
    let proof = ClientCredential::new(&proof, aws.secrets_manager, aws.sts);
    let tokens = Tokens::new(http.clone(), &endpoints, &tenant_id, &client_id, proof, clock.clone());
    let defender = Defender::new(http, &endpoints.defender, clock.clone());
    let store = Store::new(&aws.dynamodb, &settings.table_name, tenant_id, clock.clone());
    let in_flight = Arc::new(Semaphore::new(CALLS_AT_ONCE));
    let token = tokens.get().await.map_err(|error| format!("{error:?}"))?;
    // The harness waits for a line with a port; a worker has none.
    println!("0");
    let mut view = View::default();
    loop {
        let place = Arc::clone(&in_flight).acquire_owned().await?;
        let class = if rng.bool() { Priority::Urgent } else { Priority::Routine };
        let now = || clock.now();
        match store.take_permit(&mut view, class, limits, now, rng.u32(..)).await {
            Ok(PermitOutcome::Granted(permit)) => {
                let defender = defender.clone();
                let token = token.clone();
                tokio::spawn(async move {
                    call(&defender, permit, &token).await;
                    drop(place);
                });
            }
            Ok(PermitOutcome::Later(at)) => clock.wait_until(at).await,
            Ok(PermitOutcome::Refused(_)) | Err(_) => clock.wait_until(clock.now().plus_ms(1_000)).await,
        }
    }
}

/// A clock that is off by up to a hundred of the run's milliseconds, because its fast time began a little earlier or
/// later.
fn skewed_clock(since: Timestamp, speed: i64, rng: &mut fastrand::Rng) -> Clock {
    let most = CLOCK_SKEW_MS / (speed - 1).max(1);
    Clock::scaled(since.plus_ms(rng.i64(-most..=most)), speed)
}

/// Makes one call. Its tag is the second of its permit.
async fn call(defender: &Defender, permit: Permit, token: &Token) {
    let Ok(tag) = Tag::parse(&permit.second.to_string()) else { return };
    let machines = [MachineId::from_bytes([1; 20])];
    let call = Call { tag: &tag, action: Action::Add, machines: &machines };
    let _ = defender.send(call, token.secret(), permit).await;
}
