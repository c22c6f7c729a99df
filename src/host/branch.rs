//! What belongs to the branch that runs on this thread: the labels it works under, and the failures it has seen.

use crate::step::StepKey;
use std::cell::RefCell;

/// A step that failed, and the step under whose name the failure travels on (a join raises only the first of its branches).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) key: StepKey,
    pub(super) raised_as: String,
}

#[derive(Default)]
struct Branch {
    scope: Vec<String>,
    failures: Vec<Failed>,
}

thread_local! {
    static BRANCH: RefCell<Branch> = RefCell::default();
}

/// The labels of `scope` and `parallel` around the current call, outermost first.
pub(super) fn scope() -> Vec<String> {
    BRANCH.with_borrow(|branch| branch.scope.clone())
}

/// Works under one more label.
pub(super) fn labelled<T>(label: &str, work: impl FnOnce() -> T) -> T {
    BRANCH.with_borrow_mut(|branch| branch.scope.push(label.to_owned()));
    let result = work();
    BRANCH.with_borrow_mut(|branch| branch.scope.pop());
    result
}

pub(super) fn failed(failure: Failed) {
    BRANCH.with_borrow_mut(|branch| branch.failures.push(failure));
}

/// Begins a branch on its own thread.
pub(super) fn begin(scope: Vec<String>) {
    BRANCH.set(Branch { scope, failures: Vec::new() });
}

/// Ends it: splits the failures it has seen into those the script caught and those that travel on as `surfaced`.
pub(super) fn end(surfaced: Option<&str>) -> (Vec<StepKey>, Vec<Failed>) {
    let seen = BRANCH.take().failures;
    let (open, caught): (Vec<Failed>, Vec<Failed>) = seen.into_iter().partition(|failure| Some(failure.raised_as.as_str()) == surfaced);
    (caught.into_iter().map(|failure| failure.key).collect(), open)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(identity: &str) -> StepKey {
        StepKey { account: "1".to_owned(), primitive: "p".to_owned(), identity: identity.to_owned(), id: None }
    }

    #[test]
    fn a_failure_is_caught_unless_the_branch_ends_with_it() {
        begin(Vec::new());
        failed(Failed { key: key("a"), raised_as: "1/p:a".to_owned() });
        failed(Failed { key: key("b"), raised_as: "1/p:b".to_owned() });
        failed(Failed { key: key("c"), raised_as: "1/p:b".to_owned() });
        let (caught, open) = end(Some("1/p:b"));
        assert_eq!(caught, [key("a")]);
        assert_eq!(open.into_iter().map(|failure| failure.key).collect::<Vec<_>>(), [key("b"), key("c")]);
    }
}
