//! Who may assume what, for how long, and which layer says no.

use super::client::{Client, start};
use crate::sandbox::{ForeignAccount, Sandbox, Settings};
use serde_json::json;
use std::time::Duration;

const PARTNER: &str = "210987654321";

/// An organisation with the account `dev`, a foreign account beside it; the administrator and the access role's ARN.
fn scene(iam_lag: Duration) -> (Client, String) {
    let partner = ForeignAccount { id: Some(PARTNER.into()), name: "partner".into(), email: "p@example.com".into() };
    let settings = Settings { accounts: vec![partner], iam_lag, ..Settings::default() };
    let client = Client::administrator(&Sandbox::open(settings, None).expect("a sandbox"));
    assert_eq!(client.organizations("CreateOrganization", &json!({})).code(), "");
    let input = json!({ "AccountName": "dev", "Email": "dev@example.com" });
    assert_eq!(client.organizations("CreateAccount", &input).code(), "");
    assert_eq!(client.organizations("ListAccounts", &json!({})).code(), "");
    let estate = client.sandbox.estate();
    let id = estate.accounts.values().find(|account| account.name == "dev").expect("it").id.clone();
    (client, format!("arn:aws:iam::{id}:role/OrganizationAccountAccessRole"))
}

/// The administrator of the foreign account.
fn partner(client: &Client) -> Client {
    Client { key: client.sandbox.profile_key(PARTNER).expect("a key"), ..client.clone() }
}

/// A name for people, what is added to the call, the code it must give.
type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

#[test]
fn parameters() {
    let (client, role) = scene(Duration::ZERO);
    let long = "x".repeat(65);
    let table: [Row; 14] = [
        ("plain", &[], ""),
        ("shortest", &[("DurationSeconds", "900")], ""),
        ("too short", &[("DurationSeconds", "899")], "ValidationError"),
        ("above the role's", &[("DurationSeconds", "3601")], "ValidationError"),
        ("above all", &[("DurationSeconds", "43201")], "ValidationError"),
        ("no number", &[("DurationSeconds", "soon")], "MalformedInput"),
        ("short external id", &[("ExternalId", "x")], "ValidationError"),
        ("external id nobody asks for", &[("ExternalId", "abc")], ""),
        ("long source identity", &[("SourceIdentity", &long)], "ValidationError"),
        ("serial without code", &[("SerialNumber", "arn:aws:iam::1:mfa/x")], "AccessDenied"),
        ("somebody's device", &[("SerialNumber", "arn:aws:iam::1:mfa/x"), ("TokenCode", "123456")], "AccessDenied"),
        ("bad code", &[("SerialNumber", "arn:aws:iam::1:mfa/x"), ("TokenCode", "12345x")], "ValidationError"),
        ("bad policy", &[("Policy", "{")], "MalformedPolicyDocument"),
        ("missing policy", &[("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/NoSuch")], "MalformedPolicyDocument"),
    ];
    for (name, more, code) in table {
        let got = client.assume(&role, more).err().map(|reply| reply.code()).unwrap_or_default();
        assert_eq!(got, code, "{name}");
    }
    for (arn, code) in [("x", "ValidationError"), ("arn:aws:s3:::a-bucket-of-mine", "ValidationError")] {
        assert_eq!(client.assume(arn, &[]).err().map(|reply| reply.code()).as_deref(), Some(code), "{arn}");
    }
    for (name, code) in [("x", "ValidationError"), ("a b", "ValidationError"), (long.as_str(), "ValidationError"), ("ab", "")] {
        let reply = client.query("sts", "AssumeRole", &[("RoleArn", &role), ("RoleSessionName", name)]);
        assert_eq!(reply.code(), code, "{name}");
    }
}

#[test]
fn refusals_name_their_layer() {
    let (client, role) = scene(Duration::ZERO);
    let inside = client.assume(&role, &[]).expect("a session");
    let table = [
        ("the administrator", &client, role.clone(), ""),
        ("a stranger", &partner(&client), role.clone(), "because no role trust policy allows the sts:AssumeRole action"),
        ("the role itself", &inside, role.clone(), "because no role trust policy allows the sts:AssumeRole action"),
        ("another name", &client, role.to_lowercase(), "because no role trust policy allows the sts:AssumeRole action"),
        (
            "another account",
            &client,
            "arn:aws:iam::000000000000:role/x".to_owned(),
            "because no role trust policy allows the sts:AssumeRole action",
        ),
    ];
    for (name, who, role, end) in table {
        let refusal = who.assume(&role, &[]).err();
        let message = refusal.as_ref().map(super::client::Reply::message).unwrap_or_default();
        assert!(message.ends_with(end), "{name}: {message}");
        assert_eq!(refusal.is_none(), end.is_empty(), "{name}: {message}");
        assert!(refusal.is_none_or(|reply| reply.status == 403 && reply.code() == "AccessDenied"), "{name}");
    }
}

#[test]
fn sessions_are_limited_by_their_policy() {
    let (client, role) = scene(Duration::ZERO);
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"}]}"#;
    let bound = client.assume(&role, &[("Policy", policy)]).expect("a session");
    let reply = bound.query("sts", "GetAccessKeyInfo", &[("AccessKeyId", "AKIAX")]);
    assert!(reply.message().ends_with("because no session policy allows the sts:GetAccessKeyInfo action"), "{}", reply.body);
    let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
    let free = client.assume(&role, &[("Policy", policy), ("PolicyArns.member.1.arn", arn)]).expect("a session");
    assert_eq!(free.query("sts", "GetAccessKeyInfo", &[("AccessKeyId", &client.key.access_key_id)]).code(), "");
}

#[test]
fn tags_and_source_identity_need_the_trust_policy_too() {
    let (client, role) = scene(Duration::ZERO);
    for more in [[("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")], [("SourceIdentity", "me"), ("DurationSeconds", "900")]] {
        let message = client.assume(&role, &more).err().map(|reply| reply.message()).unwrap_or_default();
        assert!(message.contains("because no role trust policy allows the sts:"), "{more:?}: {message}");
    }
}

#[test]
fn sessions_end() {
    let (client, role) = scene(Duration::ZERO);
    let inside = client.assume(&role, &[("DurationSeconds", "900")]).expect("a session");
    assert_eq!(inside.later(899).query("sts", "GetCallerIdentity", &[]).code(), "");
    assert_eq!(inside.later(900).query("sts", "GetCallerIdentity", &[]).code(), "ExpiredToken");
    let arn = inside.query("sts", "GetCallerIdentity", &[]).text("Arn").map(str::to_owned).expect("an arn");
    assert!(arn.ends_with(":assumed-role/OrganizationAccountAccessRole/session"), "{arn}");
    let without = Client { token: None, ..inside.clone() };
    assert_eq!(without.query("sts", "GetCallerIdentity", &[]).code(), "InvalidClientTokenId");
}

#[test]
fn session_tokens() {
    let (client, role) = scene(Duration::ZERO);
    let reply = client.query("sts", "GetSessionToken", &[]);
    let text = |name: &str| reply.text(name).map(str::to_owned).expect("a member");
    let mut session = client.clone();
    session.key.access_key_id = text("AccessKeyId");
    session.key.secret_access_key = text("SecretAccessKey");
    session.token = Some(text("SessionToken"));
    assert_eq!(session.query("sts", "GetCallerIdentity", &[]).code(), "");
    assert_eq!(session.query("sts", "GetAccessKeyInfo", &[("AccessKeyId", "A")]).code(), "InvalidClientTokenId");
    assert_eq!(session.query("iam", "ListUsers", &[]).code(), "InvalidClientTokenId", "IAM wants MFA");
    assert_eq!(session.query("sts", "GetSessionToken", &[]).code(), "AccessDenied");
    assert_eq!(session.organizations("ListAccounts", &json!({})).code(), "");
    assert!(session.assume(&role, &[]).is_ok());
}

#[test]
fn a_new_role_is_seen_late_if_asked() {
    let (client, role) = scene(Duration::from_secs(10));
    assert_eq!(client.assume(&role, &[]).err().map(|reply| reply.code()).as_deref(), Some("AccessDenied"));
    assert_eq!(client.now, start());
    assert!(client.later(10).assume(&role, &[]).is_ok());
}

#[test]
fn closed_accounts_let_nobody_in() {
    let (client, role) = scene(Duration::ZERO);
    let inside = client.assume(&role, &[]).expect("a session");
    let id = role.split(':').nth(4).expect("an account");
    assert_eq!(client.organizations("CloseAccount", &json!({ "AccountId": id })).code(), "");
    assert_eq!(client.assume(&role, &[]).err().map(|reply| reply.code()).as_deref(), Some("AccessDenied"));
    assert_eq!(inside.query("sts", "GetCallerIdentity", &[]).code(), "InvalidClientTokenId");
}
