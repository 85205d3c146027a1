//! The command in a folder of its own, and a serving run that ends with its test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// Columns of a terminal that each line of a play must fit into.
pub(crate) const TERMINAL_COLUMNS: usize = 80;
/// The variables for the real Defender. A test must not have them by chance.
const REAL: [&str; 6] =
    ["TENANT_ID", "CLIENT_ID", "CLIENT_SECRET", "CLIENT_CERTIFICATE", "SOURCES", "SOURCES_FILE"];
pub(crate) const MACHINE: &str = "34e83ca3feea4dbf2353006ea769262bac60025e";

/// The command in an empty folder of its own.
pub(crate) fn command(folder: &str, arguments: &[&str]) -> Command {
    empty(folder);
    in_folder(folder, arguments)
}

/// The command in this folder.
pub(crate) fn in_folder(folder: &str, arguments: &[&str]) -> Command {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    for name in REAL {
        command.env_remove(name);
    }
    command
}

pub(crate) fn empty(folder: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A file with the configuration of one source, whose `allow` has these actions.
pub(crate) fn sources(folder: &str, actions: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{folder}.sources.json"));
    let text = format!(
        r#"{{"sources": [{{"name": "jira",
            "verify": {{"scheme": "header", "header": "X-Key", "secrets": ["{secret}"]}},
            "read": {{"machines": ["$.machine"], "tag": "contain-1"}},
            "allow": {{"tags": ["contain-*"], "actions": [{actions}], "machines": 10}}}}]}}"#,
        secret = "k".repeat(30)
    );
    std::fs::write(&path, text).unwrap();
    path
}

pub(crate) fn body(folder: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{folder}.body.json"));
    std::fs::write(&path, text).unwrap();
    path
}

/// A serving run, which ends with this.
pub(crate) struct Serving {
    pub(crate) child: Child,
    pub(crate) url: String,
    pub(crate) simulator: String,
    pub(crate) dynamodb: String,
    /// The folder of its files.
    pub(crate) kept: PathBuf,
    pub(crate) screen: BufReader<std::process::ChildStdout>,
}

impl Serving {
    pub(crate) fn start(folder: &str, arguments: &[&str]) -> Self {
        empty(folder);
        Self::start_again(folder, arguments)
    }

    /// The same, with the files of the run before.
    pub(crate) fn start_again(folder: &str, arguments: &[&str]) -> Self {
        let ports = ["--serve", "--port", "0", "--simulator-port", "0", "--dynamodb-port", "0"];
        let mut command = in_folder(folder, &[&ports[..], &["--data", "kept/relay.db"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut screen = BufReader::new(child.stdout.take().unwrap());
        let mut urls = Vec::new();
        for line in screen.by_ref().lines().map_while(Result::ok) {
            urls.extend(line.split_once("http://").map(|(_, address)| format!("http://{address}")));
            if urls.len() == 3 {
                break;
            }
        }
        let [relay, simulator, dynamodb] = urls.try_into().unwrap();
        let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder).join("kept");
        Self { child, url: relay, simulator, dynamodb, kept, screen }
    }

    /// Reads the screen until a line has this text.
    pub(crate) fn shows(&mut self, text: &str) -> bool {
        self.screen.by_ref().lines().map_while(Result::ok).any(|line| line.contains(text))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// The status and the body that a server answers to these lines.
pub(crate) fn answer(url: &str, request: &str, headers: &str, body: &str) -> String {
    let address = url.strip_prefix("http://").unwrap();
    let (address, path) = address.find('/').map_or((address, ""), |at| address.split_at(at));
    let (method, route) = request.split_once(' ').unwrap();
    let mut connection = TcpStream::connect(address).unwrap();
    let text = format!(
        "{method} {path}{route} HTTP/1.1\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(text.replace("{host}", address).as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}
