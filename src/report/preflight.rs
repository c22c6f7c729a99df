//! A preflight as people and programs read it.

use super::json::FORMAT;
use super::paint::Paint;
use super::plain::plain;
use super::step_line::took;
use crate::error::Error;
use crate::preflight::{Accounts, Control, Preflight, Standing};
use serde_json::{Value, json};
use std::fmt::Write;

/// Columns in front of what is told.
const HEAD: usize = 12;

/// All of it, with a line break at its end; problems come last, as errors.
#[must_use]
pub fn preflight(preflight: &Preflight, paint: Paint) -> String {
    let mut out = String::new();
    let organization = preflight.organization.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
    let place = format!("{}  target {} {}{organization}", preflight.playbook, preflight.target, preflight.account);
    let _ = writeln!(out, "preflight {}", plain(&place));
    section(&mut out, "as", [preflight.caller.clone()]);
    section(&mut out, "accounts", accounts(&preflight.accounts));
    section(&mut out, "changes", changes(preflight));
    section(&mut out, "takes away", preflight.destructive.clone());
    section(&mut out, "for good", preflight.irreversible.clone());
    section(&mut out, "bound by", controls(preflight));
    section(
        &mut out,
        "nearly full",
        preflight.sizes.iter().map(|size| format!("{} in {}: {} of {} characters", size.what, size.account, size.characters, size.limit)),
    );
    if !preflight.least_time.is_zero() {
        let text = format!("at least {}: AWS takes 3 accounts at once, then one in 10 s", took(preflight.least_time));
        section(&mut out, "time", [text]);
    }
    section(&mut out, "mind", preflight.notes.clone());
    for problem in &preflight.problems {
        out.push('\n');
        out.push_str(&problem.text(paint));
    }
    out
}

/// The last line: whether it fits.
#[must_use]
pub fn fits(preflight: &Preflight, paint: Paint) -> String {
    match (preflight.problems.len(), preflight.complete) {
        (0, true) => paint.green("it fits"),
        (0, false) => paint.yellow("it fits as far as is known: the play on the copy did not come to its end"),
        (1, _) => paint.red("it does not fit: 1 problem"),
        (count, _) => paint.red(format!("it does not fit: {count} problems")),
    }
}

/// As `--output json` prints it.
#[must_use]
pub fn preflight_document(preflight: &Preflight) -> Value {
    json!({
        "type": "preflight",
        "format": FORMAT,
        "playbook": preflight.playbook,
        "target": preflight.target,
        "account": preflight.account,
        "caller": preflight.caller,
        "organization": preflight.organization,
        "fits": preflight.fits(),
        "complete": preflight.complete,
        "accounts": preflight.accounts,
        "changes": preflight.changes,
        "at_most": preflight.at_most,
        "destructive": preflight.destructive,
        "irreversible": preflight.irreversible,
        "controls": preflight.controls,
        "sizes": preflight.sizes,
        "least_seconds": preflight.least_time.as_secs(),
        "problems": preflight.problems.iter().map(Error::json).collect::<Vec<_>>(),
        "notes": preflight.notes,
    })
}

/// Lines under one head; nothing when there are none.
fn section(out: &mut String, head: &str, lines: impl IntoIterator<Item = String>) {
    let mut head = head;
    for line in lines {
        let _ = writeln!(out, "{head:HEAD$}{}", plain(&line));
        head = "";
    }
}

fn accounts(accounts: &Accounts) -> Vec<String> {
    let Accounts { quota, quota_written, there, closed, to_make, wanted } = accounts;
    if wanted.is_empty() && *there == 0 {
        return Vec::new();
    }
    let closed = if *closed > 0 { format!(" ({closed} of them closed)") } else { String::new() };
    let whose = if *quota_written { "" } else { ", AWS's default (account_quota in runner.toml, if AWS has granted another)" };
    let mut lines = vec![format!("{there} there{closed}, {to_make} to make: {} of {quota}{whose}", there + to_make)];
    let width = |text: &dyn Fn(&crate::preflight::Wanted) -> usize| wanted.iter().map(text).max().unwrap_or(0);
    let (names, emails) = (width(&|account| account.name.chars().count()), width(&|account| account.email.chars().count()));
    for account in wanted {
        let standing = match (account.standing, &account.id) {
            (Standing::There, Some(id)) => format!("there, {id}"),
            (Standing::There, None) => "there".to_owned(),
            (Standing::ToMake, _) => "to make".to_owned(),
            (Standing::Refused | Standing::Twice, _) => "cannot be had".to_owned(),
        };
        lines.push(format!("  {:names$}  {:emails$}  {standing}", account.name, account.email));
    }
    lines
}

/// Service control policies, and whom they bind.
fn controls(preflight: &Preflight) -> Vec<String> {
    let width = preflight.controls.iter().map(|control| control.name.chars().count()).max().unwrap_or(0);
    let line = |control: &Control| {
        let Control { name, policies, limit, accounts, .. } = control;
        let accounts = accounts.iter().cloned().collect::<Vec<_>>().join(", ");
        format!("{name:width$}  {} of {limit} service control policies: {} ({accounts})", policies.len(), policies.join(", "))
    };
    preflight.controls.iter().map(line).collect()
}

fn changes(preflight: &Preflight) -> Vec<String> {
    let width = preflight.changes.iter().map(|account| account.name.chars().count()).max().unwrap_or(0);
    let mut lines: Vec<String> = preflight
        .changes
        .iter()
        .map(|account| {
            let calls: Vec<String> =
                account.calls.iter().map(|(call, count)| if *count == 1 { call.clone() } else { format!("{call} {count}") }).collect();
            format!("{:width$}  {}", account.name, calls.join(", "))
        })
        .collect();
    if lines.is_empty() {
        return vec!["none".to_owned()];
    }
    if preflight.at_most {
        lines.push("at most: IAM was not read, and what is there already is left as it is".to_owned());
    }
    lines
}
