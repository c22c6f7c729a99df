//! The arithmetic as tables.

use super::{Known, Preflight, Quota, Standing, Step};
use crate::error::{Error, Place};
use crate::estate::{Account, AccountState, Estate, Iam, Organization, Role};
use crate::event::{AccountLabel, Status, StepProblem};
use crate::policy::Document;
use crate::step::journal::StepEnd;
use crate::step::{Change, Class, StepKey};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const MANAGEMENT: &str = "111122223333";

fn step(primitive: &str, identity: &str, input: Value, changes: &[(&str, Class)], line: usize) -> Step {
    let change =
        |(call, class): &(&str, Class)| Change { call: (*call).into(), class: *class, difference: String::new(), detail: Value::Null };
    let end = StepEnd {
        key: StepKey { account: MANAGEMENT.into(), primitive: primitive.into(), identity: identity.into(), id: None },
        label: format!("{primitive} {identity}"),
        account: AccountLabel { id: MANAGEMENT.into(), name: "management".into() },
        scope: Vec::new(),
        place: Place { file: "p.rhai".into(), line, column: 1, source_line: None },
        input_hash: String::new(),
        input,
        status: Status::Changed,
        output: Value::Null,
        changes: Vec::new(),
        problem: None,
    };
    Step { end, changes: changes.iter().map(change).collect(), caught: false }
}

/// A create_account of a playbook.
pub(crate) fn wanted(name: &str, email: &str) -> Step {
    step("create_account", name, json!({"name": name, "email": email}), &[("CreateAccount", Class::CreateBlind)], 1)
}

fn refused(mut step: Step, code: &str) -> Step {
    step.end.problem = Some(StepProblem { code: code.into(), message: "AWS said no".into(), hints: vec!["do it otherwise".into()] });
    step
}

fn account(id: &str, name: &str, email: &str, state: AccountState) -> Account {
    Account {
        id: id.into(),
        name: name.into(),
        email: email.into(),
        state,
        parent: Some("r-1".into()),
        tags: BTreeMap::new(),
        iam: Iam::default(),
    }
}

/// An organisation of the management account, `dev` and a suspended `old`, and the steps of a play on its copy.
pub(crate) fn known(steps: &[Step]) -> Known {
    let accounts = [
        account(MANAGEMENT, "main", "aws@corp.example", AccountState::Active),
        account("222233334444", "dev", "aws+dev@example.com", AccountState::Active),
        account("333344445555", "old", "aws+old@example.com", AccountState::Suspended),
    ];
    let there: BTreeSet<String> = accounts.iter().map(|account| account.id.clone()).chain(["r-1".to_owned()]).collect();
    let organization = Organization {
        id: "o-1".into(),
        management: MANAGEMENT.into(),
        root: "r-1".into(),
        units: BTreeMap::new(),
        policies: BTreeMap::new(),
        attachments: BTreeMap::new(),
        tags: BTreeMap::new(),
    };
    let accounts = accounts.map(|account| (account.id.clone(), account)).into();
    Known {
        playbook: "p.rhai".into(),
        target: "live".into(),
        account: MANAGEMENT.into(),
        caller: "arn:aws:iam::111122223333:user/ana".into(),
        least_time: |_| Duration::ZERO,
        quota: Quota { accounts: 10, written: false },
        estate: Estate { partition: "aws".into(), organization: Some(organization), accounts },
        there,
        whole: false,
        attached: Ok(BTreeMap::new()),
        steps: steps.to_vec(),
        errors: Vec::new(),
    }
}

fn codes(preflight: &Preflight) -> Vec<&str> {
    preflight.problems.iter().map(|problem| problem.code.as_ref()).collect()
}

#[test]
fn accounts_are_there_to_be_made_or_not_to_be_had() {
    for (name, email, standing, problem) in [
        ("new", "aws+new@example.com", Standing::ToMake, None),
        ("dev", "aws+dev@example.com", Standing::There, None),
        ("dev", "AWS+Dev@example.com", Standing::There, None),
        ("other", "aws+dev@example.com", Standing::Refused, Some("account-name-differs")),
        ("old", "aws+old@example.com", Standing::Refused, Some("account-closed")),
        ("dev", "aws+dev2@example.com", Standing::Refused, Some("account-name-taken")),
        // A closed account does not hold its name.
        ("old", "aws+old2@example.com", Standing::ToMake, None),
    ] {
        let step = wanted(name, email);
        let preflight = Preflight::of(&known(&[problem.map_or(step.clone(), |code| refused(step, code))]));
        assert_eq!((preflight.accounts.wanted[0].standing, codes(&preflight)), (standing, problem.into_iter().collect()), "{name} {email}");
        assert!(preflight.problems.iter().all(|problem| problem.place.is_some() && !problem.hints.is_empty()), "{name} {email}");
    }
    let notes = |email| Preflight::of(&known(&[wanted("dev", email)])).notes;
    assert!(notes("aws+dev@example.com").is_empty());
    assert!(notes("AWS+dev@example.com")[0].contains("differ in case only"));
}

#[test]
fn one_address_for_two_accounts_is_one_problem() {
    // On the copy the second found the first; that need not be said again.
    let second = refused(wanted("b", "X@example.com"), "account-name-differs");
    let preflight = Preflight::of(&known(&[wanted("a", "x@example.com"), second, wanted("c", "y@example.com")]));
    assert_eq!(codes(&preflight), ["email-twice"]);
    assert!(preflight.problems[0].message.contains("`a` and `b`") && preflight.problems[0].message.contains("case does not count"));
    assert_eq!(preflight.accounts.to_make, 1);
}

#[test]
fn closed_accounts_count_against_the_quota() {
    // Three are there, one of them suspended.
    for (make, quota, written, problem) in
        [(7, 10, false, false), (8, 10, false, true), (8, 11, true, false), (0, 2, true, false), (1, 3, true, true)]
    {
        let steps: Vec<Step> = (0..make).map(|n| wanted(&format!("n{n}"), &format!("n{n}@example.com"))).collect();
        let preflight = Preflight::of(&Known { quota: Quota { accounts: quota, written }, ..known(&steps) });
        assert_eq!(codes(&preflight).contains(&"account-quota"), problem, "{make} of {quota}");
        assert_eq!((preflight.accounts.there, preflight.accounts.closed, preflight.accounts.to_make), (3, 1, make));
    }
}

#[test]
fn a_default_that_cannot_be_the_quota_is_said_and_not_held_against_anyone() {
    let preflight = Preflight::of(&Known { quota: Quota { accounts: 2, written: false }, ..known(&[wanted("new", "n@example.com")]) });
    assert!(preflight.fits() && preflight.notes[0].contains("account_quota"), "{:?}", preflight.notes);
}

#[test]
fn what_aws_refused_on_the_copy_is_certain_only_where_the_copy_knows() {
    let policy = |code| refused(step("attach_role_policy", "r/p", json!({}), &[], 2), code);
    let group = |whole| Known { whole, ..known(&[policy("NoSuchEntity")]) };
    let of_copy = Preflight::of(&group(false));
    assert!(of_copy.fits() && !of_copy.complete && of_copy.notes[0].starts_with("known so far"), "{of_copy:?}");
    assert_eq!(codes(&Preflight::of(&group(true))), ["NoSuchEntity"]);
    assert_eq!(codes(&Preflight::of(&known(&[policy("policy-too-long")]))), ["policy-too-long"]);
    let moved = refused(step("move_account", "dev", json!({}), &[], 3), "DestinationParentNotFoundException");
    assert_eq!(codes(&Preflight::of(&known(&[moved]))), ["DestinationParentNotFoundException"]);
}

#[test]
fn every_mistake_of_the_script_is_a_problem_unless_it_may_come_of_what_only_the_copy_does_not_have() {
    let errors = vec![
        Error::failed("policy-too-long", "`create_role`: too long"),
        Error::failed("email", "`x` cannot be an account's address"),
        Error::failed("account-unknown", "no account is named `nobody`"),
        // The failure of a step, as the script ended with it.
        Error::failed("account-closed", "`create_account old` in `main`: AWS said no"),
    ];
    let old = refused(wanted("old", "aws+old@example.com"), "account-closed");
    let preflight = Preflight::of(&Known { errors: errors.clone(), ..known(std::slice::from_ref(&old)) });
    assert_eq!(codes(&preflight), ["account-closed", "policy-too-long", "email", "account-unknown"]);
    assert!(!preflight.complete && preflight.notes.is_empty(), "{:?}", preflight.notes);
    let policy = refused(step("attach_role_policy", "r/p", json!({}), &[], 2), "NoSuchEntity");
    let preflight = Preflight::of(&Known { errors, ..known(&[old, policy]) });
    assert_eq!(codes(&preflight), ["account-closed"]);
    assert_eq!(preflight.notes.len(), 4, "{:?}", preflight.notes);
}

#[test]
fn changes_are_counted_and_those_for_good_and_away_are_told() {
    let role = step("create_role", "r", json!({}), &[("CreateRole", Class::CreateNamed), ("PutRolePolicy", Class::Converge)], 4);
    let version = step("create_policy", "p", json!({}), &[("DeletePolicyVersion", Class::Destructive)], 5);
    let steps = [wanted("a", "a@example.com"), wanted("b", "b@example.com"), role, version];
    let preflight = Preflight::of(&known(&steps));
    assert_eq!(preflight.changes.len(), 1);
    let changes = &preflight.changes[0];
    assert_eq!((changes.id.as_deref(), changes.name.as_str(), changes.calls["CreateAccount"]), (Some(MANAGEMENT), "main", 2));
    assert!(preflight.irreversible.len() == 1 && preflight.irreversible[0].contains("2 times"));
    assert_eq!(preflight.destructive, ["create_policy p in management: DeletePolicyVersion"]);
}

#[test]
fn what_the_script_caught_is_no_problem_and_what_it_said_of_the_copy_is_not_certain() {
    let caught = |step: Step| Step { caught: true, ..step };
    let account = Preflight::of(&known(&[caught(refused(wanted("old", "aws+old@example.com"), "account-closed"))]));
    assert!(account.fits() && account.complete, "{account:?}");
    let policy = caught(refused(step("attach_role_policy", "r/p", json!({}), &[], 2), "NoSuchEntity"));
    let errors = vec![Error::failed("failed", "make the policy first")];
    let said = Preflight::of(&Known { errors, ..known(&[policy]) });
    assert!(said.fits() && !said.complete && said.notes[1].contains("make the policy first"), "{said:?}");
}

#[test]
fn policies_are_near_their_limit_from_four_fifths_on() {
    let role = |length: usize| {
        let mut document = json!({"Version": "2012-10-17", "Statement": [], "Id": ""});
        let rest = length - document.to_string().len();
        document["Id"] = json!("x".repeat(rest));
        Role {
            id: String::new(),
            path: "/".into(),
            trust: Document::stored(document),
            description: None,
            max_session: None,
            boundary: None,
            tags: BTreeMap::new(),
            attached: BTreeSet::new(),
            inline: BTreeMap::new(),
        }
    };
    for (length, near) in [(1638, false), (1639, true), (2048, true)] {
        let mut known = known(&[]);
        known.estate.accounts.get_mut("222233334444").unwrap().iam.roles.insert("deploy".into(), role(length));
        let sizes = Preflight::of(&known).sizes;
        assert_eq!(sizes.len(), usize::from(near), "{length}");
        assert!(sizes.iter().all(|size| size.what == "trust policy of role deploy" && size.characters == length && size.limit == 2048));
    }
}
