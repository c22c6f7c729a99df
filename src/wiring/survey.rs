//! What a resume will meet: the playbook as it is now, played on a copy. Nothing of the target is called for it that the resume does not call.

use super::preview::copy_of_sandbox;
use super::target::sandbox_config;
use super::world::sandbox_settings;
use super::{Work, deps, rollout, run_start, secrets};
use crate::aws::{Caller, Cloud, smithy};
use crate::error::Error;
use crate::estate::{Account, AccountState, Iam, Organization, Tags};
use crate::host;
use crate::primitive::list;
use crate::sandbox::{Sandbox, Settings, Told, Unknown};
use crate::step::journal::StepEnd;
use crate::step::{Answers, Ask, CreatedOtherwise, Engine, Journal, Ports, RunStart, RunView, Wanted};
use crate::time::Time;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Plays on a copy what the resume of this run would play. The copy of a sandbox knows its world. That of AWS knows what the run has
/// written down, and `organization`, if that was read.
pub(super) fn wanted(
    work: &Work,
    caller: &Caller,
    organization: Option<(Organization, Vec<Account>)>,
    run: &str,
    view: &RunView,
) -> Result<Wanted, Error> {
    let copy = if work.target.is_aws() {
        let copy = Sandbox::standing_for(super::preview::settings(work, caller), &caller.account)?;
        let organization = organization.unwrap_or_else(|| made_up(view, caller));
        copy.tell(Unknown::Organization, Told::Organization(Some(organization)));
        copy
    } else {
        copy_of_sandbox(work, at_once(sandbox_settings(&work.target)?))?
    };
    // Nobody waits for what only a copy waits for.
    played(work, &copy, &Time::simulated_from(1, work.time.now()), run, view)
}

/// Nothing takes its time, and nothing is too much.
pub(super) fn at_once(settings: Settings) -> Settings {
    Settings { account_quota: usize::MAX, throttle: false, creation: Duration::ZERO, iam_lag: Duration::ZERO, ..settings }
}

pub(super) fn played(work: &Work, copy: &Sandbox, time: &Time, run: &str, view: &RunView) -> Result<Wanted, Error> {
    let (answering, clock, known) = (copy.clone(), time.clone(), Arc::new(view.clone()));
    let http = smithy::in_process(Arc::new(move |request| {
        while let Some(unknown) = answering.unknown(&request) {
            let root = answering.estate().organization.map(|organization| organization.root).unwrap_or_default();
            let told = told(&known, &root, &unknown);
            answering.tell(unknown, told);
        }
        let reply = answering.handle(request, clock.now());
        Box::pin(async move { reply })
    }));
    let mut config = sandbox_config(copy, &work.target, http, time)?;
    config.access_role.clone_from(&work.target.role);
    config.secrets = secrets::of_copy(work);
    let cloud = Cloud::new(config);
    let journal = Journal::in_memory(&rollout(work))?;
    let ports = Ports {
        time: time.clone(),
        journal: journal.clone(),
        sink: Arc::new(|_| {}),
        ask: Arc::new(super::preview::TakeAway),
        catalog: Arc::new(list::Catalog::new(cloud.clone())),
        ready: Arc::new(|_| Ok(())),
        lease: None,
        resume: Arc::new(|_, _| None),
    };
    let start = RunStart { selection: view.start.selection.clone(), ..run_start(work, &view.start.account) };
    let engine = Engine::survey(ports, start, run, view.clone())?;
    cloud.begin(engine.run());
    let deps = host::Deps { time: time.clone(), ..deps(work, engine.clone(), cloud) };
    let error = host::play(&work.playbook, deps).err();
    Ok(Wanted {
        steps: journal.view(engine.run())?.ends,
        reached: engine.reached().into_iter().collect(),
        ended_by: error.map(|error| format!("{} ({})", error.message, error.code)),
    })
}

/// Asks about what this run has created with other arguments than the playbook has now. Where nobody is there to be asked, nothing is answered.
pub(super) fn answered(steps: &[CreatedOtherwise], ask: &dyn Ask) -> Answers {
    let asked = |step: &CreatedOtherwise| {
        let CreatedOtherwise { key, label, account, difference } = step;
        let question =
            format!("`{label}` in `{account}` was created by this run, and the playbook has other arguments now ({difference}).");
        (key.clone(), ask.decide(&format!("{question} Go on with these?")))
    };
    if ask.is_attended() { steps.iter().map(asked).collect() } else { Answers::new() }
}

/// What the run has written down of something that only AWS knows.
fn told(view: &RunView, root: &str, unknown: &Unknown) -> Told {
    let made = |primitive: &'static str| view.ends.iter().filter(move |end| end.key.primitive == primitive && !end.output.is_null());
    match unknown {
        Unknown::Organization => Told::Organization(None),
        Unknown::Units(parent) => {
            let below = |end: &&StepEnd| end.input["parent"].as_str().unwrap_or(root) == parent;
            let unit = |end: &StepEnd| Some((end.output["id"].as_str()?.to_owned(), end.output["name"].as_str()?.to_owned()));
            Told::Units(made("create_organizational_unit").filter(below).filter_map(unit).collect())
        }
        Unknown::Parent(account) => {
            let end = made("create_account").find(|end| end.output["id"] == account.as_str());
            Told::Parent(end.and_then(|end| end.input["ou"].as_str()).unwrap_or(root).to_owned())
        }
        Unknown::Tags(_) => Told::Tags(Tags::new()),
    }
}

/// An organisation with the accounts that the run knows: it stands for one that the playbook takes as it is.
fn made_up(view: &RunView, caller: &Caller) -> (Organization, Vec<Account>) {
    let account = |id: &str, name: &str, email: &str| Account {
        id: id.to_owned(),
        name: name.to_owned(),
        email: email.to_owned(),
        state: AccountState::Active,
        parent: None,
        tags: Tags::new(),
        iam: Iam::default(),
    };
    let made = view.ends.iter().filter(|end| end.key.primitive == "create_account");
    let members = made.filter_map(|end| {
        let text = |field: &str| end.output[field].as_str();
        Some(account(text("id")?, text("name")?, text("email")?))
    });
    let management = account(&caller.account, "management", "management@account.invalid");
    let organization = Organization {
        id: "o-copy".to_owned(),
        management: caller.account.clone(),
        root: "r-copy".to_owned(),
        units: BTreeMap::new(),
        policies: BTreeMap::new(),
        attachments: BTreeMap::new(),
        tags: BTreeMap::new(),
    };
    (organization, std::iter::once(management).chain(members).collect())
}

#[cfg(test)]
mod tests;
