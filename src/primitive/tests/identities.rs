//! Roles, groups, users and policies, in the management account and in a new one.

use super::world::{World, code, fault};
use crate::sandbox::Settings;
use crate::sandbox::faults::Kind;
use serde_json::{Value, json};

fn trust(principal: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}]})
}

fn allow(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
}

fn own(world: &World) -> String {
    world.management().account_id().to_owned()
}

fn auditor(world: &World, extra: &Value) -> Value {
    let mut arguments = json!({"name": "auditor", "trust": trust(&own(world))});
    arguments.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    arguments
}

#[test]
fn a_fresh_role_has_its_policies() {
    let world = World::new(Settings::default());
    let arguments = auditor(
        &world,
        &json!({
            "description": "reads", "max_session": 7200, "tags": {"team": "a"},
            "managed": ["arn:aws:iam::aws:policy/ReadOnlyAccess"], "inline": allow("iam:ListUsers"),
        }),
    );
    let role = world.org("create_role", arguments.clone()).unwrap();
    assert_eq!(world.changes(), ["CreateRole", "AttachRolePolicy", "PutRolePolicy"]);
    assert_eq!(role["arn"], format!("arn:aws:iam::{}:role/auditor", own(&world)));
    let made = world.sandbox.estate().accounts[&own(&world)].iam.roles["auditor"].clone();
    assert_eq!((made.description.as_deref(), made.max_session), (Some("reads"), Some(7200)));
    assert!(made.attached.contains("arn:aws:iam::aws:policy/ReadOnlyAccess") && made.inline.contains_key("auditor"));
    // The second play asks for the description too, and changes nothing.
    let again = world.play();
    assert_eq!(again.org("create_role", arguments).unwrap(), role);
    let calls = again.calls();
    assert_eq!(calls.iter().filter(|call| *call == "GetAccountAuthorizationDetails").count(), 1, "{calls:?}");
    assert_eq!(calls.iter().filter(|call| *call == "GetRole").count(), 1, "{calls:?}");
    assert!(calls.iter().all(|call| call.starts_with("Get")), "{calls:?}");
}

#[test]
fn an_edited_role_changes_what_differs() {
    let world = World::new(Settings::default());
    world.org("create_role", auditor(&world, &json!({"inline": {"list": allow("iam:ListUsers")}}))).unwrap();
    let again = world.play();
    let edited = json!({
        "name": "Auditor", "trust": trust("*"), "description": "new", "tags": {"a": "1"},
        "boundary": "arn:aws:iam::aws:policy/ReadOnlyAccess", "inline": {"list": allow("iam:ListRoles")},
    });
    again.org("create_role", edited.clone()).unwrap();
    assert_eq!(again.changes(), ["UpdateAssumeRolePolicy", "UpdateRole", "PutRolePermissionsBoundary", "TagRole", "PutRolePolicy"]);
    let third = again.play();
    third.org("create_role", edited).unwrap();
    assert_eq!(third.changes(), [] as [&str; 0]);
}

#[test]
fn a_path_that_differs_is_a_definite_no() {
    let world = World::new(Settings::default());
    world.org("create_role", auditor(&world, &json!({"path": "/a/"}))).unwrap();
    assert_eq!(code(world.play().org("create_role", auditor(&world, &json!({"path": "/b/"})))), "path-differs");
}

#[test]
fn no_fault_leaves_a_change_undone_or_makes_it_twice() {
    for operation in ["CreateRole", "UpdateAssumeRolePolicy", "AttachRolePolicy", "PutRolePolicy", "CreatePolicy", "CreatePolicyVersion"] {
        for kind in [Kind::LostReply, Kind::DropRequest, Kind::ErrorAfter { status: 500 }, Kind::Throttle] {
            let world = World::new(fault(operation, 1, kind.clone()));
            let extra = json!({"managed": ["arn:aws:iam::aws:policy/ReadOnlyAccess"], "inline": {"p": allow("iam:ListUsers")}});
            world.org("create_role", auditor(&world, &extra)).unwrap();
            world.org("create_policy", json!({"name": "p", "document": allow("iam:ListUsers")})).unwrap();
            let again = world.play();
            again.org("create_role", json!({"name": "auditor", "trust": trust("*")})).unwrap();
            again.org("create_policy", json!({"name": "p", "document": allow("iam:ListRoles")})).unwrap();
            let iam = world.sandbox.estate().accounts[&own(&world)].iam.clone();
            let role = &iam.roles["auditor"];
            assert_eq!((role.attached.len(), role.inline.len()), (1, 1), "{operation} {kind:?}");
            assert_eq!(*role.trust.value(), trust("*"), "{operation} {kind:?}");
            assert_eq!(iam.policies.values().next().unwrap().versions.len(), 2, "{operation} {kind:?}");
        }
    }
}

#[test]
fn a_sixth_version_takes_the_place_of_the_oldest() {
    let mut world = World::new(Settings::default());
    for action in ["a", "b", "c", "d", "e", "f", "g"] {
        world = world.play();
        world.org("create_policy", json!({"name": "p", "document": allow(&format!("iam:{action}"))})).unwrap();
    }
    assert_eq!(world.changes(), ["DeletePolicyVersion", "CreatePolicyVersion"]);
    let iam = &world.sandbox.estate().accounts[&own(&world)].iam;
    let policy = iam.policies.values().next().unwrap();
    assert_eq!(policy.versions.keys().collect::<Vec<_>>(), ["v3", "v4", "v5", "v6", "v7"]);
    assert_eq!(policy.default_version, "v7");
    // What was in force before comes back without a new version.
    let again = world.play();
    again.org("create_policy", json!({"name": "p", "document": allow("iam:d"), "tags": {"x": "y"}})).unwrap();
    assert_eq!(again.changes(), ["SetDefaultPolicyVersion", "TagPolicy"]);
}

#[test]
fn groups_have_members_and_users_have_groups() {
    let world = World::new(Settings::default());
    let readers = world.org("create_group", json!({"name": "readers", "managed": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]})).unwrap();
    let ana = json!({"name": "ana", "groups": [readers], "tags": {"team": "a"}, "inline": {"list": allow("iam:ListUsers")}});
    let user = world.org("create_user", ana.clone()).unwrap();
    world.org("create_group", json!({"name": "writers", "inline": allow("iam:*"), "members": [user]})).unwrap();
    assert_eq!(
        world.changes(),
        [
            "CreateGroup",
            "AttachGroupPolicy",
            "CreateUser",
            "PutUserPolicy",
            "AddUserToGroup",
            "CreateGroup",
            "PutGroupPolicy",
            "AddUserToGroup"
        ]
    );
    let iam = world.sandbox.estate().accounts[&own(&world)].iam.clone();
    assert_eq!(iam.users["ana"].groups.iter().map(String::as_str).collect::<Vec<_>>(), ["readers", "writers"]);
    assert!(iam.groups["writers"].inline.contains_key("writers"));
    let again = world.play();
    again.org("create_user", ana).unwrap();
    assert_eq!(again.changes(), [] as [&str; 0]);
}

#[test]
fn a_new_account_is_worked_in_without_reading_it() {
    let world = World::organized(Settings::default());
    let dev = world.org("create_account", json!({"name": "dev", "email": "aws+dev@example.com"})).unwrap();
    world.calls();
    let session = world.wait(world.cloud.account_of(&dev)).unwrap();
    let role = world.on(&session, "create_role", auditor(&world, &json!({}))).unwrap();
    assert_eq!(world.calls(), ["CreateRole"]);
    assert_eq!(role["account"], dev["id"]);
    // Its access role is there without having been read.
    let entry = json!({"role": "OrganizationAccountAccessRole", "name": "extra", "document": allow("iam:ListUsers")});
    world.on(&session, "put_role_policy", entry).unwrap();
    assert_eq!(world.calls(), ["GetAccountAuthorizationDetails", "PutRolePolicy"]);
}

#[test]
fn alias_and_password_policy_are_set_once() {
    let world = World::new(Settings::default());
    let rules = json!({"minimum_password_length": 16, "require_symbols": true, "password_reuse_prevention": 24});
    world.org("set_account_alias", json!({"alias": "example-management"})).unwrap();
    world.org("set_password_policy", rules.clone()).unwrap();
    assert_eq!(world.changes(), ["CreateAccountAlias", "UpdateAccountPasswordPolicy"]);
    let again = world.play();
    again.org("set_account_alias", json!({"alias": "example-management"})).unwrap();
    again.org("set_password_policy", rules).unwrap();
    assert_eq!(again.changes(), [] as [&str; 0]);
}

#[test]
fn a_role_for_nobody_is_refused_in_the_end() {
    let world = World::new(Settings::default());
    let nobody = format!("arn:aws:iam::{}:user/nobody", own(&world));
    let result = world.org("create_role", json!({"name": "r", "trust": trust(&nobody)}));
    assert!(result.is_err(), "{result:?}");
    assert!(world.sandbox.estate().accounts[&own(&world)].iam.roles.is_empty());
}
