//! The function's own binary under a Runtime API of ours.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use local::runtime_api::{DEADLINE_MS, RuntimeApi};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use super::{Answer, Ask, World};

/// Longest wait for the function, in seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running function.
pub struct Function {
    api: RuntimeApi,
    process: Child,
}

impl Function {
    /// Starts the function with the environment of the world's relay. `extensions`: whether Lambda has them.
    pub async fn start(world: &World, extensions: bool) -> Self {
        Self::start_for(world, extensions, DEADLINE_MS).await
    }

    /// The same, with so many milliseconds for each invocation.
    pub async fn start_for(world: &World, extensions: bool, deadline_ms: i64) -> Self {
        let clock = world.app().clock().clone();
        let now_ms = Box::new(move || clock.now().ms());
        let api = RuntimeApi::start(extensions, deadline_ms, now_ms).await.unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_defender-tag-relay"))
            .env_clear()
            .envs(&world.loopback.variables)
            .envs([
                ("AWS_ACCESS_KEY_ID", "local"),
                ("AWS_SECRET_ACCESS_KEY", "local"),
                ("AWS_REGION", "us-east-1"),
            ])
            .envs([("AWS_LAMBDA_FUNCTION_NAME", "relay"), ("AWS_LAMBDA_FUNCTION_VERSION", "1")])
            .envs([("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"), ("AWS_LAMBDA_RUNTIME_API", &api.address)])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (mut output, mut lines) = (process.stdout.take().unwrap(), world.witness.lines.clone());
        tokio::spawn(async move {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut bytes).await {
                lines.write_all(&bytes[..read]).unwrap();
            }
        });
        Self { api, process }
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.process.id().unwrap()
    }

    /// Returns when the process is gone.
    pub async fn until_gone(&mut self) {
        tokio::time::timeout(PATIENCE, self.process.wait()).await.expect("it ends in time").unwrap();
    }

    /// From now on the process gets no memory beside what it has and these bytes.
    pub fn has_no_memory_but(&self, more: u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let held = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.trim().strip_suffix(" kB"));
        let limit = held.unwrap().parse::<u64>().unwrap() * 1024 + more;
        let mut prlimit = std::process::Command::new("prlimit");
        prlimit.arg(format!("--pid={}", self.id())).arg(format!("--as={limit}"));
        assert!(prlimit.status().unwrap().success());
    }

    /// Gives the function an event and returns its answer; none if it ends instead.
    pub async fn try_invoke(&mut self, ask: &Ask) -> Option<Answer> {
        tokio::select! {
            answer = self.api.invoke(ask.event()) => Some(Answer::new(&answer?)),
            _ = self.process.wait() => None,
        }
    }

    /// Gives the function an event and returns its answer as soon as Lambda has it.
    pub async fn invoke(&mut self, ask: &Ask) -> Answer {
        let event: Value = ask.event();
        let answer = tokio::time::timeout(PATIENCE, self.api.invoke(event.clone())).await;
        let answer = answer.expect("the function answers in time").unwrap();
        super::openapi::hold(&event, &answer);
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
