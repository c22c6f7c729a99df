//! What the engine needs of a primitive: one call of it with its arguments bound, as an object.

use super::failure::Failure;
use super::key::StepKey;
use crate::event::AccountLabel;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a repeat of a mutating call would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A repeat is harmless (PutRolePolicy).
    Converge,
    /// The name is the identity; looking finds it (CreateRole).
    CreateNamed,
    /// A repeat does harm (CreateAccount): never sent again before the first is settled.
    CreateBlind,
    /// Takes something away (delete, detach, close, loosen).
    Destructive,
}

/// One mutating AWS call that would bring what is there closer to what is wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// AWS's name of the call: `CreateRole`.
    pub call: String,
    pub class: Class,
    /// One line for people: `trust policy: Statement[0].Principal …`; empty when the call says it all.
    pub difference: String,
    /// The primitive's own value for this change; stored with the intent, given back to `apply` and `settle`.
    pub detail: Value,
}

/// How fresh a look must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// What this run has read before, written through by its own changes, will do.
    Snapshot,
    /// Ask AWS now: something is being settled.
    Live,
}

/// What became of a change whose outcome was not recorded.
#[derive(Clone, Debug, PartialEq)]
pub enum Settled {
    /// It took effect.
    Happened,
    /// It certainly did not take effect and can no longer do so, or nothing came of it that can be used: it may be sent again.
    NotHappened,
    /// AWS took it and says no: the step failed.
    Refused(Failure),
}

/// When a call may have left: no earlier than its intent was written, no later than its attempt ended, or its process did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaving {
    pub from: jiff::Timestamp,
    pub until: jiff::Timestamp,
}

/// Given to `apply`: the doors back into the engine while one change is under way.
pub trait Attempt: Send + Sync {
    /// Makes the handle AWS gave (`car-…`) durable before anything else happens.
    fn handle(&self, handle: Value) -> BoxFuture<'_, Result<(), Failure>>;
    /// Waits, shown to the user with its reason; an error ends the attempt (the run is being stopped), its intent stays open. A wait of
    /// nothing only asks whether that is so.
    fn wait<'a>(&'a self, duration: Duration, reason: &'a str) -> BoxFuture<'a, Result<(), Failure>>;
    /// `runner:step` tag value for creations whose ownership must be provable: `<rollout>/<key>`.
    fn ownership(&self) -> String;
}

/// One call of a primitive with its arguments bound to a session.
pub trait Operation: Send + Sync {
    fn key(&self) -> &StepKey;
    /// The account worked in, for lanes and recap.
    fn account(&self) -> AccountLabel;
    /// What a person reads: `create_role allow-admin`.
    fn label(&self) -> String;
    /// Canonical arguments, defaults left out; what the input hash is made of. No secrets.
    fn input(&self) -> &Value;
    /// How the session is reached, enough to build this operation again in another process. No secrets.
    fn session(&self) -> Value;
    /// A read (`list_accounts`) has no changes; its output is journaled by occurrence and replayed.
    fn is_read(&self) -> bool;
    /// The class of the change that brings the object into being.
    fn class(&self) -> Class;
    /// For so long after a change AWS may still show what was before: until then it is looked at again.
    fn lag(&self) -> Duration;
    /// What is there now, as the primitive's own value; `Null` when it is not there.
    fn look(&self, freshness: Freshness) -> BoxFuture<'_, Result<Value, Failure>>;
    /// Says that this run has made it before and its step never came to its end: that it could be used was perhaps never seen.
    fn doubt(&self);
    /// The calls that would make it so, in order; empty means unchanged. Pure.
    fn changes(&self, found: &Value) -> Result<Vec<Change>, Failure>;
    /// Makes exactly one mutating call, and waits for its effect where AWS is asynchronous.
    fn apply<'a>(&'a self, change: &'a Change, attempt: &'a dyn Attempt) -> BoxFuture<'a, Result<(), Failure>>;
    /// Finds out what became of a change whose intent is open. `handle` is what `Attempt::handle` recorded, if it came so far.
    fn settle<'a>(
        &'a self,
        change: &'a Change,
        handle: Option<&'a Value>,
        leaving: Leaving,
        attempt: &'a dyn Attempt,
    ) -> BoxFuture<'a, Result<Settled, Failure>>;
    /// Whether `id` is what this change was to make, as a person says: an error tells the difference.
    fn adopt<'a>(&'a self, change: &'a Change, id: &'a str) -> BoxFuture<'a, Result<(), Failure>>;
    /// What the script gets, from what is there once nothing is left to change. Pure. Called with the found value of a last `look`.
    fn output(&self, found: &Value) -> Result<Value, Failure>;
}

/// Builds an operation again from what the journal holds, so that an open intent can be settled even if the script never reaches it.
pub trait Catalog: Send + Sync {
    fn rebuild(&self, primitive: &str, session: &Value, input: &Value) -> Result<std::sync::Arc<dyn Operation>, Failure>;
}
