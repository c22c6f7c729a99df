//! The life of a CreateAccount and everything that refuses it.

use super::client::{Client, sandbox};
use crate::sandbox::faults::{Kind, Rule};
use crate::sandbox::{ForeignAccount, Sandbox, Settings};
use serde_json::{Value, json};
use std::time::Duration;

/// A sandbox with an organisation, and its administrator.
fn organization(settings: Settings) -> Client {
    let sandbox = Sandbox::open(settings, None).expect("a sandbox");
    let client = Client::administrator(&sandbox);
    assert_eq!(client.organizations("CreateOrganization", &json!({})).code(), "");
    client
}

fn create(client: &Client, name: &str, email: &str) -> Value {
    let reply = client.organizations("CreateAccount", &json!({ "AccountName": name, "Email": email }));
    assert_eq!(reply.code(), "", "{}", reply.body);
    reply.json()["CreateAccountStatus"].clone()
}

fn describe(client: &Client, status: &Value) -> Value {
    let reply = client.organizations("DescribeCreateAccountStatus", &json!({ "CreateAccountRequestId": status["Id"] }));
    reply.json()["CreateAccountStatus"].clone()
}

#[test]
fn life_of_a_creation() {
    let client = organization(Settings { creation: Duration::from_secs(20), ..Settings::default() });
    let status = create(&client, "dev", "dev@example.com");
    assert_eq!(status["State"], "IN_PROGRESS");
    assert!(status.get("AccountId").is_none());
    assert!(status["Id"].as_str().expect("an id").starts_with("car-"));
    assert_eq!(describe(&client.later(19), &status)["State"], "IN_PROGRESS");
    let done = describe(&client.later(20), &status);
    assert_eq!(done["State"], "SUCCEEDED", "{done}");
    assert!(done.get("FailureReason").is_none());
    let id = done["AccountId"].as_str().expect("an account id");
    let client = client.later(21);
    let account = client.organizations("DescribeAccount", &json!({ "AccountId": id })).json()["Account"].clone();
    assert_eq!((&account["Name"], &account["Email"]), (&json!("dev"), &json!("dev@example.com")));
    assert_eq!((&account["State"], &account["Status"]), (&json!("ACTIVE"), &json!("ACTIVE")));
    let parents = client.organizations("ListParents", &json!({ "ChildId": id })).json();
    assert_eq!(parents["Parents"][0]["Type"], "ROOT");
    let attached = client.organizations("ListPoliciesForTarget", &json!({ "TargetId": id, "Filter": "SERVICE_CONTROL_POLICY" }));
    assert_eq!(attached.json()["Policies"][0]["Id"], "p-FullAWSAccess");
    let inside = client.assume(&format!("arn:aws:iam::{id}:role/OrganizationAccountAccessRole"), &[]).expect("a session");
    assert_eq!(inside.query("sts", "GetCallerIdentity", &[]).text("Account"), Some(id));
}

#[test]
fn refusals() {
    let client = organization(Settings::default());
    let good = json!({ "AccountName": "a", "Email": "a@example.com" });
    let table = [
        ("no name", json!({ "AccountName": null }), "INPUT_REQUIRED"),
        ("long name", json!({ "AccountName": "x".repeat(51) }), "MAX_LENGTH_EXCEEDED"),
        ("odd name", json!({ "AccountName": "Prüfung" }), "INVALID_PATTERN"),
        ("bad e-mail", json!({ "Email": "a@b" }), "INVALID_PATTERN"),
        ("bad role", json!({ "RoleName": "a b" }), "INVALID_ROLE_NAME"),
        ("bad billing", json!({ "IamUserAccessToBilling": "PERHAPS" }), "INVALID_ENUM"),
        ("system tag", json!({ "Tags": [{ "Key": "aws:x", "Value": "" }] }), "INVALID_SYSTEM_TAGS_PARAMETER"),
        ("tag twice", json!({ "Tags": [{ "Key": "k", "Value": "" }, { "Key": "K", "Value": "" }] }), "DUPLICATE_TAG_KEY"),
    ];
    for (name, change, reason) in table {
        let mut input = good.clone();
        for (key, value) in change.as_object().expect("an object") {
            input[key] = value.clone();
        }
        let reply = client.organizations("CreateAccount", &input);
        assert_eq!(reply.code(), "InvalidInputException", "{name}");
        assert_eq!(reply.json()["Reason"], reason, "{name}");
    }
    let reply = client.organizations("CreateAccount", &json!({ "AccountName": 5, "Email": "a@example.com" }));
    assert_eq!(reply.code(), "SerializationException");
    assert_eq!(client.sandbox.estate().accounts.len(), 1);
}

#[test]
fn email_is_taken_for_ever_and_everywhere() {
    let foreign = ForeignAccount { id: None, name: "f".into(), email: "Partner@Example.com".into() };
    let client = organization(Settings { accounts: vec![foreign], ..Settings::default() });
    for (email, reason) in [
        ("management@example.com", Some("EMAIL_ALREADY_EXISTS")),
        ("partner@example.com", Some("EMAIL_ALREADY_EXISTS")),
        ("one@example.com", None),
        ("ONE@example.com", Some("EMAIL_ALREADY_EXISTS")),
    ] {
        let status = create(&client, "same name", email);
        let done = describe(&client, &status);
        assert_eq!(done.get("FailureReason").and_then(Value::as_str), reason, "{email}");
    }
    let id = client.organizations("ListAccounts", &json!({})).json()["Accounts"]
        .as_array()
        .and_then(|accounts| accounts.iter().find(|account| account["Name"] == "same name").cloned())
        .expect("the account")["Id"]
        .clone();
    assert_eq!(client.organizations("CloseAccount", &json!({ "AccountId": id })).code(), "");
    assert_eq!(client.organizations("CloseAccount", &json!({ "AccountId": id })).code(), "AccountAlreadyClosedException");
    assert_eq!(describe(&client, &create(&client, "x", "one@example.com"))["FailureReason"], "EMAIL_ALREADY_EXISTS");
}

#[test]
fn five_at_a_time() {
    let client = organization(Settings { creation: Duration::from_mins(1), account_quota: 100, ..Settings::default() });
    for number in 0..5 {
        create(&client, "n", &format!("n{number}@example.com"));
    }
    let sixth = json!({ "AccountName": "n", "Email": "n5@example.com" });
    let reply = client.organizations("CreateAccount", &sixth);
    assert_eq!(reply.code(), "ConstraintViolationException");
    assert_eq!(reply.json()["Reason"], "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED");
    let listed = client.organizations("ListCreateAccountStatus", &json!({ "States": ["IN_PROGRESS"] })).json();
    assert_eq!(listed["CreateAccountStatuses"].as_array().map(Vec::len), Some(5));
    assert_eq!(client.later(60).organizations("CreateAccount", &sixth).code(), "");
}

#[test]
fn quota_and_concurrency() {
    let client = organization(Settings { creation: Duration::from_mins(1), account_quota: 2, ..Settings::default() });
    let first = create(&client, "a", "a@example.com");
    let second = create(&client, "b", "b@example.com");
    let again = create(&client, "a", "a@example.com");
    let later = client.later(61);
    assert_eq!(describe(&later, &first)["State"], "SUCCEEDED");
    assert_eq!(describe(&later, &second)["FailureReason"], "ACCOUNT_LIMIT_EXCEEDED");
    assert_eq!(describe(&later, &again)["FailureReason"], "CONCURRENT_ACCOUNT_MODIFICATION");
}

#[test]
fn ids_do_not_depend_on_arrival() {
    let ids = |emails: [&str; 2]| {
        let client = organization(Settings::default());
        let mut ids: Vec<String> =
            emails.iter().map(|email| describe(&client, &create(&client, "n", email))["AccountId"].to_string()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(["a@example.com", "b@example.com"]), ids(["b@example.com", "a@example.com"]));
}

#[test]
fn every_reason_can_be_asked_for() {
    for reason in ["INTERNAL_FAILURE", "INVALID_ADDRESS", "PENDING_BUSINESS_VALIDATION", "MISSING_PAYMENT_INSTRUMENT"] {
        let rule = Rule { operation: "CreateAccount".into(), nth: Some(1), kind: Kind::CreateAccountFailure { reason: reason.into() } };
        let client = organization(Settings { faults: vec![rule], ..Settings::default() });
        assert_eq!(describe(&client, &create(&client, "a", "a@example.com"))["FailureReason"], reason);
        assert_eq!(describe(&client, &create(&client, "a", "a@example.com"))["State"], "SUCCEEDED");
    }
}

#[test]
fn only_the_management_account_creates() {
    let client = Client::administrator(&sandbox());
    let input = json!({ "AccountName": "a", "Email": "a@example.com" });
    assert_eq!(client.organizations("CreateAccount", &input).code(), "AWSOrganizationsNotInUseException");
    let client = organization(Settings::default());
    let id = describe(&client, &create(&client, "a", "a@example.com"))["AccountId"].clone();
    let id = id.as_str().expect("an id");
    let inside = client.assume(&format!("arn:aws:iam::{id}:role/OrganizationAccountAccessRole"), &[]).expect("a session");
    let input = json!({ "AccountName": "b", "Email": "b@example.com" });
    let reply = inside.organizations("CreateAccount", &input);
    assert_eq!((reply.status, reply.code().as_str()), (400, "AccessDeniedException"));
    assert_eq!(inside.organizations("DescribeOrganization", &json!({})).code(), "");
}

#[test]
fn a_request_for_an_account_that_is_there_or_comes_is_counted_unless_it_was_delivered_twice() {
    let rule = Rule { operation: "CreateAccount".into(), nth: Some(3), kind: Kind::Duplicate };
    let settings = Settings { creation: Duration::from_secs(20), faults: vec![rule], ..Settings::default() };
    let sandbox = Sandbox::open(settings, None).expect("a sandbox");
    let client = Client::administrator(&sandbox);
    client.organizations("CreateOrganization", &json!({}));
    create(&client, "dev", "dev@example.com");
    assert_eq!(sandbox.accounts_asked_again(), 0);
    create(&client, "dev", "Dev@example.com");
    assert_eq!(sandbox.accounts_asked_again(), 1);
    create(&client, "prod", "prod@example.com");
    assert_eq!(sandbox.accounts_asked_again(), 1);
    create(&client.later(30), "dev", "dev@example.com");
    assert_eq!(sandbox.accounts_asked_again(), 2);
}
