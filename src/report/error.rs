//! How an error is shown: as text with the source line and a caret, or as one JSON object.

use super::paint::Paint;
use super::plain::{plain, plain_lines};
use super::terminal::width;
use crate::error::{Error, Place};
use serde_json::{Value, json};
use std::fmt::Write;
use std::io::{stderr, stdout};

/// Characters of a source line that are shown; longer lines are cut around the caret.
const WIDTH: usize = 100;
/// However narrow the terminal is.
const NARROWEST: usize = 20;

impl Error {
    /// The error as a person reads it, with a line break at its end.
    #[must_use]
    pub fn text(&self, paint: Paint) -> String {
        self.text_within(columns(), paint)
    }

    fn text_within(&self, columns: Option<usize>, paint: Paint) -> String {
        let mut out = String::new();
        push(&mut out, &format!("{}: {}", paint.red(format!("error[{}]", plain(&self.code))), paint.bold(hanging(&self.message, 2))));
        if let Some(place) = &self.place {
            push(&mut out, &excerpt(place, columns, paint));
        }
        for frame in self.trace.iter().filter(|frame| Some(*frame) != self.place.as_ref()) {
            push(&mut out, &format!("  {} called from {}", paint.cyan("="), located(frame)));
        }
        for cause in &self.causes {
            push(&mut out, &format!("  {} caused by: {}", paint.cyan("="), hanging(cause, 4)));
        }
        for hint in &self.hints {
            push(&mut out, &format!("{}: {}", paint.green("help"), hanging(hint, 6)));
        }
        out
    }

    /// The error as `--output json` prints it.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "type": "error",
            "code": self.code,
            "message": self.message,
            "place": self.place,
            "trace": self.trace,
            "causes": self.causes,
            "hints": self.hints,
            "exit_code": self.kind.exit_code(),
        })
    }
}

fn push(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

/// Text whose further lines are set in by `indent` columns.
fn hanging(text: &str, indent: usize) -> String {
    plain_lines(text.trim_end()).replace('\n', &format!("\n{}", " ".repeat(indent)))
}

fn located(place: &Place) -> String {
    format!("{}:{}:{}", plain(&place.file), place.line, place.column)
}

/// Of the terminal that an error goes to.
fn columns() -> Option<usize> {
    width(&stderr()).or_else(|| width(&stdout()))
}

/// ` --> file:line:col`, and the line with a caret where its text is known.
fn excerpt(place: &Place, columns: Option<usize>, paint: Paint) -> String {
    let number = place.line.to_string();
    let margin = " ".repeat(number.len());
    let mut out = format!("{margin}{} {}", paint.cyan("-->"), located(place));
    if let Some(source) = &place.source_line {
        // The number, ` | ` and an ellipsis at each end stand beside it.
        let width = columns.map_or(WIDTH, |columns| columns.saturating_sub(number.len() + 5).clamp(NARROWEST, WIDTH));
        let (line, caret) = window(source, place.column, width);
        let bar = paint.cyan("|");
        // Writing to a string cannot fail.
        let _ = write!(out, "\n{margin} {bar}\n{} {bar} {line}", paint.cyan(&number));
        let _ = write!(out, "\n{margin} {bar} {}{}", " ".repeat(caret), paint.red("^"));
    }
    out
}

/// The part of a source line to show, and how many columns the caret stands in from its start. Columns count characters from 1;
/// a tab is shown as four spaces, a control character as its escape.
fn window(source: &str, column: usize, width: usize) -> (String, usize) {
    let mut shown = Vec::new();
    let mut caret = None;
    for (index, c) in source.trim_end().chars().enumerate() {
        if index + 1 == column {
            caret = Some(shown.len());
        }
        match c {
            '\t' => shown.extend([' '; 4]),
            c => shown.extend(plain(c.encode_utf8(&mut [0; 4])).chars()),
        }
    }
    let caret = caret.unwrap_or(shown.len());
    if shown.len() <= width {
        return (shown.into_iter().collect(), caret);
    }
    let start = caret.saturating_sub(width / 2).min(shown.len() - width);
    let end = start + width;
    let (head, tail) = (if start > 0 { "…" } else { "" }, if end < shown.len() { "…" } else { "" });
    let line: String = shown[start..end].iter().collect();
    (format!("{head}{line}{tail}"), caret - start + head.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn place(line: usize, column: usize, source: Option<&str>) -> Place {
        Place { file: "multi-account.rhai".into(), line, column, source_line: source.map(Into::into) }
    }

    #[test]
    fn whole_text() {
        let error = Error::failed("email-taken", "dev: the e-mail address is taken\nnothing was made")
            .at(place(10, 12, Some("let dev = org.create_account(\"dev\");")))
            .cause("EMAIL_ALREADY_EXISTS")
            .hint("give another address: runner resume 7k2q -p mail=…")
            .hint("leave it out");
        let error = Error { trace: vec![place(3, 1, None)], ..error };
        let expected = "\
error[email-taken]: dev: the e-mail address is taken
  nothing was made
  --> multi-account.rhai:10:12
   |
10 | let dev = org.create_account(\"dev\");
   |            ^
  = called from multi-account.rhai:3:1
  = caused by: EMAIL_ALREADY_EXISTS
help: give another address: runner resume 7k2q -p mail=…
help: leave it out
";
        assert_eq!(error.text_within(None, Paint::OFF), expected);
    }

    #[test]
    fn carets_count_characters_and_survive_anything() {
        for (source, column, line, caret) in [
            ("let é = x;", 9, "let é = x;", 8),
            ("\tcall(y)", 7, "    call(y)", 9),
            ("short", 60, "short", 5),
            ("", 1, "", 0),
            ("a\u{1b}b", 3, "a\\u{1b}b", 7),
            ("column nought", 0, "column nought", 13),
        ] {
            assert_eq!(window(source, column, WIDTH), (line.to_owned(), caret), "{source:?}");
        }
    }

    #[test]
    fn long_lines_are_cut_around_the_caret() {
        let source = format!("{}HERE{}", "a".repeat(300), "b".repeat(300));
        let (line, caret) = window(&source, 301, WIDTH);
        assert_eq!(line.chars().count(), WIDTH + 2);
        assert_eq!(line.chars().skip(caret).take(4).collect::<String>(), "HERE");
        let (start, caret) = window(&source, 1, WIDTH);
        assert!(start.starts_with('a') && start.ends_with('…') && caret == 0);
        let (end, caret) = window(&source, 604, WIDTH);
        assert!(end.starts_with('…') && end.ends_with('b') && caret == WIDTH);
    }

    #[test]
    fn an_excerpt_fits_the_terminal() {
        let source = format!("{}HERE{}", "a".repeat(300), "b".repeat(300));
        for columns in [40, 79, 200] {
            let text = excerpt(&place(1234, 301, Some(&source)), Some(columns), Paint::OFF);
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert_eq!(widest, Some(columns.min(WIDTH + 9)), "{text}");
        }
    }

    #[test]
    fn text_from_outside_cannot_reach_the_terminal() {
        let error = Error::failed("x", "bad\u{1b}[2J").cause("\u{9b}c").hint("\u{1b}]0;t\u{7}");
        assert_eq!(error.text(Paint::OFF), "error[x]: bad\\u{1b}[2J\n  = caused by: \\u{9b}c\nhelp: \\u{1b}]0;t\\u{7}\n");
    }

    #[test]
    fn json_has_the_exit_code_and_no_source_line() {
        let error = Error::new(Kind::Locked, "locked", "held").at(place(1, 2, Some("secret?"))).hint("wait");
        let expected = json!({
            "type": "error", "code": "locked", "message": "held", "exit_code": 7, "causes": [], "hints": ["wait"], "trace": [],
            "place": {"file": "multi-account.rhai", "line": 1, "column": 2},
        });
        assert_eq!(error.json(), expected);
    }
}
