//! Questions to a person at a terminal: on stderr, answered on stdin.

use crate::error::{Error, Kind};
use crate::project::{Target, TargetKind};
use crate::report::{Reporter, plain, plain_lines, print_error};
use crate::step::Ask;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// Makes sure that a target of kind `aws` is pinned, and that whoever plays on it can say yes. What cannot be asked is refused here,
/// before any work. `ask` shows a question and gives the line typed.
pub(super) fn pinned(
    mut target: Target,
    yes: bool,
    interactive: bool,
    ask: &mut dyn FnMut(&str) -> Result<String, Error>,
) -> Result<Target, Error> {
    let TargetKind::Aws(aws) = &mut target.kind else { return Ok(target) };
    let name = &target.name;
    if aws.account_id.is_none() && !interactive {
        return Err(Error::usage(
            "not-pinned",
            format!("the target `{name}` has no `account_id`, and nobody can be asked for it (no terminal, or `--no-input`)"),
        )
        .hint(format!("add account_id = \"…\" to [targets.{name}] in runner.toml")));
    }
    if !yes && !interactive {
        return Err(Error::usage(
            "not-confirmed",
            format!("playing on the AWS target `{name}` needs a yes, and nobody can be asked (no terminal, or `--no-input`)"),
        )
        .hint("add --yes, or set RUNNER_YES=1"));
    }
    if aws.account_id.is_none() {
        let typed = ask(&format!("The target `{name}` is not pinned. Type the id of the account you mean to work in: "))?;
        if typed.len() != 12 || !typed.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Error::new(Kind::Declined, "declined", "an account id is twelve digits; nothing was done")
                .hint(format!("add account_id = \"…\" to [targets.{name}] in runner.toml to be asked no more")));
        }
        aws.account_id = Some(typed);
    }
    Ok(target)
}

/// The current code of an MFA device, or another one after the first was refused; empty when none is typed, none when nobody can be asked.
pub(super) fn token_code(serial: &str, again: bool, interactive: bool) -> Option<String> {
    let refused =
        if again { "That code was not accepted: it was mistyped, is too old or was used before. Wait for the next one.\n" } else { "" };
    let question = format!("{refused}Code of the MFA device {}: ", plain(serial));
    if interactive { ask(&question).ok() } else { None }
}

/// A question stands on the terminal, and its line is not ended.
static ASKED: AtomicBool = AtomicBool::new(false);

/// Says that all was stopped, below the question that nobody answers any more.
pub(super) fn stopped(what: &str) {
    let line = if ASKED.load(Ordering::SeqCst) { "\n" } else { "" };
    print_error(&format!("{line}{what}\n"));
}

/// Shows a question and reads the line typed, without the space around it; the end of input is an empty line.
pub(super) fn ask(question: &str) -> Result<String, Error> {
    print_error(question);
    let mut line = String::new();
    ASKED.store(true, Ordering::SeqCst);
    let read = io::stdin().read_line(&mut line);
    ASKED.store(false, Ordering::SeqCst);
    if matches!(read, Ok(0)) {
        print_error("\n");
    }
    read.map_err(|error| Error::new(Kind::Declined, "no-answer", "cannot read the answer").cause(error).hint("answer with a flag"))?;
    Ok(line.trim().to_owned())
}

/// The engine's questions during a run.
pub(super) struct Terminal {
    pub(super) reporter: Reporter,
    pub(super) interactive: bool,
    pub(super) yes: bool,
}

impl Terminal {
    fn says_yes(&self, question: &str) -> bool {
        let question = format!("{} Only `yes` means yes: ", plain_lines(question));
        self.interactive && self.reporter.suspend(|| ask(&question)).is_ok_and(|answer| answer == "yes")
    }

    /// As `token_code`, while a run goes on.
    pub(super) fn token_code(&self, serial: &str, again: bool) -> Option<String> {
        self.reporter.suspend(|| token_code(serial, again, self.interactive))
    }
}

impl Ask for Terminal {
    fn confirm(&self, question: &str) -> bool {
        self.yes || self.says_yes(question)
    }

    fn decide(&self, question: &str) -> bool {
        self.says_yes(question)
    }

    fn is_attended(&self) -> bool {
        self.interactive
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Aws;
    use std::collections::BTreeMap;

    fn aws(account_id: Option<&str>) -> Target {
        let kind = TargetKind::Aws(Aws { account_id: account_id.map(Into::into), ..Aws::default() });
        Target { name: "prod".into(), kind, role: None, params: serde_json::Map::new(), accounts: BTreeMap::new() }
    }

    /// The pin it ends with, or the code of the error; and the questions asked.
    fn asked(target: Target, yes: bool, interactive: bool, answers: &[&str]) -> (Result<Option<String>, String>, usize) {
        let mut asked = 0;
        let mut ask = |_: &str| {
            asked += 1;
            Ok((*answers.get(asked - 1).unwrap_or(&"")).to_owned())
        };
        let result = pinned(target, yes, interactive, &mut ask).map_err(|error| error.code.into_owned()).map(|target| match target.kind {
            TargetKind::Aws(aws) => aws.account_id,
            TargetKind::Sandbox(_) => None,
        });
        (result, asked)
    }

    #[test]
    fn aws_needs_a_pin_and_somebody_to_say_yes() {
        let pin = "123456789012";
        let pinned = || aws(Some(pin));
        let there = Ok(Some(pin.to_owned()));
        assert_eq!(asked(Target::sandbox(), false, false, &[]), (Ok(None), 0));
        assert_eq!(asked(pinned(), true, false, &[]), (there.clone(), 0));
        assert_eq!(asked(pinned(), false, false, &[]), (Err("not-confirmed".to_owned()), 0));
        assert_eq!(asked(pinned(), false, true, &[]), (there.clone(), 0));
        assert_eq!(asked(aws(None), true, false, &[]), (Err("not-pinned".to_owned()), 0));
        assert_eq!(asked(aws(None), true, true, &[pin]), (there, 1));
        assert_eq!(asked(aws(None), false, true, &["yes"]), (Err("declined".to_owned()), 1));
        assert_eq!(asked(aws(None), false, true, &[]), (Err("declined".to_owned()), 1));
    }
}
