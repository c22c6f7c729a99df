//! The playbooks, examples and standard modules that come with the runner.

use super::super::functions::FUNCTIONS;
use super::super::{Playbook, check, describe, standard_modules};
use super::stage::{on_sandbox, with};
use crate::primitive::list;
use crate::time::Time;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn below(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "rhai"));
    found.sort();
    found
}

#[test]
fn they_are_without_fault_and_say_what_they_are() {
    for path in below("playbooks").into_iter().chain(below("examples")) {
        let playbook = Playbook::load(&path).unwrap();
        assert_eq!(check(&playbook), [], "{}", path.display());
        let description = describe(&playbook);
        assert!(description.title.is_some(), "{}", path.display());
        assert!(description.parameters.iter().all(|parameter| parameter.help.is_some()), "{}", path.display());
        assert!(playbook.text().lines().count() < 60, "{}", path.display());
    }
}

/// The examples in the comments of a module, each with the function it belongs to.
fn examples(text: &str) -> Vec<String> {
    let comments: Vec<&str> =
        text.lines().map(|line| line.trim().strip_prefix("///").map_or("", |line| line.strip_prefix(' ').unwrap_or(line))).collect();
    let comments = comments.join("\n");
    blocks(&comments, "```rhai\n")
}

fn blocks(markdown: &str, fence: &str) -> Vec<String> {
    markdown.split(fence).skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

#[test]
fn examples_of_the_standard_modules_play() {
    for (name, text) in standard_modules() {
        let functions = text.lines().filter(|line| line.starts_with("fn ")).count();
        let examples = examples(text);
        assert_eq!(examples.len(), functions, "{name}: every function has an example");
        for example in examples {
            let played = on_sandbox(&example);
            assert_eq!(played.result, Ok(()), "{name}: {example}");
        }
    }
}

#[test]
fn examples_of_the_reference_play() {
    let functions = FUNCTIONS.iter().map(|function| (function.name, function.doc));
    for (name, doc) in functions.chain(list::all().iter().map(|spec| (spec.name, spec.doc))) {
        for example in blocks(doc, "```rhai\n") {
            assert_eq!(on_sandbox(&example).result, Ok(()), "{name}: {example}");
        }
        for example in blocks(doc, "```rhai,no_run\n") {
            let playbook = Playbook::from_text("example.rhai", example.clone(), Path::new(".")).unwrap();
            assert_eq!(check(&playbook), [], "{name}: {example}");
        }
    }
}

fn load(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn params(pairs: Value) -> serde_json::Map<String, Value> {
    match pairs {
        Value::Object(map) => map,
        _ => panic!("a map"),
    }
}

/// The procedure of `playbooks/multi-account.rhai`: each group its own policy, two different roles, MFA in the trust.
#[test]
fn multi_account_builds_what_the_procedure_means() {
    let given = params(json!({ "mail": "root@example.com", "users": "ana=admin,bo=ro,cy=ro" }));
    let played = with(&load("playbooks/multi-account.rhai"), given, Path::new("."), Time::simulated(1));
    assert_eq!(played.result, Ok(()));
    let estate = played.sandbox.estate();
    let account = |name: &str| estate.accounts.values().find(|account| account.name == name).unwrap();
    let organization = estate.organization.as_ref().unwrap();
    let security = account("security");
    assert_eq!(security.email, "root+security@example.com");
    for (unit, names) in [("Security", &["security"][..]), ("Workloads", &["mgmt", "dev", "stage", "prod"])] {
        for name in names {
            assert_eq!(organization.units[account(name).parent.as_ref().unwrap()].name, unit, "{name}");
        }
    }
    let tiers = [
        ("admin-external-accounts", "allow-admin-from-security-account", "AdministratorAccess", vec!["ana"]),
        ("ro-external-accounts", "allow-read-only-from-security-account", "ReadOnlyAccess", vec!["bo", "cy"]),
    ];
    for (group_name, role_name, managed, members) in tiers {
        let arn = format!("arn:aws:iam::aws:policy/{managed}");
        let group = &security.iam.groups[group_name];
        assert_eq!(group.attached.iter().collect::<Vec<_>>(), [&arn]);
        assert_eq!(group.inline.keys().collect::<Vec<_>>(), [group_name]);
        let inside: Vec<&String> =
            security.iam.users.iter().filter(|(_, user)| user.groups.contains(group_name)).map(|(name, _)| name).collect();
        assert_eq!(inside, members);
        let mut roles: Vec<String> =
            ["dev", "mgmt", "prod", "stage"].map(|name| format!("arn:aws:iam::{}:role/{role_name}", account(name).id)).into();
        let mut named: Vec<String> = serde_json::from_value(group.inline[group_name].value()["Statement"][0]["Resource"].clone()).unwrap();
        roles.sort();
        named.sort();
        assert_eq!(named, roles);
        for name in ["mgmt", "dev", "stage", "prod"] {
            let role = &account(name).iam.roles[role_name];
            assert_eq!(role.attached.iter().collect::<Vec<_>>(), [&arn]);
            let statement = &role.trust.value()["Statement"][0];
            assert_eq!(statement["Principal"]["AWS"], format!("arn:aws:iam::{}:root", security.id));
            assert_eq!(statement["Condition"], json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } }));
        }
    }
    assert_eq!(played.outputs["sign_in"], format!("https://{}.signin.aws.amazon.com/console", security.id));
    assert_eq!(played.outputs["accounts"].as_object().unwrap().len(), 5);
}

#[test]
fn multi_account_refuses_an_unknown_tier_before_any_step() {
    let given = params(json!({ "mail": "root@example.com", "users": { "ana": "root" } }));
    let played = with(&load("playbooks/multi-account.rhai"), given, Path::new("."), Time::simulated(1));
    assert_eq!(played.error().message, "user ana is neither admin nor ro but root");
    assert_eq!(played.steps, Vec::<String>::new());
}

#[test]
fn the_audit_role_is_made_where_it_can_be() {
    let before =
        "let org = organization(); org.create_organization(); org.create_account(\"dev\", #{ email: \"root+dev@example.com\" });\n";
    let given = |names: Value| params(json!({ "auditors": "999988887777", "accounts": names, "external_id": "x-1" }));
    let text = format!("{before}{}", load("examples/audit-role.rhai"));
    let played = with(&text, given(json!(["dev"])), Path::new("."), Time::simulated(1));
    assert_eq!(played.result, Ok(()));
    assert_eq!((played.outputs["roles"].as_array().unwrap().len(), &played.outputs["refused"]), (1, &json!([])));
    let played = with(&text, given(json!(["nobody"])), Path::new("."), Time::simulated(1));
    assert!(played.error().message.contains("nobody"), "an account that does not exist is a mistake, not a refusal");
}

#[test]
fn documents_of_the_policy_module_are_what_they_say() {
    let statement = |call: &str| {
        let text = format!("import \"std/policy\" as policy; output(\"d\", policy::{call});");
        let played = on_sandbox(&text);
        assert_eq!(played.result, Ok(()), "{call}");
        let mut document = played.outputs["d"].clone();
        assert_eq!(document["Version"], "2012-10-17");
        assert_eq!(document["Statement"].as_array().unwrap().len(), 1);
        document["Statement"][0].take()
    };
    let root = "arn:aws:iam::111122223333:root";
    let role = "arn:aws:iam::111122223333:role/r";
    for (call, expected) in [
        ("trust(\"111122223333\")", json!({ "Effect": "Allow", "Principal": { "AWS": root }, "Action": "sts:AssumeRole" })),
        (
            "trust([\"111122223333\", \"arn:aws:iam::111122223333:role/r\"], #{ mfa: true, max_age: 900, external_id: \"x\", org: \"o-1\" })",
            json!({
                "Effect": "Allow", "Principal": { "AWS": [root, role] }, "Action": "sts:AssumeRole",
                "Condition": {
                    "Bool": { "aws:MultiFactorAuthPresent": "true" },
                    "NumericLessThan": { "aws:MultiFactorAuthAge": "900" },
                    "StringEquals": { "sts:ExternalId": "x", "aws:PrincipalOrgID": "o-1" },
                },
            }),
        ),
        (
            "trust(\"111122223333\", #{ mfa: false })",
            json!({ "Effect": "Allow", "Principal": { "AWS": root }, "Action": "sts:AssumeRole" }),
        ),
        (
            "assume([\"arn:aws:iam::111122223333:role/r\", \"arn:aws:iam::444455556666:role/r\"], #{ mfa: true, org: \"o-1\" })",
            json!({
                "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/r",
                "Condition": { "Bool": { "aws:MultiFactorAuthPresent": "true" }, "StringEquals": { "aws:ResourceOrgID": "o-1" } },
            }),
        ),
        ("document([policy::allow(\"a:b\", \"*\")])", json!({ "Effect": "Allow", "Action": "a:b", "Resource": "*" })),
        (
            "document([policy::deny([\"a:b\"], \"*\", #{ Null: #{ k: \"true\" } })])",
            json!({ "Effect": "Deny", "Action": ["a:b"], "Resource": "*", "Condition": { "Null": { "k": "true" } } }),
        ),
    ] {
        assert_eq!(statement(call), expected, "{call}");
    }
    let played = on_sandbox("import \"std/policy\" as policy; policy::trust(\"111122223333\", #{ mfaa: true });");
    assert_eq!(played.error().message, "policy::trust has no option `mfaa`; it has mfa, max_age, external_id, org");
}
