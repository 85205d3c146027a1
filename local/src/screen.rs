//! What the local run prints. Colour is for terminals only, and a closed pipe ends the process quietly, as it does for
//! other commands.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};

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
