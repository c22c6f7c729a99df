//! What can go wrong with one AWS call, classified once (in `aws`) so that the engine needs no error names.

use super::key::StepKey;
use super::resolve::Resolution;
use crate::error::Place;
use serde_json::Value;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// AWS certainly did nothing; the same call may be sent again. `throttled` attempts are counted apart.
    Retry { throttled: bool },
    /// AWS certainly did nothing and is busy with something that takes its time (five creations in progress): wait, then try again.
    RetryAfter(Duration),
    /// AWS certainly did nothing, and does not know yet of something new: the same call may be sent again, for so long in all. After that
    /// it is a definite no.
    NotYet(Duration),
    /// The call may or may not have taken effect: a lost reply, a timeout, a 5xx, an answer that cannot be read.
    Unknown,
    /// A person has to decide or supply something; the step is paused with this question, independent branches go on.
    NeedsYou,
    /// A definite no.
    Fatal,
    /// The run is being stopped, and a wait was ended by it.
    Stopped,
}

/// A way on that ends in a command. The engine completes it: it knows the run, the place and the labels around the step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Say something else in the playbook (`another address`), or by its parameter, and resume.
    Change(String),
    /// Do something first (`add a way of payment in the Billing console`), and resume.
    After(String),
    /// A resume alone does it (`it will be found`).
    Again(String),
    /// Resume without the branch or scope that the step is in; nothing is offered outside of one.
    Without,
    /// Say what became of a change that no lookup can tell of (`it did not take effect`), and resume.
    Resolve(String, Resolution),
}

/// What a command does that a user is to type.
#[derive(Clone, Copy, Debug)]
pub enum Onward<'a> {
    /// Goes on with the run, perhaps without a branch or scope.
    Resume { without: Option<&'a str> },
    /// Answers the question of a step.
    Resolve { step: &'a StepKey, resolution: &'a Resolution },
}

/// What follows a definite no, where it is not the end of the step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// What AWS says is there already has to be looked at: perhaps it is what was wanted.
    Look,
    /// The same change is made in another form, of which this is the `detail`; with an intent of its own.
    Instead(Value),
}

/// `code` is AWS's error code (`EntityAlreadyExists`) or our own kebab-case word (`policy-too-long`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub class: FailureClass,
    pub code: String,
    pub message: String,
    pub request_id: Option<String>,
    /// What to do, as sentences or commands.
    pub hints: Vec<String>,
    /// What to do and then type; behind the hints.
    pub ways: Vec<Way>,
    /// AWS took the request, and has decided: it is certain that nothing took effect.
    pub refused: bool,
    pub then: Option<Then>,
}

impl Failure {
    #[must_use]
    pub fn new(class: FailureClass, code: impl Into<String>, message: impl Into<String>) -> Failure {
        Failure {
            class,
            code: code.into(),
            message: message.into(),
            request_id: None,
            hints: Vec::new(),
            ways: Vec::new(),
            refused: false,
            then: None,
        }
    }

    #[must_use]
    pub fn fatal(code: impl Into<String>, message: impl Into<String>) -> Failure {
        Failure::new(FailureClass::Fatal, code, message)
    }

    #[must_use]
    pub fn needs_you(code: impl Into<String>, message: impl Into<String>) -> Failure {
        Failure::new(FailureClass::NeedsYou, code, message)
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hints.push(hint.into());
        self
    }

    #[must_use]
    pub fn refused(mut self) -> Failure {
        self.refused = true;
        self
    }

    #[must_use]
    pub fn way(mut self, way: Way) -> Failure {
        self.ways.push(way);
        self
    }

    #[must_use]
    pub fn then(mut self, then: Then) -> Failure {
        self.then = Some(then);
        self
    }

    /// Whether a person may answer it with `runner resolve`.
    #[must_use]
    pub(super) fn is_question(&self) -> bool {
        self.ways.iter().any(|way| matches!(way, Way::Resolve(..)))
    }

    /// Turns the ways into hints: `place` is the step's where it is known, `label` the innermost around it, and `command` gives what is to
    /// be typed; none where there is no run to continue (a preflight).
    #[must_use]
    pub fn completed(
        mut self,
        step: Option<&StepKey>,
        place: Option<&Place>,
        label: Option<&str>,
        command: impl Fn(Onward<'_>) -> Option<String>,
    ) -> Failure {
        let resume = |without| command(Onward::Resume { without });
        let then = |what: String| resume(None).map_or_else(|| what.clone(), |again| format!("{what}, then: {again}"));
        for way in std::mem::take(&mut self.ways) {
            self.hints.extend(match way {
                Way::Change(what) => {
                    // The standard modules are ours; what they were given comes from the playbook.
                    let theirs = place.filter(|place| !place.file.starts_with("std/"));
                    let place = theirs.map_or_else(|| "the playbook".to_owned(), |place| format!("{}:{}", place.file, place.line));
                    let by_parameter = resume(None).map(|again| format!("   (a parameter: {again} -p NAME=VALUE)")).unwrap_or_default();
                    Some(format!("{}{by_parameter}", then(format!("{what}: change {place}"))))
                }
                Way::After(what) => Some(then(what)),
                Way::Again(what) => Some(resume(None).map_or_else(|| what.clone(), |again| format!("{what}: {again}"))),
                Way::Resolve(what, resolution) => {
                    let resolve = step.and_then(|step| command(Onward::Resolve { step, resolution: &resolution }));
                    resolve.map(|resolve| then(format!("{what}: {resolve}")))
                }
                Way::Without => label.and_then(|label| Some(format!("go on without `{label}`: {}", resume(Some(label))?))),
            });
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_on_ends_in_a_command() {
        let place = Place { file: "p.rhai".into(), line: 3, column: 1, source_line: None };
        let step = StepKey { account: "1".into(), primitive: "p".into(), identity: "i".into(), id: None };
        let command = |onward: Onward<'_>| {
            Some(match onward {
                Onward::Resume { without } => {
                    format!("runner resume 7k2q{}", without.map(|label| format!(" --without {label}")).unwrap_or_default())
                }
                Onward::Resolve { step, resolution } => format!("runner resolve {step} {resolution:?}"),
            })
        };
        let failure =
            Failure::fatal("c", "m").hint("first").way(Way::Change("another name".into())).way(Way::After("wait".into())).way(Way::Without);
        let question = Failure::fatal("c", "m").way(Way::Resolve("it did not happen".into(), Resolution::Retry));
        assert!(question.is_question() && !failure.is_question());
        let answer = "it did not happen: runner resolve 1/p:i Retry, then: runner resume 7k2q";
        assert_eq!(question.completed(Some(&step), None, None, command).hints, [answer]);
        let failure = failure.way(Way::Again("it will be found".into()));
        let told = failure.clone().completed(Some(&step), Some(&place), Some("dev"), command);
        assert_eq!(
            told.hints,
            [
                "first",
                "another name: change p.rhai:3, then: runner resume 7k2q   (a parameter: runner resume 7k2q -p NAME=VALUE)",
                "wait, then: runner resume 7k2q",
                "go on without `dev`: runner resume 7k2q --without dev",
                "it will be found: runner resume 7k2q",
            ]
        );
        assert_eq!(told.ways, []);
        assert_eq!(
            failure.clone().completed(Some(&step), Some(&place), Some("dev"), |_| None).hints,
            ["first", "another name: change p.rhai:3", "wait", "it will be found"]
        );
        let module = Place { file: "std/accounts".into(), ..place };
        assert_eq!(failure.clone().completed(Some(&step), Some(&module), None, |_| None).hints[1], "another name: change the playbook");
        assert_eq!(
            failure.completed(Some(&step), None, None, command).hints[1..],
            [
                "another name: change the playbook, then: runner resume 7k2q   (a parameter: runner resume 7k2q -p NAME=VALUE)",
                "wait, then: runner resume 7k2q",
                "it will be found: runner resume 7k2q"
            ]
        );
    }
}
