//! A small organisation, played with the process killed at every event of its journal, and with every change met by every fault.

use super::world::{World, secrets, start};
use crate::aws::{Secrets, Session};
use crate::proof::stride;
use crate::sandbox::faults::{Kind, Rule};
use crate::sandbox::{Sandbox, Settings};
use crate::step::schedule::{Branch, Slots, parallel};
use crate::step::{Answers, Engine, Journal, RunStatus, StepError};
use crate::time::{Stop, Time};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

type Played = Result<(), StepError>;

/// What outlives a process.
struct Machine {
    sandbox: Sandbox,
    journal: Journal,
    secrets: Arc<dyn Secrets>,
    now: jiff::Timestamp,
    /// CreateAccount calls of all processes so far.
    creations: usize,
}

fn settings() -> Settings {
    Settings { creation: Duration::from_secs(2), iam_lag: Duration::from_secs(4), ..Settings::default() }
}

fn allow(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
}

impl Machine {
    fn new(settings: Settings) -> Machine {
        let now = Time::simulated(0).now();
        let sandbox = Sandbox::open(settings, None).expect("a sandbox");
        Machine { sandbox, journal: Journal::in_memory("sandbox/test").expect("a journal"), secrets: secrets(), now, creations: 0 }
    }

    /// One process: begins the run or goes on with it, and plays; killed at an event of its journal if one is given.
    fn process(&mut self, seed: u64, crash: Option<u64>, script: fn(&World) -> Played) -> Option<World> {
        let time = Time::simulated_from(seed, self.now);
        if let Some(event) = crash {
            time.crash_at(event);
        }
        let known = self.journal.find(None).ok();
        let world = World::over(self.sandbox.clone(), self.journal.clone(), &self.secrets, time.clone(), |ports| match known {
            Some(run) => Engine::resume(ports, &run.id, start(), Answers::new()),
            None => Engine::play(ports, start(), false),
        });
        let whole = world.ok().filter(|world| match script(world) {
            Ok(()) => world.engine.finish(None).is_ok_and(|recap| recap.status == RunStatus::Done),
            Err(StepError::Stopped(Stop::Crash)) => false,
            Err(error) => panic!("{error:?}"),
        });
        if let Some(world) = &whole {
            self.creations += world.calls().iter().filter(|call| *call == "CreateAccount").count();
        }
        self.now = time.now() + jiff::SignedDuration::from_secs(60);
        whole
    }

    fn estate(&self) -> Value {
        json!(self.sandbox.estate())
    }

    fn events(&self) -> u64 {
        let run = self.journal.find(None).expect("a run");
        self.journal.entries(&run.id).expect("entries").len() as u64
    }
}

fn side_by_side<'a>(world: &World, work: Vec<Box<dyn FnOnce() -> Played + Send + 'a>>) -> Played {
    let branches = work.into_iter().zip('a'..).map(|(run, label)| Branch { label: label.into(), run }).collect();
    parallel(&world.time, &Slots::new(8), branches)
        .into_iter()
        .try_for_each(|result| result.unwrap_or(Err(StepError::Stopped(Stop::Crash))))
}

/// A session in the management account; a stopped clock is how a crash shows.
fn management(world: &World) -> Result<Session, StepError> {
    session(world, world.cloud.own_session())
}

fn session(world: &World, future: impl Future<Output = Result<Session, crate::step::Failure>>) -> Result<Session, StepError> {
    let session = world.time.block_on(future).map_err(StepError::Stopped)?;
    Ok(session.expect("a session"))
}

fn member(world: &World, org: &Session, name: &str, unit: &Value) -> Result<Session, StepError> {
    let account = json!({"name": name, "email": format!("aws+{name}@example.com"), "ou": unit, "tags": {"team": name}});
    let account = world.on(org, "create_account", account)?;
    session(world, world.cloud.account_of(&account))
}

fn role(world: &World, session: &Session, name: &str) -> Played {
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": session.account_id()}, "Action": "sts:AssumeRole"}]});
    let managed = ["arn:aws:iam::aws:policy/ReadOnlyAccess"];
    let arguments = json!({"name": name, "trust": trust, "description": "d", "managed": managed, "inline": allow("iam:ListUsers")});
    world.on(session, "create_role", arguments).map(drop)
}

fn people(world: &World, session: &Session) -> Played {
    let managed = ["arn:aws:iam::aws:policy/ReadOnlyAccess"];
    world.on(session, "create_group", json!({"name": "staff", "managed": managed, "inline": {"list": allow("iam:ListRoles")}}))?;
    world.on(session, "create_policy", json!({"name": "shared", "document": allow("iam:ListGroups")}))?;
    world.on(session, "create_user", json!({"name": "ana", "groups": ["staff"]}))?;
    world.on(session, "create_access_key", json!({"user": "ana"}))?;
    world.on(session, "create_virtual_mfa_device", json!({"name": "ana"})).map(drop)
}

fn play(world: &World) -> Played {
    let org = management(world)?;
    world.on(&org, "create_organization", json!({}))?;
    let unit = world.on(&org, "create_organizational_unit", json!({"name": "Workloads"}))?;
    let dev = || {
        let session = member(world, &org, "dev", &unit)?;
        role(world, &session, "deploy")
    };
    let prod = || {
        let session = member(world, &org, "prod", &unit)?;
        role(world, &session, "deploy")?;
        people(world, &session)
    };
    side_by_side(world, vec![Box::new(dev), Box::new(prod)])
}

/// The same, edited: a unit more before everything else, the role and the people of `prod` swapped.
fn edited(world: &World) -> Played {
    let org = management(world)?;
    world.on(&org, "create_organization", json!({}))?;
    world.on(&org, "create_organizational_unit", json!({"name": "Inserted"}))?;
    let unit = world.on(&org, "create_organizational_unit", json!({"name": "Workloads"}))?;
    let prod = || {
        let session = member(world, &org, "prod", &unit)?;
        people(world, &session)?;
        role(world, &session, "deploy")
    };
    let dev = || {
        let session = member(world, &org, "dev", &unit)?;
        role(world, &session, "deploy")
    };
    side_by_side(world, vec![Box::new(prod), Box::new(dev)])
}

/// The estate and the number of journal events when nothing goes wrong.
fn undisturbed(script: fn(&World) -> Played) -> (Value, u64) {
    let mut machine = Machine::new(settings());
    machine.process(3, None, script).expect("a whole run");
    assert_eq!(machine.creations, 2);
    (machine.estate(), machine.events())
}

#[test]
fn killed_at_any_event_and_resumed_the_estate_is_the_same() {
    let (estate, events) = undisturbed(play);
    assert!(events > 50, "{events}");
    for event in 0..events {
        let mut machine = Machine::new(settings());
        assert!(machine.process(3, Some(event), play).is_none());
        machine.process(100 + event, None, play).unwrap_or_else(|| panic!("killed at {event}: not done"));
        assert_eq!(machine.estate(), estate, "killed at {event}");
    }
}

#[test]
fn killed_edited_and_resumed_the_estate_is_that_of_the_edited_playbook() {
    let (estate, _) = undisturbed(edited);
    let (_, events) = undisturbed(play);
    for event in 0..events {
        let mut machine = Machine::new(settings());
        assert!(machine.process(3, Some(event), play).is_none());
        machine.process(100 + event, None, edited).unwrap_or_else(|| panic!("killed at {event}: not done"));
        assert_eq!(machine.estate(), estate, "killed at {event}");
    }
}

#[test]
fn proof_of_every_kill_and_every_kill_of_its_resume() {
    let (estate, events) = undisturbed(play);
    let killed = |event| {
        let mut machine = Machine::new(settings());
        assert!(machine.process(3, Some(event), play).is_none());
        machine
    };
    let mut pairs = Vec::new();
    for event in 0..events {
        let mut machine = killed(event);
        let before = if event == 0 { 0 } else { machine.events() };
        machine.process(7, None, play).unwrap_or_else(|| panic!("killed at {event}: not done"));
        pairs.extend((0..machine.events() - before).map(|again| (event, again)));
    }
    let tried = stride("killed at an event, and at one of the resume", pairs.len(), 60);
    for (event, again) in tried.iter().map(|pair| pairs[*pair]) {
        let mut machine = killed(event);
        assert!(machine.process(7, Some(again), play).is_none(), "killed at {event}: the resume did not come to {again}");
        let last = machine.process(11, None, play);
        assert!(last.is_some() && machine.estate() == estate, "killed at {event} and {again}");
    }
    println!("proof: in process, {} of {} pairs of kills: the same estate each time", tried.len(), pairs.len());
}

#[test]
fn every_change_survives_every_fault_without_a_question() {
    let (estate, _) = undisturbed(play);
    let changes = [
        ("CreateOrganization", 1),
        ("CreateOrganizationalUnit", 1),
        ("CreateAccount", 2),
        ("MoveAccount", 2),
        ("CreateRole", 2),
        ("AttachRolePolicy", 2),
        ("PutRolePolicy", 2),
        ("CreateGroup", 1),
        ("AttachGroupPolicy", 1),
        ("PutGroupPolicy", 1),
        ("CreatePolicy", 1),
        ("CreateUser", 1),
        ("AddUserToGroup", 1),
        ("CreateAccessKey", 1),
        ("CreateVirtualMFADevice", 1),
    ];
    let kinds = [
        Kind::LostReply,
        Kind::DropRequest,
        Kind::ErrorAfter { status: 500 },
        Kind::ErrorAfter { status: 503 },
        Kind::Throttle,
        Kind::Duplicate,
    ];
    for (operation, times) in changes {
        for nth in 1..=times {
            for kind in &kinds {
                let rule = Rule { operation: operation.into(), nth: Some(nth), kind: kind.clone() };
                let mut machine = Machine::new(Settings { faults: vec![rule], ..settings() });
                machine.process(3, None, play).unwrap_or_else(|| panic!("{kind:?} of {operation} {nth}: not done"));
                assert_eq!(machine.estate(), estate, "{kind:?} of {operation} {nth}");
            }
        }
    }
}

/// In one account, branches write while the lost replies of others have its IAM read anew: what any of them did stays known.
#[test]
fn a_live_look_loses_nothing_that_others_write() {
    fn crowd(world: &World) -> Played {
        let org = management(world)?;
        let branch = |name: &'static str| -> Box<dyn FnOnce() -> Played + Send + '_> {
            let org = org.clone();
            Box::new(move || {
                role(world, &org, name)?;
                world.on(&org, "create_group", json!({"name": name, "inline": {"list": allow("iam:ListRoles")}}))?;
                world.on(&org, "create_user", json!({"name": name, "groups": [name], "tags": {"a": name}})).map(drop)
            })
        };
        side_by_side(world, ["a", "b", "c", "d"].map(branch).into())
    }
    let mut whole = Machine::new(settings());
    whole.process(3, None, crowd).expect("a whole run");
    for seed in 0..3 {
        for operation in ["CreateRole", "AttachRolePolicy", "PutRolePolicy", "CreateGroup", "CreateUser", "AddUserToGroup"] {
            let rules = [1, 3].map(|nth| Rule { operation: operation.into(), nth: Some(nth), kind: Kind::LostReply });
            let mut machine = Machine::new(Settings { faults: rules.into(), ..settings() });
            let world = machine.process(seed, None, crowd).unwrap_or_else(|| panic!("{operation}, seed {seed}: not done"));
            assert_eq!(machine.estate(), whole.estate(), "{operation}, seed {seed}");
            // What this process now knows is what is there.
            let known = world.wait(world.management().with_iam(crate::step::Freshness::Snapshot, |iam| json!(iam))).expect("IAM");
            let there = world.wait(world.management().with_iam(crate::step::Freshness::Live, |iam| json!(iam))).expect("IAM");
            for kind in ["groups", "users"] {
                assert_eq!(known[kind], there[kind], "{operation}, seed {seed}");
            }
            for (name, role) in there["roles"].as_object().expect("roles") {
                for field in ["trust", "attached", "inline"] {
                    assert_eq!(known["roles"][name][field], role[field], "{operation}, seed {seed}, {name}");
                }
            }
        }
    }
}
