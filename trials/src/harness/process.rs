//! Looking at a process from outside: its environment on Lambda, its memory, its processor time.

use lambda_runtime::Error;

/// Microseconds in one of the ticks that Linux counts processor time in.
const TICK_US: u64 = 10_000;

/// What Lambda has in every function's environment, beside the Runtime API's address.
pub(crate) const LAMBDA: [(&str, &str); 7] = [
    ("AWS_ACCESS_KEY_ID", "local"),
    ("AWS_SECRET_ACCESS_KEY", "local"),
    ("AWS_REGION", "us-east-1"),
    ("AWS_DEFAULT_REGION", "us-east-1"),
    ("AWS_LAMBDA_FUNCTION_NAME", "relay"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
];

/// Tells the microseconds since it was made.
#[expect(clippy::disallowed_methods, reason = "what is measured is shorter than the clock's milliseconds")]
pub(crate) fn stopwatch() -> impl Fn() -> i64 {
    let began = tokio::time::Instant::now();
    move || i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX)
}

/// A process's memory in KiB, by this line of what Linux tells.
pub(crate) fn memory_kib(pid: u32, line: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|text| text.strip_prefix(line)?.trim().strip_suffix(" kB")?.parse().ok())
}

/// A process's processor time so far, in microseconds. Source: Linux, proc(5): fields 14 and 15.
pub(crate) fn cpu_us(pid: u32) -> Result<u64, Error> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, after_name) = stat.rsplit_once(')').ok_or("a strange /proc/pid/stat")?;
    let ticks = after_name.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    Ok(ticks.sum::<Result<u64, _>>()? * TICK_US)
}
