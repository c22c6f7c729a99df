//! What a playbook calls its own by creating it: at the end of a play, what else is on it is taken away (`exclusive`) or told.

use super::run::{Run, Site, internal};
use crate::aws::{Caller, Session};
use crate::error::{Error, Kind};
use crate::event::Event;
use crate::primitive::{Entity, EntityKind, Extra, Named, exclusive, is_the_runners, known, named, user_of};
use crate::step::{Call, RunStatus, StepError};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// By account, kind and name in lower case.
type Identity = (String, EntityKind, String);

#[derive(Default)]
pub(super) struct Owned {
    entities: Mutex<BTreeMap<Identity, Owner>>,
}

/// An entity, and where it was created.
struct Owner {
    session: Session,
    entity: Entity,
    site: Site,
    scope: Vec<String>,
}

impl Owned {
    pub(super) fn add(&self, session: Session, entity: Entity, site: Site, scope: Vec<String>) {
        let identity = (session.account_id().to_owned(), entity.kind, entity.name.to_lowercase());
        let mut entities = self.entities.lock().unwrap_or_else(PoisonError::into_inner);
        let exclusive = entity.exclusive;
        entities.entry(identity).or_insert(Owner { session, entity, site, scope }).entity.exclusive |= exclusive;
    }
}

/// The end of a script that ended well. Only a whole play has named all that belongs: after a failure that was caught, or without what was
/// left out, nothing is taken away and nothing is told.
pub(super) fn end(run: &Run) -> Result<(), Error> {
    let mut owners = std::mem::take(&mut *run.owned.entities.lock().unwrap_or_else(PoisonError::into_inner));
    if owners.is_empty() {
        return Ok(());
    }
    let stopped = |error: StepError| error.to_error();
    let recap = run.engine.recap(RunStatus::Running);
    if recap.total.failed + recap.total.paused + recap.total.caught > 0 || !recap.tolerated.is_empty() || !recap.left_out.is_empty() {
        if owners.values().any(|owner| owner.entity.exclusive) {
            let text = "`exclusive` takes nothing away this time: that waits for a play in which nothing fails, pauses or is left out";
            run.engine.log(text, &[]).map_err(stopped)?;
        }
        return Ok(());
    }
    let caller = run.time.block_on(run.cloud.caller()).map_err(|stop| stopped(stop.into()))?;
    let caller = caller.map_err(|failure| run.no_session(failure, None))?;
    owners.retain(|_, owner| !is_the_runners(&owner.session, &caller, &owner.entity));
    let mut all = named(&run.engine.reached());
    let owners: Vec<(Owner, Named)> = owners
        .into_iter()
        .map(|(identity, owner)| {
            let named = with_the_runner(all.remove(&identity).unwrap_or_default(), &owner, &caller);
            (owner, named)
        })
        .collect();
    let (exclusive, others): (Vec<_>, Vec<_>) = owners.into_iter().partition(|(owner, _)| owner.entity.exclusive);
    take_away(run, &exclusive)?;
    for (owner, named) in &others {
        tell(run, owner, named)?;
    }
    Ok(())
}

/// The runner does not put its own user out of a group.
fn with_the_runner(mut named: Named, owner: &Owner, caller: &Caller) -> Named {
    if let (EntityKind::Group, Some(user)) = (owner.entity.kind, user_of(&owner.session, caller)) {
        named.memberships.insert(user.to_lowercase());
    }
    named
}

/// One step for each entity. All are tried; what really failed is raised before what waits for somebody.
fn take_away(run: &Run, owners: &[(Owner, Named)]) -> Result<(), Error> {
    let mut problem: Option<Error> = None;
    for (owner, named) in owners {
        let Owner { session, entity, site, scope } = owner;
        let operation = exclusive(session, entity, named).map_err(|argument| internal(&argument.message))?;
        let call = Call { place: site.place.clone(), scope: scope.clone(), id: None };
        let Err(error) = run.engine.perform(operation, call) else { continue };
        let mut shown = error.to_error().at(site.place.clone());
        shown.trace.clone_from(&site.trace);
        if !matches!(error, StepError::Failed { .. } | StepError::Paused { .. }) {
            return Err(shown);
        }
        if problem.as_ref().is_none_or(|first| first.kind == Kind::Paused && shown.kind != Kind::Paused) {
            problem = Some(shown);
        }
    }
    problem.map_or(Ok(()), Err)
}

fn tell(run: &Run, owner: &Owner, named: &Named) -> Result<(), Error> {
    let Owner { session, entity, .. } = owner;
    let extras = run.time.block_on(known(session, entity, named)).map_err(|stop| StepError::Stopped(stop).to_error())?;
    for extra in extras {
        let (on, name) = (entity.kind.word().to_owned(), entity.name.clone());
        let account = session.account();
        run.engine.tell(&match extra {
            Extra::ManagedPolicy(value) => Event::FoundBeside { account, on, name, extra: "managed-policy", value },
            Extra::InlinePolicy(value) => Event::FoundBeside { account, on, name, extra: "inline-policy", value },
            // A membership is told the same way from either side.
            Extra::Member(group) if entity.kind == EntityKind::User => {
                Event::FoundBeside { account, on: EntityKind::Group.word().to_owned(), name: group, extra: "member", value: name }
            }
            Extra::Member(value) => Event::FoundBeside { account, on, name, extra: "member", value },
        });
    }
    Ok(())
}
