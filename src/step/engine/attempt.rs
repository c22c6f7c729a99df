//! The doors back into the engine while one change is under way.

use super::core::Inner;
use super::error::StepError;
use crate::event::AccountLabel;
use crate::step::failure::Failure;
use crate::step::journal::Entry;
use crate::step::key::StepKey;
use crate::step::operation::{Attempt, BoxFuture};
use crate::step::waiting::stopped;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The longest tag value AWS takes.
const TAG_VALUE: usize = 256;

pub(super) struct Door<'e> {
    pub(super) inner: &'e Inner,
    pub(super) key: &'e StepKey,
    pub(super) account: &'e AccountLabel,
    pub(super) number: u32,
    pub(super) state: Mutex<DoorState>,
}

#[derive(Default)]
pub(super) struct DoorState {
    /// Why the attempt was told to end; goes before whatever failure it then reports.
    ended: Option<StepError>,
    pub(super) handle: Option<Value>,
}

impl Door<'_> {
    /// Takes out why the attempt was told to end, and the handle it recorded.
    pub(super) fn close(self) -> (Option<StepError>, Option<Value>) {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        (state.ended, state.handle)
    }

    fn end(&self, error: StepError) -> Failure {
        let failure = Failure::fatal("stopped", error.to_string());
        self.state.lock().unwrap_or_else(PoisonError::into_inner).ended = Some(error);
        failure
    }
}

impl Attempt for Door<'_> {
    fn handle(&self, handle: Value) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move {
            let entry = Entry::Handle { key: self.key.clone(), number: self.number, handle: handle.clone() };
            self.inner.write(&entry).map_err(|error| self.end(error))?;
            self.state.lock().unwrap_or_else(PoisonError::into_inner).handle = Some(handle);
            Ok(())
        })
    }

    fn wait<'a>(&'a self, duration: Duration, reason: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { self.inner.wait(self.key, self.account, duration, reason).await.map_err(|_| stopped()) })
    }

    fn ownership(&self) -> String {
        ownership(self.inner.ports.journal.rollout(), self.key)
    }
}

/// `<rollout>/<key>` as a tag value: where that is too long or holds characters AWS refuses, they are replaced and a hash is added.
fn ownership(rollout: &str, key: &StepKey) -> String {
    let wanted = format!("{rollout}/{key}");
    let allowed = |character: char| character.is_ascii_alphanumeric() || " _.:/=+-@".contains(character);
    if wanted.len() <= TAG_VALUE && wanted.chars().all(allowed) {
        return wanted;
    }
    let hash = hex::encode(&Sha256::digest(&wanted)[..8]);
    let clean: String = wanted.chars().map(|character| if allowed(character) { character } else { '_' }).take(TAG_VALUE - 17).collect();
    format!("{clean}.{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ownership_is_always_a_tag_value() {
        let key = |identity: &str| StepKey { account: "1".into(), primitive: "create_account".into(), identity: identity.into(), id: None };
        assert_eq!(ownership("sandbox/base", &key("dev")), "sandbox/base/1/create_account:dev");
        let odd = ownership("sandbox/base", &key("dév#1"));
        assert!(odd.starts_with("sandbox/base/1/create_account:d_v_1."), "{odd}");
        let long = ownership("sandbox/base", &key(&"x".repeat(400)));
        assert_eq!(long.len(), TAG_VALUE);
        assert_ne!(long, ownership("sandbox/base", &key(&"x".repeat(401))));
    }
}
