//! A way to an outside world that can be rude: it does to connections what HTTP libraries would not do.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Bytes of the body that is too large: more than any answer that is read.
const HUGE_BYTES: usize = 8 * 1024 * 1024;

/// What happens to every request while it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rudeness {
    /// Nobody listens.
    Refused,
    /// The connection is reset before the request is read.
    ResetUnread,
    /// It is reset after the request was read; the world does not see it.
    ResetRead,
    /// It is reset after the world has carried the request out.
    ResetCarriedOut,
    /// The request is carried out, and not a byte comes back.
    SlowHeaders,
    /// The request is carried out, and half of the answer comes back.
    SlowBody,
    /// Half of the answer comes back, and then the end.
    Truncated,
    /// The answer says that it is longer than it is.
    WrongLength,
    /// A 200 with HTML; the world does not see the request.
    NotJson,
    /// A 200 that does not end for a long time.
    Huge,
    /// This status, with HTML.
    Status(u16),
    /// The other side speaks TLS.
    Tls,
}

impl Rudeness {
    /// Whether it lasts until the client gives up.
    pub fn hangs(self) -> bool {
        matches!(self, Self::SlowHeaders | Self::SlowBody)
    }
}

/// The way to one outside world.
pub struct Rude {
    /// Its address.
    pub url: String,
    now: watch::Sender<Option<Rudeness>>,
    met: watch::Receiver<usize>,
    _server: JoinSet<()>,
}

impl Rude {
    /// A polite way to the world at this address.
    pub async fn to(upstream: &str) -> Self {
        let upstream = upstream.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (now, seen) = watch::channel(None);
        let (meetings, met) = watch::channel(0);
        let mut server = JoinSet::new();
        server.spawn(serve(listener, upstream, seen, Arc::new(meetings)));
        Self { url, now, met, _server: server }
    }

    /// From now on it is so, or polite again.
    pub fn be(&self, rudeness: Option<Rudeness>) {
        self.now.send_replace(rudeness);
    }

    /// Returns when a request has met it.
    pub async fn until_met(&self) {
        self.met.clone().wait_for(|met| *met > 0).await.unwrap();
    }

    /// How many requests have met a rudeness. Nobody sees those that were refused.
    pub fn met(&self) -> usize {
        *self.met.borrow()
    }
}

async fn serve(
    mut listener: TcpListener,
    upstream: String,
    mut now: watch::Receiver<Option<Rudeness>>,
    met: Arc<watch::Sender<usize>>,
) {
    let address = listener.local_addr().unwrap();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((connection, _)) = accepted else { continue };
                connections.spawn(handle(connection, upstream.clone(), now.clone(), Arc::clone(&met)));
            }
            changed = now.changed() => {
                if changed.is_err() {
                    return;
                }
                if *now.borrow() == Some(Rudeness::Refused) {
                    drop(listener);
                    if now.wait_for(|now| *now != Some(Rudeness::Refused)).await.is_err() {
                        return;
                    }
                    listener = TcpListener::bind(address).await.unwrap();
                }
            }
        }
    }
}

async fn handle(
    mut connection: TcpStream,
    upstream: String,
    now: watch::Receiver<Option<Rudeness>>,
    met: Arc<watch::Sender<usize>>,
) {
    if *now.borrow() == Some(Rudeness::ResetUnread) {
        met.send_modify(|met| *met += 1);
        return reset(connection);
    }
    let Ok(request) = request(&mut connection).await else { return };
    let rudeness = *now.borrow();
    met.send_modify(|met| *met += usize::from(rudeness.is_some()));
    // What goes wrong here goes wrong for the client, as it should.
    let _ = answer(connection, &upstream, &request, rudeness).await;
}

async fn answer(
    mut to: TcpStream,
    upstream: &str,
    request: &[u8],
    rudeness: Option<Rudeness>,
) -> io::Result<()> {
    let Some(rudeness) = rudeness else {
        return to.write_all(&carry_out(upstream, request).await?).await;
    };
    match rudeness {
        Rudeness::Refused | Rudeness::ResetUnread | Rudeness::ResetRead => reset(to),
        Rudeness::NotJson => to.write_all(&html(200)).await?,
        Rudeness::Status(status) => to.write_all(&html(status)).await?,
        Rudeness::Tls => to.write_all(&[0x15, 3, 3, 0, 2, 2, 80]).await?,
        Rudeness::Huge => {
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {HUGE_BYTES}\r\n\r\n"
            );
            to.write_all(head.as_bytes()).await?;
            to.write_all(&vec![b' '; HUGE_BYTES]).await?;
        }
        carried_out => {
            let answer = carry_out(upstream, request).await?;
            spoil(to, &answer, carried_out).await?;
        }
    }
    Ok(())
}

/// What comes back of a request that was carried out.
async fn spoil(mut to: TcpStream, answer: &[u8], rudeness: Rudeness) -> io::Result<()> {
    let half = &answer[..answer.len() - 10.min(answer.len() / 2)];
    match rudeness {
        Rudeness::SlowHeaders => hold(to).await,
        Rudeness::SlowBody => {
            to.write_all(half).await?;
            hold(to).await
        }
        Rudeness::Truncated => to.write_all(half).await,
        Rudeness::WrongLength => to.write_all(&longer(answer)).await,
        _ => {
            reset(to);
            Ok(())
        }
    }
}

/// Returns when the client has given up.
async fn hold(mut connection: TcpStream) -> io::Result<()> {
    let mut rest = [0; 64];
    while connection.read(&mut rest).await? > 0 {}
    Ok(())
}

fn reset(connection: TcpStream) {
    // Without it the end would be an orderly one.
    connection.set_zero_linger().unwrap();
    drop(connection);
}

fn html(status: u16) -> Vec<u8> {
    let body = "<html>not what you think</html>";
    let length = body.len();
    format!("HTTP/1.1 {status} Rude\r\ncontent-type: text/html\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
        .into_bytes()
}

/// The answer with a length that is ten bytes too much.
fn longer(answer: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let kept = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("content-length:"));
    let head = kept.collect::<Vec<_>>().join("\r\n");
    format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len() + 10).into_bytes()
}

/// A whole request.
async fn request(from: &mut TcpStream) -> io::Result<Vec<u8>> {
    let (mut bytes, mut part) = (Vec::new(), [0; 4 * 1024]);
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            if bytes.len() >= end + 4 + length.unwrap_or(0) {
                return Ok(bytes);
            }
        }
        match from.read(&mut part).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => bytes.extend_from_slice(&part[..read]),
        }
    }
}

/// The world's answer, whole. A connection carries one request, so that each can be treated anew.
async fn carry_out(upstream: &str, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut world = TcpStream::connect(upstream).await?;
    let end = request.windows(2).position(|two| two == b"\r\n").unwrap_or(0) + 2;
    world.write_all(&request[..end]).await?;
    world.write_all(b"connection: close\r\n").await?;
    world.write_all(&request[end..]).await?;
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(30), world.read_to_end(&mut answer)).await??;
    Ok(answer)
}
