//! The question before the first change on a target of kind `aws`: what is known so far, then a yes.

use super::context::Context;
use crate::error::{Error, Kind};
use crate::preflight::Preflight;
use crate::project::Target;
use crate::report::{self, Output, Paint, plain, print_document, print_error};
use crate::step::RunView;
use crate::wiring::Before;
use serde_json::{Value, json};
use std::fmt::Write;

/// How it is shown, and whether it is asked.
pub(super) struct Confirmation {
    pub(super) target: String,
    pub(super) yes: bool,
    pub(super) quiet: bool,
    pub(super) output: Output,
    pub(super) paint: Paint,
}

impl Confirmation {
    pub(super) fn new(context: &Context, target: &Target) -> Confirmation {
        let globals = &context.globals;
        Confirmation { target: target.name.clone(), yes: globals.yes, quiet: globals.quiet, output: globals.output, paint: context.stderr }
    }

    /// Shows what is known and asks; `ask` shows a question and gives the line typed. What is known to fail is not begun.
    pub(super) fn confirm(&self, before: &Before, ask: &mut dyn FnMut(&str) -> Result<String, Error>) -> Result<(), Error> {
        let problems = match before {
            Before::Play(preflight) => preflight.problems.len(),
            Before::Resume { .. } => 0,
        };
        if self.output == Output::Json {
            print_document(&document(before))?;
        }
        // Whoever is asked or refused has to see why.
        let asked = !self.yes && problems == 0;
        if asked || self.output == Output::Text && (!self.quiet || problems > 0) {
            print_error(&self.text(before));
        }
        if problems > 0 {
            let word = if problems == 1 { "problem" } else { "problems" };
            return Err(Error::failed(
                "does-not-fit",
                format!("the playbook does not fit the target ({problems} {word} above); nothing was done"),
            )
            .hint("put that right; `runner preflight` with the same arguments looks again"));
        }
        if asked && ask(&self.question(before))? != "yes" {
            return Err(Error::new(Kind::Declined, "declined", "not confirmed; nothing was done").hint("type `yes`, or add --yes"));
        }
        Ok(())
    }

    fn question(&self, before: &Before) -> String {
        let target = plain(&self.target);
        match before {
            Before::Play(preflight) => {
                let Preflight { playbook, account, .. } = &**preflight;
                format!("Play `{}` on `{target}`, AWS account {account}? Only `yes` goes on: ", plain(playbook))
            }
            Before::Resume { run, view, .. } => {
                format!("Resume `{}` on `{target}`, AWS account {}? Only `yes` goes on: ", plain(run), plain(&view.start.account))
            }
        }
    }

    fn text(&self, before: &Before) -> String {
        match before {
            Before::Play(preflight) => {
                let mut text = report::preflight(preflight, self.paint);
                if !preflight.complete && preflight.fits() {
                    let _ = writeln!(text, "{}", report::fits(preflight, self.paint));
                }
                text + "\n"
            }
            Before::Resume { run, caller, view } => resume(run, caller, view, self.paint) + "\n",
        }
    }
}

fn document(before: &Before) -> Value {
    match before {
        Before::Play(preflight) => report::preflight_document(preflight),
        Before::Resume { run, caller, view } => {
            json!({
                "type": "going-on", "run": run, "playbook": view.start.playbook, "target": view.start.target, "account": view.start.account,
                "caller": caller, "finished": finished(view), "open": open(view), "again": again(view),
            })
        }
    }
}

/// What will go on: finished steps, changes whose outcome is not known, steps that are tried again.
fn resume(run: &str, caller: &str, view: &RunView, paint: Paint) -> String {
    let start = &view.start;
    let mut out = String::new();
    let place = format!("{}  target {} {}", start.playbook, start.target, start.account);
    let _ = writeln!(out, "resume {} {}", paint.bold(plain(run)), plain(&place));
    let _ = writeln!(out, "{:12}{}", "as", plain(caller));
    let _ = writeln!(out, "{:12}{} steps: they are replayed without a call", "finished", finished(view));
    let sections = [("open", open(view), "is looked up first"), ("again", again(view), "is tried again")];
    for (head, lines, what) in sections {
        let mut head = head;
        for line in lines {
            let _ = writeln!(out, "{head:12}{}: {what}", plain(&line));
            head = "";
        }
    }
    let _ = writeln!(out, "{:12}the rest of the playbook is played", "then");
    out
}

fn finished(view: &RunView) -> usize {
    view.steps.values().filter(|step| step.finished.is_some()).count()
}

/// Changes whose outcome is not known.
fn open(view: &RunView) -> Vec<String> {
    let open = view.steps.values().flat_map(|step| &step.open);
    open.map(|open| format!("{} of `{}` in `{}`", open.change.call, open.label, open.account.name)).collect()
}

/// Steps that ended without success.
fn again(view: &RunView) -> Vec<String> {
    let ends = view.ends.iter().filter(|end| end.problem.is_some());
    ends.map(|end| format!("`{}` in `{}`", end.label, end.account.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::tests::{known, wanted};

    /// The exit code of the refusal, 0 for none; and how often it was asked.
    fn confirmed(before: &Before, yes: bool, answer: &str) -> (u8, usize) {
        let confirmation = Confirmation { target: "live".into(), yes, quiet: true, output: Output::Text, paint: Paint::OFF };
        let mut asked = 0;
        let mut ask = |question: &str| {
            asked += 1;
            assert!(question.contains("`live`, AWS account 111122223333? Only `yes`"), "{question}");
            Ok(answer.to_owned())
        };
        let code = confirmation.confirm(before, &mut ask).map_or_else(|error| error.kind.exit_code(), |()| 0);
        (code, asked)
    }

    #[test]
    fn only_a_typed_yes_goes_on() {
        let before = || Before::Play(Box::new(Preflight::of(&known(&[wanted("dev", "aws+dev@example.com")]))));
        assert_eq!(confirmed(&before(), false, "yes"), (0, 1));
        // The end of input is an empty line.
        for answer in ["", "y", "YES", "no"] {
            assert_eq!(confirmed(&before(), false, answer), (3, 1), "{answer}");
        }
        assert_eq!(confirmed(&before(), true, ""), (0, 0));
    }

    #[test]
    fn what_does_not_fit_is_not_asked() {
        let twice = [wanted("dev", "aws@example.com"), wanted("prod", "AWS@example.com")];
        let before = Before::Play(Box::new(Preflight::of(&known(&twice))));
        assert_eq!(confirmed(&before, false, "yes"), (1, 0));
        assert_eq!(confirmed(&before, true, "yes"), (1, 0));
    }
}
