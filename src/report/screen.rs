//! The terminal as the lanes see it: two columns narrower than it is.
//!
//! A drawn line ends at the right edge, where the `^C` that a terminal echoes would begin a line of its own; what is cleared next would
//! be that line, and a lane would stay. In the two columns there is room for it.

use super::terminal::print_error;
use indicatif::TermLike;
use std::io::{self, stderr};
use std::sync::{Mutex, PoisonError};

const ECHO: u16 = 2;

/// Standard error; what is written is held until it is flushed.
#[derive(Debug, Default)]
pub(super) struct Screen(Mutex<String>);

impl Screen {
    fn push(&self, text: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
    }

    /// `ESC [ n letter`; a terminal takes 0 for 1.
    fn cursor(&self, by: usize, letter: char) {
        if by > 0 {
            self.push(&format!("\x1b[{by}{letter}"));
        }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        terminal_size::terminal_size_of(stderr()).map_or(80, |(width, _)| width.0).saturating_sub(ECHO)
    }

    fn height(&self) -> u16 {
        terminal_size::terminal_size_of(stderr()).map_or(24, |(_, height)| height.0)
    }

    fn move_cursor_up(&self, by: usize) -> io::Result<()> {
        self.cursor(by, 'A');
        Ok(())
    }

    fn move_cursor_down(&self, by: usize) -> io::Result<()> {
        self.cursor(by, 'B');
        Ok(())
    }

    fn move_cursor_right(&self, by: usize) -> io::Result<()> {
        self.cursor(by, 'C');
        Ok(())
    }

    fn move_cursor_left(&self, by: usize) -> io::Result<()> {
        self.cursor(by, 'D');
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.push(text);
        self.push("\n");
        Ok(())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.push(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.push("\r\x1b[2K");
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        print_error(&std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)));
        Ok(())
    }
}
