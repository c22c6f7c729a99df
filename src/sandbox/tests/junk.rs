//! Every operation with parameters that make no sense: a refusal, never a panic, and nothing changes.

use super::client::{Client, json_request, query_request, sandbox};
use crate::sandbox::service::Operation;
use crate::sandbox::{iam, organizations, sts};
use serde_json::{Value, json};

/// Members that operations read, filled with something of the wrong kind or content.
const MEMBERS: [&str; 40] = [
    "UserName",
    "GroupName",
    "RoleName",
    "PolicyName",
    "PolicyArn",
    "PolicyDocument",
    "AssumeRolePolicyDocument",
    "Path",
    "PathPrefix",
    "Tags",
    "TagKeys",
    "MaxItems",
    "Marker",
    "SerialNumber",
    "AuthenticationCode1",
    "AuthenticationCode2",
    "AccessKeyId",
    "Status",
    "VersionId",
    "RoleArn",
    "RoleSessionName",
    "DurationSeconds",
    "TokenCode",
    "Policy",
    "PolicyArns",
    "AccountAlias",
    "Filter",
    "MaxResults",
    "NextToken",
    "ParentId",
    "ChildId",
    "ChildType",
    "AccountId",
    "ResourceId",
    "TargetId",
    "PolicyId",
    "Type",
    "Content",
    "Name",
    "Email",
];

fn try_all(client: &Client, junk: &Value) {
    for (service, tables) in [("iam", iam::OPERATIONS), ("sts", sts::OPERATIONS), ("organizations", organizations::OPERATIONS)] {
        for Operation { name, .. } in tables.iter().copied().flatten() {
            let before = client.sandbox.estate();
            let request = if service == "organizations" {
                let members = MEMBERS.iter().map(|member| ((*member).to_owned(), junk.clone())).collect();
                json_request(name, &Value::Object(members))
            } else {
                let text = junk.as_str().map_or_else(|| junk.to_string(), str::to_owned);
                let params: Vec<(&str, &str)> = MEMBERS.iter().map(|member| (*member, text.as_str())).collect();
                query_request(service, name, &params)
            };
            let reply = client.send(request, service).expect("a reply");
            assert!(reply.status < 500, "{name} {junk}: {}", reply.body);
            if reply.status >= 300 {
                assert!(!reply.code().is_empty() && !reply.message().is_empty(), "{name} {junk}: {}", reply.body);
                assert!(client.sandbox.estate() == before, "{name} {junk}: refused, yet something changed");
            }
        }
    }
}

#[test]
fn no_operation_breaks_on_junk() {
    let client = Client::administrator(&sandbox());
    try_all(&client, &json!("x"));
    let client = Client::administrator(&sandbox());
    client.organizations("CreateOrganization", &json!({}));
    let long = "x".repeat(300);
    for junk in [json!(""), json!("a b/é\u{0}"), json!("-1"), json!("{}"), json!("arn:"), json!(0), json!([[]]), json!(null), json!(long)]
    {
        try_all(&client, &junk);
    }
}
