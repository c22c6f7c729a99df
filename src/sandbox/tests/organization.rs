//! The tree, its policies and its tags.

use super::client::{Client, sandbox};
use serde_json::{Value, json};

/// An administrator of an organisation with the accounts `a` and `b`; the root's id and the accounts' ids.
fn organization() -> (Client, String, Vec<String>) {
    let client = Client::administrator(&sandbox());
    assert_eq!(client.organizations("CreateOrganization", &json!({ "FeatureSet": "ALL" })).code(), "");
    for name in ["a", "b"] {
        let input = json!({ "AccountName": name, "Email": format!("{name}@example.com") });
        assert_eq!(client.organizations("CreateAccount", &input).code(), "");
    }
    let root = client.organizations("ListRoots", &json!({})).json()["Roots"][0]["Id"].clone();
    let accounts = client.sandbox.estate().accounts;
    let ids = ["a", "b"].map(|name| accounts.values().find(|account| account.name == name).expect("it").id.clone());
    (client, root.as_str().expect("an id").to_owned(), ids.to_vec())
}

fn unit(client: &Client, parent: &str, name: &str) -> String {
    let reply = client.organizations("CreateOrganizationalUnit", &json!({ "ParentId": parent, "Name": name }));
    assert_eq!(reply.code(), "", "{}", reply.body);
    reply.json()["OrganizationalUnit"]["Id"].as_str().expect("an id").to_owned()
}

/// Calls one after the other with the code each must give.
fn steps(client: &Client, table: &[(&str, Value, &str)]) {
    for (operation, input, code) in table {
        assert_eq!(client.organizations(operation, input).code(), *code, "{operation} {input}");
    }
}

#[test]
fn a_tree_is_built_and_taken_down() {
    let (client, root, accounts) = organization();
    let (a, b) = (&accounts[0], &accounts[1]);
    let ou = unit(&client, &root, "Workloads");
    let inner = unit(&client, &ou, "Prod");
    steps(
        &client,
        &[
            ("CreateOrganization", json!({}), "AlreadyInOrganizationException"),
            ("CreateOrganizationalUnit", json!({ "ParentId": root, "Name": "Workloads" }), "DuplicateOrganizationalUnitException"),
            ("CreateOrganizationalUnit", json!({ "ParentId": "ou-xxxx-12345678", "Name": "W" }), "ParentNotFoundException"),
            ("MoveAccount", json!({ "AccountId": a, "SourceParentId": root, "DestinationParentId": inner }), ""),
            ("MoveAccount", json!({ "AccountId": a, "SourceParentId": root, "DestinationParentId": inner }), "DuplicateAccountException"),
            ("MoveAccount", json!({ "AccountId": a, "SourceParentId": root, "DestinationParentId": ou }), "SourceParentNotFoundException"),
            (
                "MoveAccount",
                json!({ "AccountId": a, "SourceParentId": inner, "DestinationParentId": "ou-x" }),
                "DestinationParentNotFoundException",
            ),
            (
                "MoveAccount",
                json!({ "AccountId": "000000000000", "SourceParentId": root, "DestinationParentId": ou }),
                "AccountNotFoundException",
            ),
            ("DeleteOrganizationalUnit", json!({ "OrganizationalUnitId": ou }), "OrganizationalUnitNotEmptyException"),
            ("DeleteOrganizationalUnit", json!({ "OrganizationalUnitId": inner }), "OrganizationalUnitNotEmptyException"),
            ("UpdateOrganizationalUnit", json!({ "OrganizationalUnitId": inner, "Name": "Live" }), ""),
            ("CloseAccount", json!({ "AccountId": b }), ""),
            ("MoveAccount", json!({ "AccountId": a, "SourceParentId": inner, "DestinationParentId": root }), ""),
            ("DeleteOrganizationalUnit", json!({ "OrganizationalUnitId": inner }), ""),
            ("DescribeOrganizationalUnit", json!({ "OrganizationalUnitId": inner }), "OrganizationalUnitNotFoundException"),
            ("DeleteOrganizationalUnit", json!({ "OrganizationalUnitId": ou }), ""),
            ("ListChildren", json!({ "ParentId": root, "ChildType": "PEOPLE" }), "InvalidInputException"),
            ("ListParents", json!({ "ChildId": ou }), "ChildNotFoundException"),
        ],
    );
    let children = client.organizations("ListChildren", &json!({ "ParentId": root, "ChildType": "ACCOUNT" })).json();
    assert_eq!(children["Children"].as_array().map(Vec::len), Some(3));
}

#[test]
fn units_go_five_deep() {
    let (client, root, _) = organization();
    let mut parent = root;
    for level in 1..=5 {
        parent = unit(&client, &parent, &format!("level {level}"));
    }
    let reply = client.organizations("CreateOrganizationalUnit", &json!({ "ParentId": parent, "Name": "level 6" }));
    assert_eq!(reply.json()["Reason"], "OU_DEPTH_LIMIT_EXCEEDED");
}

#[test]
fn policies_are_made_attached_and_removed() {
    let (client, root, accounts) = organization();
    let content = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
    let input = json!({ "Name": "no-s3", "Description": "", "Type": "SERVICE_CONTROL_POLICY", "Content": content });
    let policy = client.organizations("CreatePolicy", &input).json()["Policy"]["PolicySummary"]["Id"].clone();
    // the model's pattern of a policy's ARN wants ten
    assert_eq!(policy.as_str().map(str::len), Some("p-".len() + 10));
    let target = |id: &str| json!({ "PolicyId": policy, "TargetId": id });
    let full = |id: &str| json!({ "PolicyId": "p-FullAWSAccess", "TargetId": id });
    let (a, b) = (accounts[0].as_str(), accounts[1].as_str());
    steps(
        &client,
        &[
            ("CreatePolicy", input.clone(), "DuplicatePolicyException"),
            (
                "CreatePolicy",
                json!({ "Name": "x", "Type": "TAG_POLICY", "Content": "{}" }),
                "PolicyTypeNotAvailableForOrganizationException",
            ),
            ("CreatePolicy", json!({ "Name": "x", "Type": "SERVICE_CONTROL_POLICY", "Content": "{" }), "MalformedPolicyDocumentException"),
            (
                "CreatePolicy",
                json!({ "Name": "x", "Type": "SERVICE_CONTROL_POLICY", "Content": " ".repeat(10_241) }),
                "ConstraintViolationException",
            ),
            ("UpdatePolicy", json!({ "PolicyId": "p-FullAWSAccess", "Name": "x" }), "InvalidInputException"),
            ("UpdatePolicy", json!({ "PolicyId": policy, "Description": "new" }), ""),
            ("DescribePolicy", json!({ "PolicyId": "p-00000000" }), "PolicyNotFoundException"),
            ("AttachPolicy", target(a), ""),
            ("AttachPolicy", target(a), "DuplicatePolicyAttachmentException"),
            ("AttachPolicy", target("000000000000"), "TargetNotFoundException"),
            ("AttachPolicy", target(&root), ""),
            ("DetachPolicy", full(a), ""),
            ("DetachPolicy", target(a), "ConstraintViolationException"),
            ("DetachPolicy", target(b), "PolicyNotAttachedException"),
            ("DeletePolicy", json!({ "PolicyId": policy }), "PolicyInUseException"),
            ("AttachPolicy", full(a), ""),
            ("DetachPolicy", target(a), ""),
            ("DetachPolicy", target(&root), ""),
            ("DeletePolicy", json!({ "PolicyId": policy }), ""),
            ("EnablePolicyType", json!({ "RootId": root, "PolicyType": "SERVICE_CONTROL_POLICY" }), "PolicyTypeAlreadyEnabledException"),
            ("DisablePolicyType", json!({ "RootId": root, "PolicyType": "SERVICE_CONTROL_POLICY" }), ""),
            ("AttachPolicy", full(a), "PolicyTypeNotEnabledException"),
            ("EnablePolicyType", json!({ "RootId": root, "PolicyType": "SERVICE_CONTROL_POLICY" }), ""),
            ("DetachPolicy", full(a), "ConstraintViolationException"),
            ("ListPolicies", json!({ "Filter": "NONSENSE" }), "InvalidInputException"),
            ("ListPolicies", json!({ "Filter": "TAG_POLICY" }), ""),
        ],
    );
    let targets = client.organizations("ListTargetsForPolicy", &json!({ "PolicyId": "p-FullAWSAccess" })).json();
    assert_eq!(targets["Targets"].as_array().map(Vec::len), Some(4));
}

#[test]
fn a_service_control_policy_binds_members() {
    let (client, root, accounts) = organization();
    let content = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sts:GetAccessKeyInfo","Resource":"*"}]}"#;
    let input = json!({ "Name": "no", "Description": "", "Type": "SERVICE_CONTROL_POLICY", "Content": content });
    let policy = client.organizations("CreatePolicy", &input).json()["Policy"]["PolicySummary"]["Id"].clone();
    assert_eq!(client.organizations("AttachPolicy", &json!({ "PolicyId": policy, "TargetId": root })).code(), "");
    let role = format!("arn:aws:iam::{}:role/OrganizationAccountAccessRole", accounts[0]);
    let inside = client.assume(&role, &[]).expect("a session");
    let params = [("AccessKeyId", client.key.access_key_id.as_str())];
    let reply = inside.query("sts", "GetAccessKeyInfo", &params);
    assert_eq!((reply.status, reply.code().as_str()), (403, "AccessDenied"));
    assert!(reply.message().ends_with("with an explicit deny in a service control policy"), "{}", reply.message());
    assert_eq!(client.query("sts", "GetAccessKeyInfo", &params).code(), "", "the management account is free");
    assert_eq!(inside.query("sts", "GetCallerIdentity", &[]).code(), "");
}

#[test]
fn a_policy_can_keep_a_region_out() {
    let (client, root, accounts) = organization();
    let content = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sts:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}}]}"#;
    let input = json!({ "Name": "no", "Description": "", "Type": "SERVICE_CONTROL_POLICY", "Content": content });
    let policy = client.organizations("CreatePolicy", &input).json()["Policy"]["PolicySummary"]["Id"].clone();
    assert_eq!(client.organizations("AttachPolicy", &json!({ "PolicyId": policy, "TargetId": root })).code(), "");
    let role = format!("arn:aws:iam::{}:role/OrganizationAccountAccessRole", accounts[0]);
    let inside = client.assume(&role, &[]).expect("a session");
    assert_eq!(inside.query("sts", "GetAccessKeyInfo", &[("AccessKeyId", "A")]).code(), "AccessDenied");
}

#[test]
fn tags_of_every_kind_of_resource() {
    let (client, root, accounts) = organization();
    let ou = unit(&client, &root, "U");
    for id in [&root, &ou, &accounts[0]] {
        let tags = json!([{ "Key": "team", "Value": "a" }, { "Key": "cost", "Value": "1" }]);
        steps(
            &client,
            &[
                ("TagResource", json!({ "ResourceId": id, "Tags": tags }), ""),
                ("TagResource", json!({ "ResourceId": id, "Tags": [{ "Key": "team", "Value": "b" }] }), ""),
                ("UntagResource", json!({ "ResourceId": id, "TagKeys": ["cost", "none"] }), ""),
            ],
        );
        let listed = client.organizations("ListTagsForResource", &json!({ "ResourceId": id })).json();
        assert_eq!(listed["Tags"], json!([{ "Key": "team", "Value": "b" }]), "{id}");
    }
    steps(&client, &[("ListTagsForResource", json!({ "ResourceId": "ou-none" }), "TargetNotFoundException")]);
}

#[test]
fn pages_of_accounts() {
    let (client, _, _) = organization();
    let mut seen = Vec::new();
    let mut input = json!({ "MaxResults": 2 });
    loop {
        let page = client.organizations("ListAccounts", &input).json();
        seen.extend(page["Accounts"].as_array().cloned().unwrap_or_default());
        match page.get("NextToken") {
            Some(token) => input["NextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 3);
    let users = [("MaxItems", "1")];
    assert_eq!(client.query("iam", "ListUsers", &users).count("member"), 1);
    steps(
        &client,
        &[
            ("ListAccounts", json!({ "MaxResults": 21 }), "InvalidInputException"),
            ("ListAccounts", json!({ "NextToken": "zz" }), "InvalidInputException"),
        ],
    );
}
