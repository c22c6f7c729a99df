//! Taking away what was not named: through faults and crashes.

use super::world::{World, secrets, start};
use crate::estate::Iam;
use crate::sandbox::faults::{Kind, Rule};
use crate::sandbox::{Sandbox, Settings};
use crate::step::{Answers, Engine, Journal, RunStatus};
use crate::time::Time;
use serde_json::{Value, json};

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/// An AWS with a user, a group and a role that hold more than is named below; its faults strike only afterwards, since nothing else is
/// taken away.
fn prepared(settings: Settings) -> Sandbox {
    let world = World::new(settings);
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}]});
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]});
    let held = json!({"managed": [READ_ONLY], "inline": {"Old": policy, "kept": policy}});
    for (primitive, name, more) in [
        ("create_group", "staff", json!({})),
        ("create_user", "ana", json!({"groups": ["staff"]})),
        ("create_role", "auditor", json!({"trust": trust})),
    ] {
        let mut arguments = json!({"name": name});
        for fields in [&held, &more] {
            arguments.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        }
        world.org(primitive, arguments).unwrap();
    }
    world.sandbox
}

fn arguments(kind: &str, name: &str) -> Value {
    json!({"kind": kind, "name": name, "named": {"managed": [], "inline": ["kept"], "memberships": []}})
}

const ALL: [(&str, &str); 3] = [("group", "staff"), ("user", "ana"), ("role", "auditor")];

fn assert_taken_away(sandbox: &Sandbox, what: &str) {
    let iam: &Iam = &sandbox.estate().accounts[&sandbox.management_account()].iam;
    let (group, user, role) = (&iam.groups["staff"], &iam.users["ana"], &iam.roles["auditor"]);
    for (attached, inline) in [(&group.attached, &group.inline), (&user.attached, &user.inline), (&role.attached, &role.inline)] {
        assert_eq!((attached.len(), inline.keys().map(String::as_str).collect::<Vec<_>>()), (0, vec!["kept"]), "{what}");
    }
    assert!(user.groups.is_empty(), "{what}");
}

fn process(sandbox: &Sandbox, journal: &Journal, time: Time) -> Option<World> {
    let known = journal.find(None).ok();
    World::over(sandbox.clone(), journal.clone(), &secrets(), time, |ports| match known {
        Some(run) => Engine::resume(ports, &run.id, start(), Answers::new()),
        None => Engine::play(ports, start(), true),
    })
    .ok()
}

#[test]
fn no_fault_leaves_anything_or_asks() {
    let calls = [
        "DetachUserPolicy",
        "DetachGroupPolicy",
        "DetachRolePolicy",
        "DeleteUserPolicy",
        "DeleteGroupPolicy",
        "DeleteRolePolicy",
        "RemoveUserFromGroup",
    ];
    for operation in calls {
        for kind in [Kind::LostReply, Kind::DropRequest, Kind::ErrorAfter { status: 500 }, Kind::Throttle, Kind::Duplicate] {
            let rule = Rule { operation: operation.into(), nth: Some(1), kind: kind.clone() };
            let sandbox = prepared(Settings { faults: vec![rule], ..Settings::default() });
            let world = process(&sandbox, &Journal::in_memory("sandbox/test").unwrap(), Time::simulated(7)).unwrap();
            for (kind, name) in ALL {
                world.org("exclusive", arguments(kind, name)).unwrap();
            }
            assert_taken_away(&sandbox, &format!("{operation} {kind:?}"));
            let sent = world.changes();
            assert!(calls.iter().all(|call| sent.iter().any(|sent| sent == call)), "{sent:?}");
        }
    }
}

#[test]
fn killed_at_any_event_and_resumed_it_is_taken_away_once() {
    let mut killed = 0;
    for event in 0..30 {
        let sandbox = prepared(Settings::default());
        let journal = Journal::in_memory("sandbox/test").unwrap();
        let time = Time::simulated(7);
        time.crash_at(event);
        let first = process(&sandbox, &journal, time.clone());
        let whole = first.is_some_and(|world| ALL.iter().all(|(kind, name)| world.crashing("exclusive", arguments(kind, name))));
        killed += u32::from(!whole);
        // What was taken away already would be refused a second time.
        let later = Time::simulated_from(8, time.now() + jiff::SignedDuration::from_secs(60));
        let second = process(&sandbox, &journal, later).unwrap();
        for (kind, name) in ALL {
            second.org("exclusive", arguments(kind, name)).unwrap();
        }
        assert_eq!(second.engine.finish(None).unwrap().status, RunStatus::Done, "killed at {event}");
        assert_taken_away(&sandbox, &format!("killed at {event}"));
    }
    assert!((15..30).contains(&killed), "killed {killed} times");
}
