//! Calls that meet a fault.

use super::client::{Client, json_request, query_request};
use crate::sandbox::faults::{Kind, Rule};
use crate::sandbox::{Sandbox, Settings};
use serde_json::json;

fn with(operation: &str, nth: Option<u64>, kind: Kind) -> Client {
    let rule = Rule { operation: operation.into(), nth, kind };
    let sandbox = Sandbox::open(Settings { faults: vec![rule], ..Settings::default() }, None).expect("a sandbox");
    Client::administrator(&sandbox)
}

/// Sends CreateOrganization: the code that came back, if any reply did, and whether it was applied.
fn try_once(client: &Client) -> (Option<String>, bool) {
    let reply = client.send(json_request("CreateOrganization", &json!({})), "organizations");
    (reply.map(|reply| reply.code()), client.sandbox.estate().organization.is_some())
}

#[test]
fn kinds() {
    let error = Kind::Error { code: "ConcurrentModificationException".into(), message: "m".into(), status: 400 };
    let table = [
        (Kind::Throttle, Some("TooManyRequestsException"), false),
        (Kind::LostReply, None, true),
        (Kind::DropRequest, None, false),
        (error, Some("ConcurrentModificationException"), false),
        (Kind::ErrorAfter { status: 500 }, Some("ServiceException"), true),
        (Kind::Duplicate, Some("AlreadyInOrganizationException"), true),
    ];
    for (kind, code, applied) in table {
        let client = with("organizations:CreateOrganization", Some(1), kind.clone());
        assert_eq!(try_once(&client), (code.map(str::to_owned), applied), "{kind:?}");
        let second = if applied { "AlreadyInOrganizationException" } else { "" };
        assert_eq!(try_once(&client), (Some(second.to_owned()), true), "{kind:?}: the second call is sound");
    }
}

#[test]
fn an_error_after_the_effect_does_not_hide_a_refusal() {
    let client = with("CreateOrganization", None, Kind::ErrorAfter { status: 500 });
    assert_eq!(try_once(&client).0.as_deref(), Some("ServiceException"));
    assert_eq!(try_once(&client).0.as_deref(), Some("AlreadyInOrganizationException"));
}

#[test]
fn rules_choose_their_calls() {
    let client = with("*", Some(2), Kind::Throttle);
    let codes = [0; 3].map(|_| client.query("sts", "GetCallerIdentity", &[]).code());
    assert_eq!(codes, ["", "Throttling", ""]);
    let client = with("sts:GetCallerIdentity", None, Kind::Throttle);
    assert_eq!(client.query("sts", "GetCallerIdentity", &[]).code(), "Throttling");
    assert_eq!(client.query("sts", "GetSessionToken", &[]).code(), "");
    let client = with("iam:GetCallerIdentity", None, Kind::DropRequest);
    assert!(client.send(query_request("sts", "GetCallerIdentity", &[]), "sts").is_some());
}

#[test]
fn published_rates_if_asked() {
    let settings = Settings { throttle: true, ..Settings::default() };
    let client = Client::administrator(&Sandbox::open(settings, None).expect("a sandbox"));
    let describe = |client: &Client| client.organizations("DescribeOrganization", &json!({})).code();
    let codes = [describe(&client), describe(&client), describe(&client), describe(&client.later(1))];
    let (none, many) = ("AWSOrganizationsNotInUseException", "TooManyRequestsException");
    assert_eq!(codes, [none, none, many, none]);
}
