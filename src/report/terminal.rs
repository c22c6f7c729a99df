//! The two streams. A reader that has gone away (`| head`) is no error and makes no noise.

use crate::error::Error;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;

/// Writes to stdout: the result.
pub fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::failed("unwritable-output", "cannot write to standard output")
            .cause(error)
            .hint("give it room, or send it elsewhere")),
        _ => Ok(()),
    }
}

/// Writes to stderr: the talk. There is nobody left to tell if that fails.
pub fn print_error(text: &str) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// Columns of the terminal behind a stream; none if there is no terminal.
pub(super) fn width(stream: &impl AsFd) -> Option<usize> {
    terminal_size::terminal_size_of(stream).map(|(width, _)| usize::from(width.0))
}
