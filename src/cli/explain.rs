//! `runner explain [CODE…]`

use super::context::Context;
use crate::error::{Error, Page, page, pages};
use crate::project;
use crate::report::{FORMAT, Paint, plain, wrapped};
use serde_json::{Value, json};
use std::fmt::Write;

const EXAMPLES: &str = "\
Examples:
  runner explain email-taken
  runner explain                     all codes, a line each
";

/// Explain an error by its code: what it means, what was done, why it happens, what to type next
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Args {
    /// Codes as errors show them in brackets, AWS's own among them [default: list all]
    codes: Vec<String>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Error> {
    if args.codes.is_empty() {
        let all = pages();
        let documents: Vec<Value> = all.iter().map(|page| json!({"codes": page.codes, "summary": page.summary})).collect();
        let rows: Vec<Vec<String>> = all.into_iter().map(|page| vec![page.codes[0].to_owned(), page.summary]).collect();
        return context.rows(&json!({"type": "codes", "format": FORMAT, "codes": documents}), &["CODE", "MEANS"], &rows, "no codes");
    }
    let found = args.codes.iter().map(|code| page(code).ok_or_else(|| unknown(code))).collect::<Result<Vec<_>, _>>()?;
    let documents: Vec<Value> = found.iter().map(document).collect();
    context.result(&json!({"type": "explanations", "format": FORMAT, "explanations": documents}), || {
        found.iter().map(|page| text(page, context.stdout)).collect::<Vec<_>>().join("\n")
    })
}

fn document(page: &Page) -> Value {
    json!({"codes": page.codes, "summary": page.summary, "done": page.done, "why": page.why, "next": page.next})
}

fn text(page: &Page, paint: Paint) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}\n{}", paint.bold(page.codes.join(", ")), wrapped(&page.summary, 0));
    let rest = [("done", &page.done), ("why", &page.why)].into_iter().chain(page.next.iter().map(|next| ("next", next)));
    for (label, part) in rest {
        let _ = writeln!(out, "  {}  {}", paint.cyan(format!("{label:4}")), wrapped(part, 8));
    }
    out
}

fn unknown(code: &str) -> Error {
    let error = Error::usage("unknown-code", format!("there is no error code `{}`", plain(code)));
    let known: Vec<&str> = pages().into_iter().flat_map(|page| page.codes).collect();
    match project::nearest(code, known.into_iter()) {
        Some(near) => error.hint(format!("did you mean `{near}`? runner explain {near}")),
        None => error.hint("`runner explain` lists all codes"),
    }
}
