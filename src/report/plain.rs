//! Text from AWS, a script or a user made safe for a terminal: no escape sequence, no hidden direction mark gets through.

use std::borrow::Cow;

/// One line: every control character, line breaks among them, is shown as its escape (`\n`, `\u{1b}`).
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    escaped(text, &[])
}

/// As `plain`, but line breaks and tabs stay.
#[must_use]
pub fn plain_lines(text: &str) -> Cow<'_, str> {
    escaped(text, &['\n', '\t'])
}

/// Whether a terminal may take the character for more than text: C0, DEL, C1, and the marks that turn reading direction.
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn escaped<'a>(text: &'a str, kept: &[char]) -> Cow<'a, str> {
    let escape = |c: char| is_unsafe(c) && !kept.contains(&c);
    if !text.chars().any(escape) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if !escape(c) => out.push(c),
            c => out.extend(c.escape_default()),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_not_sent() {
        for (given, shown) in [
            ("dev", "dev"),
            ("é ✓ 日本", "é ✓ 日本"),
            ("a\u{1b}[31mred", "a\\u{1b}[31mred"),
            ("two\nlines\r", "two\\nlines\\r"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("abc\u{202e}fed", "abc\\u{202e}fed"),
            ("bell\u{7}\u{7f}", "bell\\u{7}\\u{7f}"),
        ] {
            assert_eq!(plain(given), shown);
        }
        assert_eq!(plain_lines("a\n\tb\u{1b}"), "a\n\tb\\u{1b}");
    }
}
