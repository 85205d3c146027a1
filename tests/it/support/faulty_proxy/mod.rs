//! A fault-injecting proxy in front of a dependency. It does to connections what HTTP libraries do not do.
//!
//! Invariant: the proxy keeps its port while it does not listen on it.

mod network_fault;
mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use network_fault::{FixedAnswer, NetworkFault};
use wire::{answer, request, reset};

/// Longest wait for a request to come.
const PATIENCE: Duration = Duration::from_mins(2);
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// The proxy in front of one dependency.
pub struct FaultyProxy {
    /// Its address.
    pub url: String,
    now: watch::Sender<ActiveFault>,
    counters: Counters,
    /// This socket never listens. While it is open, nothing else gets the port.
    port: TcpSocket,
    _server: JoinSet<()>,
}

/// The fault that is on, and the text that a request must contain to meet it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ActiveFault {
    fault: Option<NetworkFault>,
    to: &'static str,
}

impl ActiveFault {
    fn listens(self) -> bool {
        self.fault != Some(NetworkFault::Refused)
    }

    fn towards(self, request: &[u8]) -> Option<NetworkFault> {
        self.fault.filter(|_| String::from_utf8_lossy(request).contains(self.to))
    }
}

/// What it has counters. Nobody sees requests that were refused.
#[derive(Clone, Debug, Default)]
struct Counters {
    /// Requests of which a byte has come.
    begun: Arc<AtomicUsize>,
    /// Of these, the ones that have met the fault that is on.
    met: watch::Sender<usize>,
}

impl FaultyProxy {
    /// A proxy without a fault in front of this address.
    pub fn to(upstream: &str) -> Self {
        let upstream = upstream.strip_prefix("http://").unwrap();
        // The connection goes on as it is, so the path is the caller's to send.
        let (upstream, path) = upstream
            .split_once('/')
            .map_or((upstream, String::new()), |(host, path)| (host, format!("/{path}")));
        let port = bind((Ipv4Addr::LOCALHOST, 0).into());
        let address = port.local_addr().unwrap();
        let (now, active) = watch::channel(ActiveFault::default());
        let counters = Counters::default();
        let mut server = JoinSet::new();
        let listener = bind(address).listen(BACKLOG).unwrap();
        server.spawn(serve(listener, upstream.to_owned(), active, counters.clone()));
        Self { url: format!("http://{address}{path}"), now, counters, port, _server: server }
    }

    /// From now on every request meets this fault, or none.
    pub async fn set_fault(&self, fault: Option<NetworkFault>) {
        self.set_fault_for("", fault).await;
    }

    /// From now on the requests that contain this text meet this fault, or none.
    pub async fn set_fault_for(&self, to: &'static str, fault: Option<NetworkFault>) {
        if fault.is_some() {
            self.counters.met.send_replace(0);
        }
        self.now.send_replace(ActiveFault { fault, to });
        self.until_listening(fault != Some(NetworkFault::Refused)).await;
    }

    /// Returns when the proxy accepts connections, or when it refuses them.
    async fn until_listening(&self, open: bool) {
        let address = self.port.local_addr().unwrap();
        let reached = async {
            while TcpStream::connect(address).await.is_ok() != open {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect("the door opens and closes");
    }

    /// Returns when a request has met the fault.
    pub async fn until_met(&self) {
        let mut met = self.counters.met.subscribe();
        let came = tokio::time::timeout(PATIENCE, met.wait_for(|met| *met > 0)).await;
        came.expect("a request comes in time").unwrap();
    }

    /// How many requests have met the last fault.
    pub fn met(&self) -> usize {
        *self.counters.met.borrow()
    }

    /// How many requests have begun so far.
    pub fn begun(&self) -> usize {
        self.counters.begun.load(Ordering::SeqCst)
    }
}

fn bind(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

async fn serve(
    listener: TcpListener,
    upstream: String,
    mut now: watch::Receiver<ActiveFault>,
    counters: Counters,
) {
    let address = listener.local_addr().unwrap();
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        let Some(open) = &listener else {
            if now.wait_for(|active| active.listens()).await.is_err() {
                return;
            }
            listener = Some(bind(address).listen(BACKLOG).unwrap());
            continue;
        };
        tokio::select! {
            accepted = open.accept() => {
                let Ok((connection, _)) = accepted else { continue };
                connections.spawn(handle(connection, upstream.clone(), now.clone(), counters.clone()));
            }
            changed = now.changed() => {
                if changed.is_err() {
                    return;
                }
                if !now.borrow().listens() {
                    listener = None;
                }
            }
        }
    }
}

async fn handle(
    mut connection: TcpStream,
    upstream: String,
    now: watch::Receiver<ActiveFault>,
    counters: Counters,
) {
    // A client that only connects sends no request.
    if !matches!(connection.peek(&mut [0]).await, Ok(1)) {
        return;
    }
    counters.begun.fetch_add(1, Ordering::SeqCst);
    if now.borrow().fault == Some(NetworkFault::ResetUnread) {
        counters.met.send_modify(|met| *met += 1);
        return reset(connection);
    }
    let Ok(request) = request(&mut connection).await else { return };
    let fault = now.borrow().towards(&request);
    counters.met.send_modify(|met| *met += usize::from(fault.is_some()));
    // An error here is meant to reach the client.
    let _ = answer(connection, &upstream, &request, fault).await;
}
