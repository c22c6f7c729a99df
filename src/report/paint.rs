//! Colour: whether, and which.

use anstyle::{AnsiColor, Style};
use std::fmt::Display;

/// What `--color` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

/// Paints words for one stream, or leaves them as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint(bool);

impl Paint {
    pub const OFF: Paint = Paint(false);

    /// Whether the stream gets colour. `variable` reads the environment: `NO_COLOR` beats `CLICOLOR_FORCE`, the flag beats both.
    pub fn choose(choice: ColorChoice, terminal: bool, variable: impl Fn(&str) -> Option<String>) -> Paint {
        let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let forced = variable("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0");
        Paint(match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if set("NO_COLOR") => false,
            ColorChoice::Auto if forced => true,
            ColorChoice::Auto => terminal && variable("TERM").as_deref() != Some("dumb"),
        })
    }

    fn style(self, style: Style, text: impl Display) -> String {
        if self.0 { format!("{style}{text}{style:#}") } else { text.to_string() }
    }

    #[must_use]
    pub fn bold(self, text: impl Display) -> String {
        self.style(Style::new().bold(), text)
    }

    #[must_use]
    pub fn dim(self, text: impl Display) -> String {
        self.style(Style::new().dimmed(), text)
    }

    #[must_use]
    pub fn red(self, text: impl Display) -> String {
        self.style(AnsiColor::Red.on_default().bold(), text)
    }

    #[must_use]
    pub fn green(self, text: impl Display) -> String {
        self.style(AnsiColor::Green.on_default(), text)
    }

    #[must_use]
    pub fn yellow(self, text: impl Display) -> String {
        self.style(AnsiColor::Yellow.on_default(), text)
    }

    #[must_use]
    pub fn cyan(self, text: impl Display) -> String {
        self.style(AnsiColor::Cyan.on_default(), text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_then_no_color_then_force_then_terminal() {
        let cases: [(_, _, &[(&str, &str)], _); 10] = [
            (ColorChoice::Auto, true, &[], true),
            (ColorChoice::Auto, false, &[], false),
            (ColorChoice::Auto, true, &[("TERM", "dumb")], false),
            (ColorChoice::Auto, true, &[("NO_COLOR", "1")], false),
            (ColorChoice::Auto, true, &[("NO_COLOR", "")], true),
            (ColorChoice::Auto, false, &[("CLICOLOR_FORCE", "1")], true),
            (ColorChoice::Auto, false, &[("CLICOLOR_FORCE", "0")], false),
            (ColorChoice::Auto, true, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false),
            (ColorChoice::Always, false, &[("NO_COLOR", "1")], true),
            (ColorChoice::Never, true, &[("CLICOLOR_FORCE", "1")], false),
        ];
        for (choice, terminal, variables, painted) in cases {
            let read = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
            assert_eq!(Paint::choose(choice, terminal, read), Paint(painted), "{choice:?} {terminal} {variables:?}");
        }
    }

    #[test]
    fn unpainted_text_is_left_alone() {
        assert_eq!(Paint::OFF.red("x"), "x");
        assert_eq!(Paint(true).green("x"), "\u{1b}[32mx\u{1b}[0m");
    }
}
