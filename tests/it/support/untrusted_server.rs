//! A listener that speaks TLS with a certificate of its own making, which nobody vouches for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Longest wait for the next step of a handshake.
const PATIENCE: Duration = Duration::from_mins(2);

/// The listener.
pub struct UntrustedServer {
    /// Its address.
    pub url: String,
    refused: Arc<AtomicUsize>,
    _server: JoinSet<()>,
}

impl UntrustedServer {
    /// Its name is right; only the trust is missing.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let config = certified();
        let refused = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&refused);
        let mut server = JoinSet::new();
        server.spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                greet(connection, &config, &counted).await;
            }
        });
        Self { url, refused, _server: server }
    }

    /// How many clients have broken the handshake off.
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }
}

fn certified() -> Arc<ServerConfig> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(default_provider().into());
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    config.with_single_cert(vec![made.cert.der().clone()], key.into()).unwrap().into()
}

async fn greet(connection: TcpStream, config: &Arc<ServerConfig>, refused: &Arc<AtomicUsize>) {
    let mut connection = connection.into_std().unwrap();
    connection.set_nonblocking(false).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    let config = Arc::clone(config);
    let refused = Arc::clone(refused);
    let greeted = tokio::task::spawn_blocking(move || {
        let mut greeting = ServerConnection::new(config).unwrap();
        while greeting.is_handshaking() {
            if greeting.complete_io(&mut connection).is_err() {
                refused.fetch_add(1, Ordering::SeqCst);
                return;
            }
        }
    });
    greeted.await.unwrap();
}
