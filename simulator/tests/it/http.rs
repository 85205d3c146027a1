//! A client that shows what really came over the wire, cut connections and half bodies included.

use serde_json::Value;
use std::io::{Error, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One answer, read to the end of the connection.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap_or_default().to_owned()
    }

    /// The ids a 200 lists.
    pub(crate) fn listed(&self) -> Vec<String> {
        let value = self.json()["value"].clone();
        let machines = value.as_array().cloned().unwrap_or_default();
        machines.iter().map(|machine| machine["id"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

pub(crate) async fn send(
    url: &str,
    request: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Answer, Error> {
    let address = url.strip_prefix("http://").unwrap_or(url);
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(written(address, request, headers, body).as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    read(&String::from_utf8_lossy(&bytes))
}

fn written(address: &str, request: &str, headers: &[(&str, &str)], body: &str) -> String {
    let lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    format!(
        "{request} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n{}\r\n{body}",
        lines.concat()
    )
}

fn read(text: &str) -> Result<Answer, Error> {
    let (head, body) = text.split_once("\r\n\r\n").ok_or(Error::from(ErrorKind::UnexpectedEof))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let answer = Answer { status: status.unwrap_or(0), head: head.to_owned(), body: body.to_owned() };
    let announced = answer.header("content-length").and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| body.len() < length) {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(answer)
}
