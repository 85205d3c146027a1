//! The embedded DynamoDB in virtual time, reached without sockets. It counts its operations.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use defender_tag_relay::aws::Aws;
use fastrand::Rng;
use local::loopback::TABLE;
use simulator::dynamodb::{Direct, EngineError};

use super::clock::VirtualClock;

/// Microseconds a message takes to the table or back. A round trip takes two to eight milliseconds.
const WAY_US: std::ops::Range<i64> = 1_000..4_000;
/// Microseconds between two operations on one item. DynamoDB carries out about a thousand a second.
const SERVING_US: i64 = 1_000;

/// Operations that were carried out or refused. Each is billed as one unit, because every item is under a kilobyte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operations {
    /// Writes, refused ones included.
    pub writes: u64,
    /// Writes whose condition did not hold.
    pub refused: u64,
    /// Consistent reads.
    pub reads: u64,
}

/// A table in virtual time. Clones share it.
#[derive(Clone)]
pub struct VirtualTable(Arc<TableState>);

struct TableState {
    engine: Direct,
    clock: VirtualClock,
    rng: Mutex<Rng>,
    free_at_us: AtomicI64,
    writes: AtomicU64,
    refused: AtomicU64,
    reads: AtomicU64,
    lose_in_thousand: AtomicU32,
    replies_lost: AtomicU64,
}

impl std::fmt::Debug for VirtualTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("VirtualTable").field(&self.operations()).finish()
    }
}

impl VirtualTable {
    /// An empty table.
    pub fn new(clock: VirtualClock, seed: u64) -> Result<Self, EngineError> {
        let engine = Direct::new(TABLE)?;
        Ok(Self(Arc::new(TableState {
            engine,
            clock,
            rng: Mutex::new(Rng::with_seed(seed)),
            free_at_us: AtomicI64::new(0),
            writes: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            lose_in_thousand: AtomicU32::new(0),
            replies_lost: AtomicU64::new(0),
        })))
    }

    /// Loses this many of a thousand replies from now on. The client waits until its time-out.
    pub fn lose_replies(&self, in_thousand: u32) {
        self.0.lose_in_thousand.store(in_thousand, Ordering::SeqCst);
    }

    /// Replies lost so far.
    pub fn replies_lost(&self) -> u64 {
        self.0.replies_lost.load(Ordering::SeqCst)
    }

    /// A client with the relay's own settings, in virtual time.
    pub fn client(&self) -> Client {
        let config = local::aws::config("http://127.0.0.1:1").into_builder();
        let config = config.http_client(self.clone()).sleep_impl(self.0.clock.clone());
        let config = config.time_source(self.0.clock.clone());
        Aws::new(&config.build()).dynamodb
    }

    /// The operations so far.
    pub fn operations(&self) -> Operations {
        let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        Operations {
            writes: count(&self.0.writes),
            refused: count(&self.0.refused),
            reads: count(&self.0.reads),
        }
    }

    fn way_us(&self) -> i64 {
        self.0.rng.lock().unwrap_or_else(PoisonError::into_inner).i64(WAY_US)
    }

    /// Sends a request to the table, waits until the operations before it are carried out, and sends the reply back.
    async fn carry_out(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let clock = &self.0.clock;
        clock.until_us(clock.now_us() + self.way_us()).await;
        let free_at_us = self.0.free_at_us.load(Ordering::SeqCst).max(clock.now_us());
        self.0.free_at_us.store(free_at_us + SERVING_US, Ordering::SeqCst);
        clock.until_us(free_at_us).await;
        let response = self.answer(&request);
        if self.is_lost() {
            std::future::pending::<()>().await;
        }
        clock.until_us(clock.now_us() + self.way_us()).await;
        response
    }

    fn is_lost(&self) -> bool {
        let mut rng = self.0.rng.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = rng.u32(..1000) < self.0.lose_in_thousand.load(Ordering::SeqCst);
        self.0.replies_lost.fetch_add(u64::from(lost), Ordering::SeqCst);
        lost
    }

    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let body = request.body().bytes().and_then(|bytes| std::str::from_utf8(bytes).ok());
        let answer = self.0.engine.answer(operation, body.unwrap_or_default());
        let counter = if operation == "GetItem" { &self.0.reads } else { &self.0.writes };
        counter.fetch_add(1, Ordering::SeqCst);
        if answer.body.contains("ConditionalCheckFailedException") {
            self.0.refused.fetch_add(1, Ordering::SeqCst);
        }
        let status = StatusCode::try_from(answer.status);
        let status = status.map_err(|error| ConnectorError::other(error.into(), None))?;
        Ok(HttpResponse::new(status, SdkBody::from(answer.body)))
    }
}

impl HttpConnector for VirtualTable {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().carry_out(request))
    }
}

impl HttpClient for VirtualTable {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
