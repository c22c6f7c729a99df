//! A play on a world of its own: a copy of the sandbox's, or one that stands for the target's AWS and reads of it what is asked for.

use super::lease;
use super::survey::at_once;
use super::target::sandbox_config;
use super::world::sandbox_settings;
use super::{Work, again, before_begun, deps, rollout, run_start, secrets};
use crate::aws::failure::is_denied;
use crate::aws::{self, Caller, Cloud, Member, OrganizationView, smithy};
use crate::error::{Error, Place};
use crate::estate::{Account, AccountState, Estate, Iam, Organization, Tags};
use crate::event::Event;
use crate::host;
use crate::preflight::{Known, Preflight, Quota, Step, above};
use crate::primitive::list;
use crate::project::TargetKind;
use crate::sandbox::{ForeignAccount, Sandbox, Settings, Told, Unknown};
use crate::step::journal::Entry;
use crate::step::{Ask, Change, Engine, Failure, Freshness, Journal, Ports, StepError};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

/// AWS's default of accounts in an organisation, counting the management account ("Quotas for AWS Organizations").
const DEFAULT_QUOTA: usize = 10;

/// On a target of kind `aws`, whose `cloud` is only read from.
pub(super) fn preflight(work: &Work, caller: &Caller, cloud: &Cloud) -> Result<Preflight, Error> {
    let (mut known, _) = read(work, caller, cloud)?;
    let original = Original::of(cloud);
    let attached = work.time.block_on(attached(&original, above(&known).into_keys()));
    known.attached = attached.map_err(|stop| StepError::Stopped(stop).to_error())?;
    original.untroubled()?;
    let mut preflight = Preflight::of(&known);
    if lease::is_wanted(work) && !preflight.changes.is_empty() {
        preflight.notes.push(lease::NOTE.to_owned());
    }
    Ok(preflight)
}

/// A world that stands for the target's AWS and knows of it what the playbook asks for. That is only read, now.
pub(super) fn copy_of_aws(work: &Work, caller: &Caller, cloud: &Cloud) -> Result<Sandbox, Error> {
    let (_, told) = read(work, caller, cloud)?;
    let copy = Sandbox::standing_for(settings(work, caller), &caller.account)?;
    for (unknown, told) in told {
        copy.tell(unknown, told);
    }
    Ok(copy)
}

pub(super) fn settings(work: &Work, caller: &Caller) -> Settings {
    Settings {
        partition: caller.partition.clone(),
        // AWS tells it with the organisation, if there is one.
        management_email: "management@account.invalid".to_owned(),
        account_quota: usize::MAX,
        accounts: further_accounts(work, &caller.account),
        ..Settings::default()
    }
}

/// Plays on a copy of AWS; gives what is known then, and what was read for it.
fn read(work: &Work, caller: &Caller, cloud: &Cloud) -> Result<(Known, Vec<(Unknown, Told)>), Error> {
    let copy = Sandbox::standing_for(settings(work, caller), &caller.account)?;
    let original = Original::of(cloud);
    let known = play(work, &copy, Some(&original), caller)?;
    original.untroubled()?;
    Ok((known, std::mem::take(&mut *original.told.lock().unwrap_or_else(PoisonError::into_inner))))
}

/// On a copy of a sandbox's world, or of the one a first run would find.
pub(super) fn preflight_of_sandbox(work: &Work) -> Result<Preflight, Error> {
    let copy = copy_of_sandbox(work, at_once(sandbox_settings(&work.target)?))?;
    let caller = Caller {
        account: copy.management_account(),
        arn: "the sandbox's administrator".to_owned(),
        user_id: String::new(),
        partition: String::new(),
        name: String::new(),
    };
    Ok(Preflight::of(&play(work, &copy, None, &caller)?))
}

/// A copy of the stored world, or of the one that a first run would find.
pub(super) fn copy_of_sandbox(work: &Work, settings: Settings) -> Result<Sandbox, Error> {
    let world = work.project.state().world(&work.target.name);
    if world.exists() { Sandbox::copy(settings, &world) } else { Sandbox::fresh_copy(settings) }
}

/// The further accounts of the target, of which one may be its own by another name. Their addresses are not known; no playbook can want
/// these.
fn further_accounts(work: &Work, own: &str) -> Vec<ForeignAccount> {
    let accounts = work.target.accounts.iter().filter_map(|(name, account)| Some((name, account.account_id.clone()?)));
    accounts
        .filter(|(_, id)| id != own)
        .map(|(name, id)| ForeignAccount { email: format!("{id}@account.invalid"), id: Some(id), name: name.clone() })
        .collect()
}

fn play(work: &Work, copy: &Sandbox, original: Option<&Original>, caller: &Caller) -> Result<Known, Error> {
    let Work { target, time, .. } = work;
    let mut config = sandbox_config(copy, target, http(work, copy, original), time)?;
    config.access_role.clone_from(&target.role);
    config.secrets = secrets::of_copy(work);
    let cloud = Cloud::new(config);
    let places: Arc<Mutex<BTreeMap<String, Place>>> = Arc::default();
    let finished = Arc::clone(&places);
    let journal = Journal::in_memory(&rollout(work))?;
    let ports = Ports {
        time: time.clone(),
        journal: journal.clone(),
        sink: Arc::new(move |event| {
            if let Event::StepFinished { key, place: Some(place), .. } = event {
                finished.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), place.clone());
            }
        }),
        ask: Arc::new(TakeAway),
        ready: Arc::new(|_| Ok(())),
        catalog: Arc::new(list::Catalog::new(cloud.clone())),
        resume: Arc::new(|_, _| None),
        lease: None,
    };
    let engine = Engine::play(ports, run_start(work, &caller.account), false)?;
    cloud.begin(engine.run());
    let errors = host::play_through(&work.playbook, deps(work, engine.clone(), cloud));
    engine.finish(errors.first().map(|error| error.kind))?;
    let quota = match &target.kind {
        TargetKind::Sandbox(sandbox) => sandbox.account_quota,
        TargetKind::Aws(aws) => aws.account_quota,
    };
    let places = places.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Known {
        playbook: work.playbook_name.clone(),
        target: target.name.clone(),
        account: caller.account.clone(),
        caller: caller.arn.clone(),
        least_time: |accounts| aws::least_time("organizations:CreateAccount", accounts),
        quota: Quota { accounts: quota.unwrap_or(DEFAULT_QUOTA), written: quota.is_some() || original.is_none() },
        attached: Ok(attached_in(&copy.estate())),
        estate: copy.estate(),
        there: copy.there(),
        whole: original.is_none(),
        steps: steps(&journal, engine.run(), &places)?,
        errors,
    })
}

/// Names of the service control policies on these; why they cannot be seen, if the caller may not.
async fn attached(original: &Original, targets: impl Iterator<Item = String>) -> Result<BTreeMap<String, Vec<String>>, String> {
    let (cloud, mut attached) = (&original.cloud, BTreeMap::new());
    for target in targets {
        let read = || async {
            match cloud.policies_on(&cloud.own_session().await?, &target).await {
                Err(failure) if is_denied(&failure.code) => Ok(Err(failure.message)),
                read => read.map(Ok),
            }
        };
        let policies = original.read(read).await.unwrap_or(Ok(Vec::new()))?;
        attached.insert(target, policies);
    }
    Ok(attached)
}

/// The same of a world that is there as a whole.
fn attached_in(estate: &Estate) -> BTreeMap<String, Vec<String>> {
    let Some(organization) = &estate.organization else { return BTreeMap::new() };
    let name = |id: &String| organization.policies.get(id).map_or(id, |policy| &policy.name).clone();
    organization.attachments.iter().map(|(target, policies)| (target.clone(), policies.iter().map(name).collect())).collect()
}

/// The steps as they are written down, each at its place with the text of the line, which a journal does not keep.
fn steps(journal: &Journal, run: &str, places: &BTreeMap<String, Place>) -> Result<Vec<Step>, Error> {
    let (mut changes, mut caught) = (BTreeMap::<String, Vec<Change>>::new(), BTreeSet::new());
    for record in journal.entries(run)? {
        match record.entry {
            Entry::Intent(intent) => changes.entry(intent.key.to_string()).or_default().push(intent.change),
            Entry::Caught { key } => drop(caught.insert(key.to_string())),
            _ => {}
        }
    }
    let step = |mut end: crate::step::journal::StepEnd| {
        let key = end.key.to_string();
        if let Some(place) = places.get(&key) {
            end.place = place.clone();
        }
        Step { end, changes: changes.remove(&key).unwrap_or_default(), caught: caught.contains(&key) }
    };
    Ok(journal.view(run)?.ends.into_iter().map(step).collect())
}

/// What is taken away on a copy is shown, not asked.
pub(super) struct TakeAway;

impl Ask for TakeAway {
    fn confirm(&self, _: &str) -> bool {
        true
    }

    fn decide(&self, _: &str) -> bool {
        false
    }
}

/// The copy as the SDK's HTTP client, which is told of the original before it answers.
fn http(work: &Work, copy: &Sandbox, original: Option<&Original>) -> smithy::Http {
    let (copy, original, clock) = (copy.clone(), original.cloned(), work.time.clone());
    smithy::in_process(Arc::new(move |request| {
        let (copy, original, clock) = (copy.clone(), original.clone(), clock.clone());
        Box::pin(async move {
            if let Some(original) = original {
                while let Some(unknown) = copy.unknown(&request) {
                    let told = original.look(&unknown).await;
                    original.told.lock().unwrap_or_else(PoisonError::into_inner).push((unknown.clone(), told.clone()));
                    copy.tell(unknown, told);
                }
            }
            copy.handle(request, clock.now())
        })
    }))
}

/// The AWS that a copy stands for. It is only read, and what was read is there for the play that follows.
#[derive(Clone)]
struct Original {
    cloud: Cloud,
    /// What was read of it, in order.
    told: Arc<Mutex<Vec<(Unknown, Told)>>>,
    /// The first failure to read.
    trouble: Arc<Mutex<Option<Failure>>>,
}

impl Original {
    fn of(cloud: &Cloud) -> Original {
        Original { cloud: cloud.clone(), told: Arc::default(), trouble: Arc::default() }
    }

    /// Fails as the first reading failed.
    fn untroubled(&self) -> Result<(), Error> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), |failure| Err(before_begun(failure)))
    }

    /// What there is of it; nothing when it cannot be read.
    async fn look(&self, unknown: &Unknown) -> Told {
        let cloud = &self.cloud;
        match unknown {
            Unknown::Organization => Told::Organization(self.read(|| organization(cloud)).await.flatten()),
            Unknown::Units(parent) => {
                let read = || async { cloud.units_below(&cloud.own_session().await?, parent, Freshness::Snapshot).await };
                let units = self.read(read).await.unwrap_or_default();
                Told::Units(units.into_iter().map(|unit| (unit.id, unit.name)).collect())
            }
            Unknown::Parent(account) => {
                let read = || async { cloud.parent_of(&cloud.own_session().await?, account, Freshness::Snapshot).await };
                Told::Parent(self.read(read).await.unwrap_or_default())
            }
            Unknown::Tags(account) => {
                let read = || async { cloud.tags_of(&cloud.own_session().await?, account, Freshness::Snapshot).await };
                Told::Tags(self.read(read).await.unwrap_or_default())
            }
        }
    }

    /// Reads, again if need be. A unit that is not there is nothing to know.
    async fn read<T, F: Future<Output = Result<T, Failure>>>(&self, read: impl Fn() -> F) -> Option<T> {
        match again(self.cloud.time(), read).await {
            Ok(value) => Some(value),
            Err(failure) => {
                if failure.code != "ParentNotFoundException" {
                    self.trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
                }
                None
            }
        }
    }
}

pub(super) async fn organization(cloud: &Cloud) -> Result<Option<(Organization, Vec<Account>)>, Failure> {
    let look = |view: Option<&mut OrganizationView>| {
        view.map(|view| {
            let organization = Organization {
                id: view.id.clone(),
                management: view.management.clone(),
                root: view.root.clone(),
                units: BTreeMap::new(),
                policies: BTreeMap::new(),
                attachments: BTreeMap::new(),
                tags: BTreeMap::new(),
            };
            (organization, view.accounts.values().map(account).collect())
        })
    };
    cloud.with_organization(&cloud.own_session().await?, Freshness::Snapshot, look).await
}

fn account(member: &Member) -> Account {
    Account {
        id: member.id.clone(),
        name: member.name.clone(),
        email: member.email.clone(),
        // A state that is not known yet is none in which an account cannot be used.
        state: serde_json::from_value(json!(member.state)).unwrap_or(AccountState::Active),
        parent: None,
        tags: Tags::new(),
        iam: Iam::default(),
    }
}
