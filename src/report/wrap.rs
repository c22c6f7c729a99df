//! Running text in lines of a width.

use super::terminal::width;
use std::io::stdout;

/// Lines longer than this are hard to read.
const WIDEST: usize = 100;

/// Text for standard output, broken between words; the lines behind the first are set in by `indent` columns, as is the first by its caller.
#[must_use]
pub fn wrapped(text: &str, indent: usize) -> String {
    within(text, indent, width(&stdout()).unwrap_or(WIDEST).min(WIDEST))
}

fn within(text: &str, indent: usize, width: usize) -> String {
    let mut out = String::new();
    let mut column = indent;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > indent && column + 1 + length > width {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else if column > indent {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn lines_break_between_words_only() {
        for (text, indent, width, expected) in [
            ("one two three", 0, 7, "one two\nthree"),
            ("one two three", 2, 7, "one\n  two\n  three"),
            ("a-word-longer-than-that b", 2, 6, "a-word-longer-than-that\n  b"),
            ("", 4, 10, ""),
        ] {
            assert_eq!(within(text, indent, width), expected);
        }
    }
}
