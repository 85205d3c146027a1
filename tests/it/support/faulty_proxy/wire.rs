//! Reads requests from a connection and writes answers to it, with faults or without.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::network_fault::{FixedAnswer, NetworkFault};

/// Bytes of the body that is too large: more than is read of any answer.
const HUGE_BYTES: usize = 24 * 1024 * 1024;
/// Bytes of one chunk of the body that has no end.
const CHUNK_BYTES: usize = 64 * 1024;
/// A TLS alert.
const ALERT: [u8; 7] = [0x15, 3, 3, 0, 2, 2, 80];
/// Longest wait for the dependency itself.
const UPSTREAM_PATIENCE: Duration = Duration::from_mins(2);

pub(super) async fn answer(
    mut to: TcpStream,
    upstream: &str,
    request: &[u8],
    fault: Option<NetworkFault>,
) -> io::Result<()> {
    let Some(fault) = fault else {
        return to.write_all(&carry_out(upstream, request).await?).await;
    };
    match fault {
        NetworkFault::Refused | NetworkFault::ResetUnread | NetworkFault::ResetRead => reset(to),
        NetworkFault::Silent => hold(to).await?,
        NetworkFault::NotJson => to.write_all(&html(200)).await?,
        NetworkFault::Status(status) => to.write_all(&html(status)).await?,
        NetworkFault::Answers(said) => to.write_all(&spoken(said)).await?,
        NetworkFault::NotHttp => to.write_all(&ALERT).await?,
        NetworkFault::Huge => {
            to.write_all(&head(200, "application/json", &format!("content-length: {HUGE_BYTES}"))).await?;
            to.write_all(&vec![b' '; HUGE_BYTES]).await?;
        }
        NetworkFault::Endless => {
            to.write_all(&head(200, "application/json", "transfer-encoding: chunked")).await?;
            let chunk = format!("{CHUNK_BYTES:x}\r\n{}\r\n", " ".repeat(CHUNK_BYTES));
            loop {
                to.write_all(chunk.as_bytes()).await?;
            }
        }
        carried_out => {
            let answer = carry_out(upstream, request).await?;
            spoil(to, &answer, carried_out).await?;
        }
    }
    Ok(())
}

/// Spoils the answer to a request that was carried out.
async fn spoil(mut to: TcpStream, answer: &[u8], fault: NetworkFault) -> io::Result<()> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(0);
    let told = String::from_utf8_lossy(&answer[..end]);
    let body = &answer[(end + 4).min(answer.len())..];
    let half = &body[..body.len() / 2];
    let saying = |length: Option<usize>| {
        let kept = told.lines().filter(|line| !line.to_ascii_lowercase().starts_with("content-length:"));
        let kept = kept.collect::<Vec<_>>().join("\r\n");
        length.map_or_else(
            || format!("{kept}\r\n\r\n"),
            |said| format!("{kept}\r\ncontent-length: {said}\r\n\r\n"),
        )
    };
    match fault {
        NetworkFault::SlowHeaders => return hold(to).await,
        NetworkFault::SlowBody => {
            to.write_all(&[saying(Some(body.len() + 1)).as_bytes(), half].concat()).await?;
            return hold(to).await;
        }
        NetworkFault::Truncated => to.write_all(&[saying(None).as_bytes(), half].concat()).await?,
        NetworkFault::LengthTooLong => {
            to.write_all(&[saying(Some(body.len() + 10)).as_bytes(), body].concat()).await?;
        }
        NetworkFault::LengthTooShort => {
            to.write_all(&[saying(Some(half.len())).as_bytes(), body].concat()).await?;
        }
        _ => reset(to),
    }
    Ok(())
}

/// Returns when the client has given up.
async fn hold(mut connection: TcpStream) -> io::Result<()> {
    let mut rest = [0; 64];
    while connection.read(&mut rest).await? > 0 {}
    Ok(())
}

pub(super) fn reset(connection: TcpStream) {
    // Without it the end would be an orderly one.
    connection.set_zero_linger().unwrap();
    drop(connection);
}

fn head(status: u16, content_type: &str, more: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Rude\r\ncontent-type: {content_type}\r\nconnection: close\r\n{more}\r\n\r\n")
        .into()
}

fn html(status: u16) -> Vec<u8> {
    let body = "<html>not what you think</html>";
    [head(status, "text/html", &format!("content-length: {}", body.len())), body.into()].concat()
}

fn spoken(said: FixedAnswer) -> Vec<u8> {
    let wait = said.retry_after_s.map(|s| format!("\r\nretry-after: {s}")).unwrap_or_default();
    let more = format!("content-length: {}{wait}", said.body.len());
    [head(said.status, "application/json", &more), said.body.into()].concat()
}

/// A whole request.
pub(super) async fn request(from: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut part = [0; 4 * 1024];
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

/// Returns the dependency's whole answer. A connection carries one request, so that each can be treated anew.
async fn carry_out(upstream: &str, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut fixture = TcpStream::connect(upstream).await?;
    let end = request.windows(2).position(|two| two == b"\r\n").unwrap_or(0) + 2;
    fixture.write_all(&request[..end]).await?;
    fixture.write_all(b"connection: close\r\n").await?;
    fixture.write_all(&request[end..]).await?;
    let mut answer = Vec::new();
    tokio::time::timeout(UPSTREAM_PATIENCE, fixture.read_to_end(&mut answer)).await??;
    Ok(answer)
}
