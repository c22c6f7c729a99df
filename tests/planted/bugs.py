"""Thirty bugs a runner of this kind could have: where the code says one thing, and what it says with the bug in it."""

from typing import NamedTuple


class Bug(NamedTuple):
    name: str
    file: str
    # stands once in the file
    find: str
    plant: str
    # the same again
    more: tuple[tuple[str, str], ...] = ()


STEP, ENGINE, JOURNAL = "src/step/", "src/step/engine/", "src/step/journal/"
ACCOUNT = "src/primitive/create_account"
UNKNOWN_LOST = '''Failure::new(FailureClass::Unknown, "reply-lost"'''
UNKNOWN_LATE = '''Failure::new(FailureClass::Unknown, "timeout"'''

BUGS = [
    # The journal and the disk
    Bug("skip-a-sync", JOURNAL + "store.rs", '"synchronous", "FULL"', '"synchronous", "OFF"'),
    Bug("no-write-ahead-log", JOURNAL + "store.rs", '"journal_mode", "WAL"', '"journal_mode", "OFF"'),
    Bug(
        "go-on-after-a-failed-write",
        JOURNAL + "store.rs",
        "Some(Err(error)) => Err(WriteError::Failed(error.clone())),",
        "Some(Err(_)) => Ok(()),",
    ),
    Bug("altered-rows-pass", JOURNAL + "store.rs", "if hash != stored {", "if false {"),
    Bug("a-lost-tail-of-rows-passes", JOURNAL + "store.rs", "if head == last {", "if head.0 >= last.0 {"),
    Bug("the-time-is-not-in-the-chain", JOURNAL + "chain.rs", "[&self.run, &self.at, &self.kind, &self.body]", "[&self.run, &self.kind, &self.body]"),
    # Intent, call, outcome
    Bug(
        "intent-after-the-call",
        ENGINE + "change.rs",
        "        self.inner.write(&Entry::Intent(intent))?;\n        Ok(OpenChange {",
        "        drop(intent);\n        Ok(OpenChange {",
        more=(
            (
                "            let result = self.operation.apply(&open.change, &door).await;",
                "            let result = self.operation.apply(&open.change, &door).await;\n"
                "            if retry.told().is_none() {\n"
                "                self.inner.write(&Entry::Intent(Intent { key: self.key.clone(), number: open.number, label: open.label.clone(),\n"
                "                    account: open.account.clone(), input_hash: self.hash.clone(), input: open.input.clone(),\n"
                "                    session: open.session.clone(), change: open.change.clone() }))?;\n"
                "            }",
            ),
        ),
    ),
    Bug(
        "outcome-before-the-call",
        ENGINE + "change.rs",
        "            let Err(failure) = self.apply(&mut open, &mut retry).await? else {\n                self.outcome(Outcome::Ok)?;",
        "            self.outcome(Outcome::Ok)?;\n            let Err(failure) = self.apply(&mut open, &mut retry).await? else {",
    ),
    Bug(
        "the-handle-is-not-written",
        ENGINE + "attempt.rs",
        "            self.inner.write(&entry).map_err(|error| self.end(error))?;",
        "            let _ = entry;",
    ),
    Bug("unknown-is-failed", ENGINE + "change.rs", "if failure.class != FailureClass::Unknown && !under_way {", "if true {"),
    Bug(
        "a-stop-does-not-stop-changes",
        ENGINE + "core.rs",
        "if self.drain.has_begun() { Err(Stop::Cancel) } else { self.ports.time.alive() }",
        "self.ports.time.alive()",
    ),
    # What a failure means
    Bug("the-sdk-retries", "src/aws/smithy.rs", "RetryConfig::disabled()", "RetryConfig::standard().with_initial_backoff(std::time::Duration::from_millis(1))"),
    Bug("a-lost-reply-is-sent-again", "src/aws/failure.rs", UNKNOWN_LOST, UNKNOWN_LOST.replace("Unknown", "Retry { throttled: false }")),
    Bug("a-late-reply-is-sent-again", "src/aws/failure.rs", UNKNOWN_LATE, UNKNOWN_LATE.replace("Unknown", "Retry { throttled: false }")),
    Bug(
        "a-500-is-sent-again",
        "src/aws/failure.rs",
        'if status >= 500 || code.starts_with("RequestTimeout") {\n        return FailureClass::Unknown;',
        'if status >= 500 || code.starts_with("RequestTimeout") {\n        return FailureClass::Retry { throttled: false };',
    ),
    Bug("a-throttle-is-fatal", "src/aws/failure.rs", '    "TooManyRequestsException",\n', ""),
    # Settling
    Bug("a-resume-settles-nothing", ENGINE + "start.rs", "before.settle_all(|_| true)?", "before.settle_all(|_| false)?"),
    Bug(
        "absence-is-believed-at-once",
        ACCOUNT + "_settle.rs",
        "    if let Some(settled) = search(session, args, unknown, Look::First).await? {\n        return Ok(settled);\n    }",
        "    if let Some(settled) = search(session, args, unknown, Look::First).await? {\n        return Ok(settled);\n    }\n"
        "    if true {\n        return Ok(Settled::NotHappened);\n    }",
    ),
    Bug(
        "absence-is-believed-at-once-of-the-others",
        "src/primitive/contract.rs",
        'unknown.attempt.wait(unknown.until_second_look(session), "looking once more, to be sure it did not happen").await?;',
        "if true {\n                return Ok(Settled::NotHappened);\n            }",
    ),
    Bug(
        "settled-from-what-was-read-before",
        ACCOUNT + "_owner.rs",
        "view.map_or(Ok(None), |view| holder(view, &args.email));\n    session.cloud().with_organization(session, Freshness::Live, find)",
        "view.map_or(Ok(None), |view| holder(view, &args.email));\n    session.cloud().with_organization(session, Freshness::Snapshot, find)",
    ),
    Bug(
        "adopt-by-name",
        ACCOUNT + "_owner.rs",
        "match view.with_email(email).as_slice() {\n        [] => Ok(None),",
        "match view.with_email(email).as_slice() {\n        [] => Ok(view.accounts.values().find(|member| email.contains(&format!(\"+{}@\", member.name))).cloned()),",
    ),
    Bug(
        "whoever-made-it-it-is-ours",
        ACCOUNT + "_owner.rs",
        "Ok(tags.get(OWNERSHIP_TAG).is_some_and(|owner| owner == ownership))",
        "Ok(tags.len() < usize::MAX || ownership.is_empty())",
    ),
    Bug(
        "a-taken-address-is-failed-unlooked",
        ACCOUNT + "_settle.rs",
        "    let mut found = holder_now(session, args).await?;\n    if found.is_none() && matches!(reason,",
        "    let mut found: Option<crate::aws::Member> = None;\n    if false && matches!(reason,",
    ),
    # Deciding and replaying
    Bug("replay-whatever-is-asked", STEP + "decide.rs", "(Some(finished), _) if finished.input_hash == input_hash =>", "(Some(finished), _) =>"),
    Bug("failures-are-replayed", JOURNAL + "fold.rs", "Status::Failed | Status::Paused => step.finished = None,", "Status::Failed | Status::Paused => step.finished = Some(Finished { input_hash: end.input_hash.clone(), output: end.output.clone() }),"),
    Bug("created-is-forgotten", JOURNAL + "fold.rs", "                step.created = input;", "                step.created = None;"),
    Bug("names-that-differ-in-case-are-two", "src/primitive/contract.rs", "if P::CASE_FOLDED { identity.to_lowercase() } else { identity }", "identity"),
    # Waiting, and one at a time
    Bug("no-lock", STEP + "lock.rs", "Err(TryLockError::WouldBlock) => return Err(locked(target, &mut file, time)),", "Err(TryLockError::WouldBlock) => {}"),
    Bug("six-at-a-time", "src/aws/creations.rs", "const SLOTS: usize = 5;", "const SLOTS: usize = 50;"),
    Bug("one-good-probe-is-enough", ACCOUNT + "_usable.rs", "while !cloud.newborns().is_proved(&role) {", "while false {"),
]
