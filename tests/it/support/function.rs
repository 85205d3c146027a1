//! Runs the function's own binary with a double of Lambda's Runtime API.

use std::io::Write;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use defender_tag_relay::clock::Clock;
use simulator::aws::runtime_api::{DEADLINE_MS, RuntimeApi};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use super::witness::{LogLines, Witness};
use super::{Answer, Ask, Fixture};

/// Longest wait for the function.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running function.
pub struct Function<'a> {
    witness: &'a Witness,
    api: RuntimeApi,
    process: Child,
    /// Ends when everything the process wrote has been read.
    heard: JoinSet<()>,
    clock: Clock,
    deadline_ms: i64,
}

impl<'a> Function<'a> {
    /// Starts the function with the environment of the fixture's relay. `extensions`: whether Lambda supports them.
    pub async fn start(fixture: &'a Fixture, extensions: bool) -> Self {
        Self::start_with(fixture, extensions, DEADLINE_MS, []).await
    }

    /// The same, with so many milliseconds for each invocation, and with other variables.
    pub async fn start_with<const N: usize>(
        fixture: &'a Fixture,
        extensions: bool,
        deadline_ms: i64,
        variables: [(&str, &str); N],
    ) -> Self {
        let clock = fixture.app().clock().clone();
        let now_ms = Box::new(move || clock.now().ms());
        let api = RuntimeApi::start(extensions, deadline_ms, now_ms).await.unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_defender-tag-relay"))
            .env_clear()
            .envs(&fixture.loopback.variables)
            .envs(variables)
            .envs([
                ("AWS_ACCESS_KEY_ID", "local"),
                ("AWS_SECRET_ACCESS_KEY", "local"),
                ("AWS_REGION", "us-east-1"),
            ])
            .envs([("AWS_LAMBDA_FUNCTION_NAME", "relay"), ("AWS_LAMBDA_FUNCTION_VERSION", "1")])
            .envs([("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"), ("AWS_LAMBDA_RUNTIME_API", &api.address)])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut heard = JoinSet::new();
        heard.spawn(listen(process.stdout.take().unwrap(), fixture.witness.lines.clone()));
        heard.spawn(listen(process.stderr.take().unwrap(), fixture.witness.errors.clone()));
        let clock = fixture.app().clock().clone();
        Self { witness: &fixture.witness, api, process, heard, clock, deadline_ms }
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.process.id().unwrap()
    }

    /// Returns how the process ended, after everything it wrote has been read.
    pub async fn until_gone(&mut self) -> ExitStatus {
        let gone = async {
            let status = self.process.wait().await.unwrap();
            while self.heard.join_next().await.is_some() {}
            status
        };
        tokio::time::timeout(PATIENCE, gone).await.expect("it ends in time")
    }

    /// Sends a signal to a process. It uses the shell's `kill`, because not every system has a program of that name.
    pub fn signal(id: u32, name: &str) {
        let kill = format!("kill -{name} {id}");
        assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// From now on the process gets only so many more bytes of memory.
    #[cfg(target_os = "linux")]
    pub fn has_no_memory_but(&self, more: u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let held = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.trim().strip_suffix(" kB"));
        let limit = held.unwrap().parse::<u64>().unwrap() * 1024 + more;
        let mut prlimit = std::process::Command::new("prlimit");
        prlimit.arg(format!("--pid={}", self.id())).arg(format!("--as={limit}"));
        assert!(prlimit.status().unwrap().success());
    }

    /// Gives the function an event and returns its answer, or `None` if the process ends instead.
    pub async fn try_invoke(&mut self, ask: &Ask) -> Option<Answer> {
        let event = ask.event();
        self.witness.must_not_reveal_credentials_of(&event);
        let answered = async {
            tokio::select! {
                answer = self.api.invoke(event) => answer,
                _ = self.process.wait() => None,
            }
        };
        let answer = tokio::time::timeout(PATIENCE, answered).await.expect("it answers or ends in time")?;
        self.witness.answered(&answer);
        Some(Answer::new(&answer))
    }

    /// Gives the function an event. Kills the process, as Lambda does, if its time is over before its extension has asked
    /// for the next event. Returns the answer, if there was one, and whether the process was killed.
    pub async fn invoke_for_its_time(&mut self, ask: &Ask) -> (Option<Answer>, bool) {
        let event = ask.event();
        let over_at = self.clock.now().plus_ms(self.deadline_ms);
        self.witness.must_not_reveal_credentials_of(&event);
        let mut rested = self.api.rested.clone();
        let times = self.times_rested() + 1;
        let mut answer = None;
        let done = async {
            answer = self.api.invoke(event).await;
            rested.wait_for(|rested| *rested >= times).await.unwrap();
        };
        let ended = tokio::select! {
            () = done => false,
            () = self.clock.wait_until(over_at) => true,
        };
        if ended {
            self.process.kill().await.unwrap();
            self.until_gone().await;
        }
        if let Some(answer) = &answer {
            self.witness.answered(answer);
        }
        (answer.as_ref().map(Answer::new), ended)
    }

    /// Gives the function an event and returns its answer as soon as Lambda has it.
    pub async fn invoke(&mut self, ask: &Ask) -> Answer {
        let event = ask.event();
        self.witness.must_not_reveal_credentials_of(&event);
        let answer = tokio::time::timeout(PATIENCE, self.api.invoke(event.clone())).await;
        let answer = answer.expect("the function answers in time").unwrap();
        super::openapi::hold(&event, &answer);
        self.witness.answered(&answer);
        Answer::new(&answer)
    }

    /// How often the extension has asked for the next event; Lambda freezes the function after that.
    pub fn times_rested(&self) -> usize {
        *self.api.rested.borrow()
    }

    /// Returns when the extension has asked for the next event so often.
    pub async fn rested(&mut self, times: usize) {
        let rested =
            tokio::time::timeout(PATIENCE, self.api.rested.wait_for(|rested| *rested >= times)).await;
        rested.expect("the function rests in time").unwrap();
    }
}

/// Keeps all that comes out of a process.
async fn listen(mut output: impl AsyncRead + Unpin, mut heard: LogLines) {
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = output.read(&mut bytes).await {
        heard.write_all(&bytes[..read]).unwrap();
    }
}
