//! A contender for the budget: one process with the relay's real store and its real client of Defender, which
//! calls whenever it gets a permit.

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
use tokio::sync::Semaphore;

use local::aws;

/// Milliseconds that the clock of a contender is off at most.
const CLOCK_SKEW_MS: i64 = 100;
/// Calls under way at once.
const CALLS_AT_ONCE: usize = 200;

/// Takes permits and calls, until the process is killed.
pub async fn contend(variables: &Variables, since: Timestamp, times: i64) -> Result<(), Error> {
    let settings = Settings::parse(variables)?;
    let url = variables.get("AWS_ENDPOINT_URL_DYNAMODB").map(String::as_str).unwrap_or_default();
    let aws = aws::clients(url);
    let mut rng = fastrand::Rng::new();
    let clock = off_a_little(since, times, &mut rng);
    let http = http_client()?;
    let TenantsAt::One(tenant) = settings.tenants else { return Err("a contender has one tenant".into()) };
    let Tenant { tenant_id, client_id, proof, endpoints, limits, .. } = *tenant;
    let proof = ClientCredential::new(&proof, aws.secrets_manager, aws.sts);
    let tokens = Tokens::new(http.clone(), &endpoints, &tenant_id, &client_id, proof, clock.clone());
    let defender = Defender::new(http, &endpoints.defender, clock.clone());
    let store = Store::new(&aws.dynamodb, &settings.table_name, tenant_id, clock.clone());
    let under_way = Arc::new(Semaphore::new(CALLS_AT_ONCE));
    let token = tokens.get().await.map_err(|error| format!("{error:?}"))?;
    println!("0");
    let mut view = View::default();
    loop {
        let place = Arc::clone(&under_way).acquire_owned().await?;
        let class = if rng.bool() { Priority::Urgent } else { Priority::Routine };
        let now = || clock.now();
        match store.take_permit(&mut view, class, limits, now, rng.u32(..)).await {
            Ok(PermitOutcome::Granted(permit)) => {
                let (defender, token) = (defender.clone(), token.clone());
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

/// A clock that is off by up to a hundred of the trial's milliseconds: it runs fast since a little earlier.
fn off_a_little(since: Timestamp, times: i64, rng: &mut fastrand::Rng) -> Clock {
    let most = CLOCK_SKEW_MS / (times - 1).max(1);
    Clock::scaled(since.plus_ms(rng.i64(-most..=most)), times)
}

/// One call; the tag says which second its permit is of.
async fn call(defender: &Defender, permit: Permit, token: &Token) {
    let Ok(tag) = Tag::parse(&permit.second.to_string()) else { return };
    let machines = [MachineId::from_bytes([1; 20])];
    let call = Call { tag: &tag, action: Action::Add, machines: &machines };
    let _ = defender.send(call, token, permit).await;
}
