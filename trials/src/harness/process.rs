//! A child process, with its memory and its processor time as Linux shows them.

use std::io;

use lambda_runtime::Error;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Microseconds in one of the ticks that Linux counts processor time in.
const TICK_US: u64 = 10_000;

/// Which memory of a process is meant, by its line in `/proc/<pid>/status`.
#[derive(Clone, Copy, Debug)]
pub(super) enum MemoryKind {
    /// The resident memory.
    Resident,
    /// The resident memory that no other process shares. It leaves out the program's own pages, which Linux loads when
    /// they are first used.
    Own,
    /// The highest resident memory so far.
    Peak,
}

/// A child process. It is killed when this is dropped.
pub(super) struct ChildProcess(Child);

impl ChildProcess {
    /// Starts a process.
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        Ok(Self(command.kill_on_drop(true).spawn()?))
    }

    /// The first line that the process prints.
    pub(super) async fn first_line(&mut self) -> io::Result<String> {
        let output = self.0.stdout.take().ok_or_else(|| io::Error::other("the process has no output"))?;
        Ok(BufReader::new(output).lines().next_line().await?.unwrap_or_default())
    }

    /// Kills the process with SIGKILL and waits until it is gone.
    pub(super) async fn kill(&mut self) -> io::Result<()> {
        self.0.kill().await
    }

    /// The process's memory in KiB. It is unknown on systems other than Linux.
    pub(super) fn memory_kib(&self, kind: MemoryKind) -> Option<u64> {
        let name = match kind {
            MemoryKind::Resident => "VmRSS:",
            MemoryKind::Own => "RssAnon:",
            MemoryKind::Peak => "VmHWM:",
        };
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()?)).ok()?;
        status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse().ok())
    }

    /// The process's processor time so far, in microseconds. Source: Linux, proc(5): fields 14 and 15.
    pub(super) fn cpu_us(&self) -> Result<u64, Error> {
        let pid = self.0.id().ok_or("the process has ended")?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let (_, after_name) = stat.rsplit_once(')').ok_or("/proc/<pid>/stat has an unknown form")?;
        let ticks = after_name.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
        Ok(ticks.sum::<Result<u64, _>>()? * TICK_US)
    }
}
