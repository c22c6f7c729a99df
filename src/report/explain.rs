//! Where to read more about the errors shown.

use super::paint::Paint;
use crate::error::page;

/// `explain: runner explain CODE…`, once for all codes that have a page, with a line break at its end; empty if none has.
#[must_use]
pub fn explain<'a>(codes: impl IntoIterator<Item = &'a str>, paint: Paint) -> String {
    let mut known: Vec<&str> = Vec::new();
    for code in codes {
        if !known.contains(&code) && page(code).is_some() {
            known.push(code);
        }
    }
    if known.is_empty() { String::new() } else { format!("{}\n", paint.dim(format!("explain: runner explain {}", known.join(" ")))) }
}
