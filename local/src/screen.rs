//! What the local run prints. Colour is for terminals only, and a closed pipe ends the process quietly, as it does for
//! other commands.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;

use defender_tag_relay::config::from_environment;

/// The variable that switches colours off, whatever its value. Source: no-color.org.
const NO_COLOR: &str = "NO_COLOR";

/// Prints one line.
pub(crate) fn line(text: impl Display) {
    if let Err(error) = writeln!(io::stdout(), "{text}")
        && error.kind() == ErrorKind::BrokenPipe
    {
        std::process::exit(0);
    }
}

/// Prints one line while a server runs. Where nobody reads any more, the server goes on.
pub(crate) fn live_line(text: impl Display) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// A file as somebody in this folder would name it.
pub(crate) fn path(file: &Path) -> impl Display {
    let here = std::env::current_dir().unwrap_or_default();
    file.strip_prefix(here).unwrap_or(file).display().to_string()
}

/// A number of things, in words: "1 machine", "2 machines".
pub(crate) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// How marks are shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks {
    is_coloured: bool,
}

impl Marks {
    /// As the terminal and the environment want them.
    pub(crate) fn of_terminal() -> Self {
        let is_off = from_environment().get(NO_COLOR).is_some_and(|value| !value.is_empty());
        Self { is_coloured: io::stdout().is_terminal() && !is_off }
    }

    /// Good: a check mark, green. Bad: a cross, red. Both are one column wide.
    pub(crate) fn of(self, is_good: bool) -> &'static str {
        match (is_good, self.is_coloured) {
            (true, true) => "\u{1b}[32m✓\u{1b}[0m",
            (false, true) => "\u{1b}[31m✗\u{1b}[0m",
            (true, false) => "✓",
            (false, false) => "✗",
        }
    }
}
