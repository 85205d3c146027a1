//! The handle a test holds: it starts the servers, changes their behaviour and reads what arrived.

use crate::clock::Clock;
use crate::own_machine::own_machine_only;
use crate::state::credentials::{Certificate, Federated, Issuer};
use crate::state::machines::TaggedMachines;
use crate::state::{RegisteredApp, SharedSite, Site};
use crate::{Arrival, Fault, Switches, TokenFault, arrivals, aws, control, defender, entra, server};
use axum::Router;
use axum::middleware::from_fn;
use std::collections::{BTreeMap, BTreeSet};
use tokio::task::JoinHandle;

/// What a simulator is started with.
pub struct Options {
    /// The port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// The time it counts by.
    pub clock: Clock,
    /// The one tenant Entra knows.
    pub tenant_id: String,
    /// The one application registered there.
    pub client_id: String,
    /// That application's secret.
    pub client_secret: String,
}

/// Entra and Defender on one port; both stop when this is dropped.
pub struct Simulator {
    url: String,
    site: SharedSite,
    task: JoinHandle<()>,
}

impl Simulator {
    /// Binds the port and serves in the background of the current runtime.
    pub async fn start(options: Options) -> std::io::Result<Self> {
        let listener = server::listen(options.port).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let app = RegisteredApp {
            tenant_id: options.tenant_id,
            client_id: options.client_id,
            client_secret: options.client_secret,
        };
        let site = Site::new(app, options.clock);
        let task = tokio::spawn(server::serve(listener, router(&site)));
        Ok(Self { url, site, task })
    }

    /// The address of Entra and Defender alike, without a slash at its end.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Changes the lasting settings, from the next call to arrive.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.site.state().switches);
    }

    /// Adds a fault for the next tagging call that has none yet.
    pub fn next(&self, fault: Fault) {
        self.site.state().faults.push_back(fault);
    }

    /// Adds a fault for the next token request that has none yet.
    pub fn next_token(&self, fault: TokenFault) {
        self.site.state().token_faults.push_back(fault);
    }

    /// Every tagging call, in order of arrival.
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.site.state().arrivals.clone()
    }

    /// How many token requests came, refused ones included.
    pub fn token_requests(&self) -> usize {
        self.site.state().token_requests
    }

    /// The tags a machine carries now.
    pub fn tags_of(&self, machine: &str) -> BTreeSet<String> {
        self.site.state().machines.tags_of(machine)
    }

    /// The machines that ever carried a tag, with those they carry now.
    pub fn machines(&self) -> BTreeMap<String, BTreeSet<String>> {
        self.site.state().machines.all().clone()
    }

    /// Puts machines with these tags in the place of those that are there.
    pub fn set_machines(&self, machines: BTreeMap<String, BTreeSet<String>>) {
        self.site.state().machines = TaggedMachines::of(machines);
    }

    /// The greatest number of arrivals in any closed window of that length, by the time they were counted.
    pub fn most_in_window(&self, window_ms: u64) -> usize {
        arrivals::most_in_window(&self.site.state().arrivals, window_ms)
    }

    /// Registers a new certificate for the app, in place of one there may be. Returns its key and itself, in PEM.
    pub fn register_certificate(&self) -> Result<String, rcgen::Error> {
        let (certificate, text) = Certificate::fresh()?;
        self.site.credentials().certificate = Some(certificate);
        Ok(text)
    }

    /// Makes AWS's double give identities, and Entra take them for the app.
    pub fn trust_aws(&self) -> Result<(), rcgen::Error> {
        let mut credentials = self.site.credentials();
        credentials.issuer = Some(Issuer::fresh()?);
        credentials.federated = Some(Federated::fitting());
        Ok(())
    }

    /// Takes the app's federated credential away.
    pub fn trust_no_issuer(&self) {
        self.site.credentials().federated = None;
    }

    /// Changes whose subject Entra takes for the app.
    pub fn trust_subject(&self, subject: &str) {
        if let Some(federated) = &mut self.site.credentials().federated {
            subject.clone_into(&mut federated.subject);
        }
    }

    /// The audience and the seconds of each identity AWS's double was asked for.
    pub fn identities_asked(&self) -> Vec<(String, u64)> {
        self.site.state().identities_asked.clone()
    }

    /// Puts a text into the double of Secrets Manager.
    pub fn keep_secret(&self, arn: &str, text: &str) {
        self.site.state().secrets.insert(arn.to_owned(), text.to_owned());
    }

    /// Says at any moment what nobody may tell: each token issued, each proof it came for, each text in the double of
    /// Secrets Manager.
    pub fn confided(&self) -> impl Fn() -> Vec<String> + Send + Sync + use<> {
        let site = self.site.clone();
        move || site.state().confided()
    }

    /// Refuses all tokens issued so far with 401.
    pub fn expire_tokens(&self) {
        self.site.state().tokens.expire();
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn router(site: &SharedSite) -> Router {
    Router::new()
        .merge(aws::routes())
        .merge(entra::routes())
        .merge(defender::routes())
        .merge(control::routes())
        .fallback(defender::unknown_route)
        .layer(from_fn(own_machine_only))
        .with_state(site.clone())
}
