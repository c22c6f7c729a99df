//! What becomes of requests that are signed well or badly.

use super::client::{Client, json_request, query_request, sandbox, start};
use crate::sandbox::AccessKey;
use http::Request;
use jiff::SignedDuration;
use serde_json::json;

/// Changes a client or its clock before it sends.
type Spoil = fn(&mut Client);

#[test]
fn signature_table() {
    let table: [(&str, Spoil, &str, &str); 7] = [
        ("good", |_| {}, "", ""),
        ("unknown key", |c| c.key.access_key_id = "AKIAUNKNOWN".into(), "InvalidClientTokenId", "UnrecognizedClientException"),
        ("wrong secret", |c| c.key.secret_access_key.push('x'), "SignatureDoesNotMatch", "InvalidSignatureException"),
        ("a token where none belongs", |c| c.token = Some("t".into()), "InvalidClientTokenId", "UnrecognizedClientException"),
        (
            "empty key",
            |c| c.key = AccessKey { access_key_id: String::new(), secret_access_key: String::new() },
            "InvalidClientTokenId",
            "UnrecognizedClientException",
        ),
        ("odd key", |c| c.key.access_key_id = "A/B".into(), "IncompleteSignature", "IncompleteSignatureException"),
        ("comma in key", |c| c.key.access_key_id = "A,B".into(), "IncompleteSignature", "IncompleteSignatureException"),
    ];
    let sandbox = sandbox();
    for (name, spoil, query, json) in table {
        let mut client = Client::administrator(&sandbox);
        spoil(&mut client);
        assert_eq!(client.query("sts", "GetCallerIdentity", &[]).code(), query, "{name}");
        let code = client.organizations("DescribeOrganization", &json!({})).code();
        assert_eq!(if json.is_empty() { "AWSOrganizationsNotInUseException" } else { json }, code, "{name}");
    }
}

#[test]
fn skew_table() {
    let sandbox = sandbox();
    let client = Client::administrator(&sandbox);
    for (seconds, code) in
        [(0, ""), (899, ""), (-899, ""), (901, "SignatureDoesNotMatch"), (-901, "SignatureDoesNotMatch"), (86_400, "SignatureDoesNotMatch")]
    {
        let mut request = query_request("sts", "GetCallerIdentity", &[]);
        let key = (client.key.access_key_id.as_str(), client.key.secret_access_key.as_str(), None);
        crate::sandbox::signature::sign(&mut request, key, "sts", start());
        let reply = sandbox.handle(request, start() + SignedDuration::from_secs(seconds)).expect("a reply");
        assert_eq!(super::client::Reply::from(reply).code(), code, "{seconds}");
    }
}

/// Changes a signed request on its way.
type Tamper = fn(&mut Request<bytes::Bytes>);

#[test]
fn tampered_requests() {
    let table: [(&str, Tamper, &str); 8] = [
        ("untouched", |_| {}, ""),
        ("no authorization", |r| drop(r.headers_mut().remove("authorization")), "MissingAuthenticationToken"),
        ("another body", |r| *r.body_mut() = "Action=GetCallerIdentity&Version=2011-06-15&A=1".into(), "SignatureDoesNotMatch"),
        ("another path", |r| *r.uri_mut() = "https://sts.amazonaws.com/x".parse().expect("a uri"), "SignatureDoesNotMatch"),
        ("a query", |r| *r.uri_mut() = "https://sts.amazonaws.com/?a=b".parse().expect("a uri"), "SignatureDoesNotMatch"),
        ("another host", |r| *r.uri_mut() = "https://iam.amazonaws.com/".parse().expect("a uri"), "SignatureDoesNotMatch"),
        ("no date", |r| drop(r.headers_mut().remove("x-amz-date")), "IncompleteSignature"),
        ("garbage", |r| drop(r.headers_mut().insert("authorization", "x".parse().expect("a value"))), "IncompleteSignature"),
    ];
    let client = Client::administrator(&sandbox());
    for (name, tamper, code) in table {
        let mut request = query_request("sts", "GetCallerIdentity", &[]);
        let key = (client.key.access_key_id.as_str(), client.key.secret_access_key.as_str(), None);
        crate::sandbox::signature::sign(&mut request, key, "sts", start());
        tamper(&mut request);
        let reply = client.sandbox.handle(request, start()).expect("a reply");
        assert_eq!(super::client::Reply::from(reply).code(), code, "{name}");
    }
}

#[test]
fn requests_that_make_no_sense() {
    let client = Client::administrator(&sandbox());
    assert_eq!(client.query("iam", "DanceUser", &[]).code(), "InvalidAction");
    assert_eq!(client.organizations("Dance", &json!({})).code(), "UnknownOperationException");
    let send = |request, service| client.send(request, service).expect("a reply");
    let mut request = query_request("sts", "GetCallerIdentity", &[]);
    *request.body_mut() = "Version=2011-06-15".into();
    assert_eq!(send(request, "sts").code(), "MissingAction");
    let mut request = json_request("ListRoots", &json!({}));
    *request.body_mut() = "{".into();
    assert_eq!(send(request, "organizations").code(), "SerializationException");
    assert_eq!(send(query_request("sts", "GetCallerIdentity", &[]), "ec2").code(), "SignatureDoesNotMatch");
    assert_eq!(send(query_request("sts", "GetCallerIdentity", &[]), "organizations").code(), "InvalidAction");
}

#[test]
fn replies_carry_id_and_date() {
    let client = Client::administrator(&sandbox());
    let mut request = query_request("sts", "GetCallerIdentity", &[]);
    let key = (client.key.access_key_id.as_str(), client.key.secret_access_key.as_str(), None);
    crate::sandbox::signature::sign(&mut request, key, "sts", start());
    let reply = client.sandbox.handle(request, start()).expect("a reply");
    assert_eq!(reply.headers()["date"], "Fri, 02 Jan 2026 03:04:05 GMT");
    let id = reply.headers()["x-amzn-requestid"].to_str().expect("text").to_owned();
    let reply = super::client::Reply::from(reply);
    assert_eq!(reply.text("RequestId"), Some(id.as_str()));
    assert!(reply.text("Arn").expect("an arn").ends_with(":user/admin"), "{}", reply.body);
}
