use super::table::{administrator, iam, play};
use crate::sandbox::AccessKey;
use crate::sandbox::tests::client::Client;

/// A user with one inline policy.
fn with_policy(admin: &Client, name: &str, policy: &str) -> Client {
    play(
        admin,
        &[
            ("CreateUser", &[("UserName", name)], ""),
            ("PutUserPolicy", &[("UserName", name), ("PolicyName", "p"), ("PolicyDocument", policy)], ""),
        ],
    );
    let made = iam(admin, "CreateAccessKey", &[("UserName", name)]);
    let text = |name| made.text(name).map(str::to_owned).expect("a text");
    Client { key: AccessKey { access_key_id: text("AccessKeyId"), secret_access_key: text("SecretAccessKey") }, ..admin.clone() }
}

#[test]
fn actions_resources_and_keys() {
    let admin = administrator();
    let account = admin.sandbox.management_account();
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[
            {{"Effect":"Allow","Action":["iam:CreateUser","iam:DeleteUser"],"Resource":"arn:aws:iam::{account}:user/team/*"}},
            {{"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"*","Condition":{{"ArnEquals":{{"iam:PolicyARN":"arn:aws:iam::aws:policy/ReadOnlyAccess"}}}}}},
            {{"Effect":"Allow","Action":"iam:TagUser","Resource":"*","Condition":{{"StringEquals":{{"aws:RequestTag/team":"a"}}}}}},
            {{"Effect":"Allow","Action":"iam:GetUser","Resource":"*","Condition":{{"StringEquals":{{"aws:ResourceTag/team":"a"}}}}}}]}}"#
    );
    let lead = with_policy(&admin, "lead", &policy);
    let denied = |action: &str, resource: &str| {
        format!(
            "AccessDenied: User: arn:aws:iam::{account}:user/lead is not authorized to perform: iam:{action} on resource: {resource} because no identity-based policy allows the iam:{action} action"
        )
    };
    let user = |name: &str| format!("arn:aws:iam::{account}:user/{name}");
    let team = |value| [("UserName", "bob"), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", value)];
    play(
        &lead,
        &[
            ("CreateUser", &[("UserName", "bob"), ("Path", "/team/")], ""),
            ("CreateUser", &[("UserName", "eve")], &denied("CreateUser", &user("eve"))),
            // tags at creation need the permission to tag as well
            (
                "CreateUser",
                &[("UserName", "x"), ("Path", "/team/"), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "b")],
                &denied("TagUser", &user("team/x")),
            ),
            ("GetUser", &[("UserName", "bob")], &denied("GetUser", &user("team/bob"))),
            ("TagUser", &team("b"), &denied("TagUser", &user("team/bob"))),
            ("TagUser", &team("a"), ""),
            ("GetUser", &[("UserName", "bob")], ""),
            ("AttachUserPolicy", &[("UserName", "bob"), ("PolicyArn", "arn:aws:iam::aws:policy/ReadOnlyAccess")], ""),
            (
                "AttachUserPolicy",
                &[("UserName", "bob"), ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")],
                &denied("AttachUserPolicy", &user("team/bob")),
            ),
            ("ListUsers", &[], &denied("ListUsers", &user(""))),
            ("DeleteUser", &[("UserName", "admin")], &denied("DeleteUser", &user("admin"))),
        ],
    );
}

#[test]
fn a_boundary_can_be_demanded() {
    let admin = administrator();
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:CreateUser","iam:PutUserPolicy"],"Resource":"*",
        "Condition":{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::aws:policy/PowerUserAccess"}}}}"#;
    let lead = with_policy(&admin, "lead", policy);
    let boundary = ("PermissionsBoundary", "arn:aws:iam::aws:policy/PowerUserAccess");
    assert_eq!(iam(&lead, "CreateUser", &[("UserName", "bob")]).code(), "AccessDenied");
    let inline = [("UserName", "bob"), ("PolicyName", "p"), ("PolicyDocument", super::table::READ)];
    play(&lead, &[("CreateUser", &[("UserName", "bob"), boundary], ""), ("PutUserPolicy", &inline, "")]);
    play(&admin, &[("DeleteUserPermissionsBoundary", &[("UserName", "bob")], "")]);
    assert_eq!(iam(&lead, "PutUserPolicy", &inline).code(), "AccessDenied");
}

#[test]
fn validation_comes_before_authorisation() {
    let admin = administrator();
    let nobody = with_policy(&admin, "nobody", super::table::READ);
    assert_eq!(iam(&nobody, "CreateUser", &[("UserName", "a b")]).code(), "ValidationError");
    assert_eq!(iam(&nobody, "CreateUser", &[]).code(), "ValidationError");
    assert_eq!(iam(&nobody, "CreateUser", &[("UserName", "ab")]).code(), "AccessDenied");
}
