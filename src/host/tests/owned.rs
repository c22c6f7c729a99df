//! What is on the playbook's own objects beside what it named.

use super::stage::{Played, again, on_sandbox};
use crate::estate::Iam;

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const VIEW_ONLY: &str = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess";
const POLICY: &str = "#{ Version: \"2012-10-17\", Statement: [#{ Effect: \"Allow\", Action: \"iam:ListUsers\", Resource: \"*\" }] }";
const TRUST: &str =
    "#{ Version: \"2012-10-17\", Statement: [#{ Effect: \"Allow\", Principal: #{ AWS: organization().id }, Action: \"sts:AssumeRole\" }] }";

/// A group, a role and a user, each with one thing of every kind that the playbook below does not name, and one that it does.
fn world() -> Played {
    let all = format!("managed: [\"{READ_ONLY}\", \"{VIEW_ONLY}\"], inline: #{{ kept: {POLICY}, old: {POLICY} }}");
    let played = on_sandbox(&format!(
        "let o = organization();
         o.create_group(\"staff\", #{{ {all} }}); o.create_group(\"others\");
         o.create_role(\"r\", #{{ trust: {TRUST}, {all} }});
         o.create_user(\"ana\", #{{ groups: [\"staff\", \"others\"], {all} }}); o.create_user(\"bo\", #{{ groups: [\"staff\"] }});"
    ));
    assert_eq!((&played.result, played.beside.len()), (&Ok(()), 0));
    played
}

/// Names less than there is; `ana` comes into the group only after it was created.
fn playbook(exclusive: bool, end: &str) -> String {
    let some = format!("managed: [\"{READ_ONLY}\"], inline: #{{ Kept: {POLICY} }}, exclusive: {exclusive}");
    format!(
        "let o = organization();
         let g = o.create_group(\"Staff\", #{{ {some} }});
         o.create_role(\"r\", #{{ trust: {TRUST}, {some} }});
         o.create_user(\"ana\", #{{ groups: [g], {some} }});
         {end}"
    )
}

fn iam(played: &Played) -> Iam {
    played.sandbox.estate().accounts[&played.sandbox.management_account()].iam.clone()
}

#[test]
fn what_is_beside_is_told_without_a_call_and_stays() {
    let world = world();
    let before = iam(&world);
    let played = again(&world.sandbox, &playbook(false, ""), true);
    assert_eq!(played.result, Ok(()));
    assert_eq!(
        played.beside,
        [
            format!("user ana: managed-policy {VIEW_ONLY}"),
            "user ana: inline-policy old".to_owned(),
            "group others: member ana".to_owned(),
            format!("group Staff: managed-policy {VIEW_ONLY}"),
            "group Staff: inline-policy old".to_owned(),
            "group Staff: member bo".to_owned(),
            format!("role r: managed-policy {VIEW_ONLY}"),
            "role r: inline-policy old".to_owned(),
        ]
    );
    assert_eq!((played.recap.total.changed, iam(&played) == before), (0, true));
    // GetCallerIdentity, DescribeOrganization, one GetAccountAuthorizationDetails: as if there were nothing beside.
    assert_eq!(played.calls, 3);
}

#[test]
fn exclusive_takes_away_what_the_whole_playbook_did_not_name() {
    let world = world();
    let played = again(&world.sandbox, &playbook(true, ""), true);
    assert_eq!(played.result, Ok(()));
    let iam = iam(&played);
    let groups = |user: &str| iam.users[user].groups.iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!((groups("ana"), groups("bo")), (vec!["staff"], vec![]), "a member that is added after the group was created stays");
    let (group, role, user) = (&iam.groups["staff"], &iam.roles["r"], &iam.users["ana"]);
    for (attached, inline) in [(&group.attached, &group.inline), (&role.attached, &role.inline), (&user.attached, &user.inline)] {
        assert_eq!(attached.iter().collect::<Vec<_>>(), [READ_ONLY]);
        assert_eq!(inline.keys().collect::<Vec<_>>(), ["kept"]);
    }
    assert!(played.steps.iter().any(|key| key.ends_with("/exclusive:group/staff")), "{:?}", played.steps);
    assert_eq!((played.recap.total.changed, played.beside.len(), played.calls), (3, 0, 3 + 8));
    let third = again(&world.sandbox, &playbook(true, ""), false);
    assert_eq!((third.result, third.recap.total.changed, third.calls), (Ok(()), 0, 3));
}

#[test]
fn nobody_to_say_yes_and_nothing_is_taken_away() {
    let world = world();
    let before = iam(&world);
    let played = again(&world.sandbox, &playbook(true, ""), false);
    let error = played.error();
    assert_eq!((error.code.as_ref(), error.kind.exit_code()), ("takes-away", 6));
    assert!(error.message.contains("RemoveUserFromGroup: others"), "{}", error.message);
    assert_eq!((played.recap.total.paused, iam(&played) == before), (3, true));
}

#[test]
fn a_play_that_is_not_whole_takes_nothing_away() {
    let attach = format!("o.attach_role_policy(\"nobody\", \"{READ_ONLY}\");");
    for (end, ends_well) in [
        ("fail(\"no\");".to_owned(), false),
        (attach.clone(), false),
        (format!("try {{ {attach} }} catch {{ }}"), true),
        ("parallel([\"a\"], |n| fail(n), #{ tolerate: 1 });".to_owned(), true),
    ] {
        let world = world();
        let before = iam(&world);
        let played = again(&world.sandbox, &playbook(true, &end), true);
        assert_eq!((played.result.is_ok(), iam(&played) == before, played.beside.len()), (ends_well, true, 0), "{end}");
        assert_eq!(played.logs.iter().any(|text| text.contains("takes nothing away this time")), ends_well, "{:?}", played.logs);
    }
}

#[test]
fn what_the_runner_works_through_is_not_touched() {
    let caller = on_sandbox("output(\"name\", caller().name);");
    let name = caller.outputs["name"].as_str().unwrap();
    let made = again(&caller.sandbox, &format!("organization().create_group(\"g\", #{{ members: [\"{name}\"] }});"), true);
    assert_eq!(made.result, Ok(()));
    let before = iam(&made);
    let own = format!(
        "let o = organization(); o.create_user(\"{name}\", #{{ exclusive: true }}); o.create_group(\"g\", #{{ exclusive: true }});"
    );
    let played = again(&caller.sandbox, &own, true);
    assert_eq!(played.result, Ok(()));
    assert!(before.users[name].groups.contains("g"));
    assert_eq!(iam(&played), before);
    // The role by which a member account is entered.
    let member = "let o = organization(); o.create_organization();
        let dev = o.create_account(\"dev\", #{ email: \"x+dev@example.com\" });
        dev.put_role_policy(\"OrganizationAccountAccessRole\", \"extra\", POLICY);"
        .replace("POLICY", POLICY);
    let world = on_sandbox(&member);
    assert_eq!(world.result, Ok(()));
    let accounts = world.sandbox.estate().accounts;
    let trust = "let dev = account(\"dev\"); dev.create_role(\"OrganizationAccountAccessRole\", #{ exclusive: true, trust: TRUST });"
        .replace("TRUST", TRUST);
    let played = again(&world.sandbox, &trust, true);
    assert_eq!((played.result.clone(), played.beside.len()), (Ok(()), 0));
    assert_eq!(played.sandbox.estate().accounts, accounts);
}

#[test]
fn five_accounts_played_again_cost_no_call_more() {
    let playbook = include_str!("../../../playbooks/multi-account.rhai");
    let text = playbook.replace("help: \"root mailbox;", "value: \"x@example.com\", help: \"root mailbox;");
    let first = on_sandbox(&text);
    assert_eq!(first.result, Ok(()));
    let second = again(&first.sandbox, &text, false);
    assert_eq!((second.result, second.recap.total.changed, second.beside.len()), (Ok(()), 0, 0));
    // A play that is not whole does not look for what is beside it.
    let unlooked = again(&first.sandbox, &format!("{text}\nparallel([\"a\"], |n| fail(n), #{{ tolerate: 1 }});"), false);
    assert_eq!((unlooked.result, unlooked.calls), (Ok(()), second.calls));
}
