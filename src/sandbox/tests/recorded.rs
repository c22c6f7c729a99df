//! The sandbox's answers beside answers of AWS itself. Each row names where AWS's was recorded: `LS` are LocalStack's snapshots of February
//! 2026, taken from AWS (`tests/aws/services/iam/test_iam_*.snapshot.json` there); the others are the documents and reports that the project's
//! facts about AWS cite.

use super::client::{Client, Reply, sandbox};
use crate::sandbox::{Sandbox, Settings};

type Params<'a> = &'a [(&'a str, &'a str)];

/// Source, operation of IAM, parameters, and the refusal as AWS wrote it: status, code, message.
type Refusal<'a> = (&'a str, &'a str, Params<'a>, (u16, &'a str, &'a str));

const READ: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}}"#;
const TRUST: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

fn iam(client: &Client, operation: &str, params: Params) -> Reply {
    client.query("iam", operation, params)
}

fn missing(message: &str) -> (u16, &str, &str) {
    (404, "NoSuchEntity", message)
}

fn malformed(message: &str) -> (u16, &str, &str) {
    (400, "MalformedPolicyDocument", message)
}

fn invalid(message: &str) -> (u16, &str, &str) {
    (400, "ValidationError", message)
}

fn refusals(client: &Client, rows: &[Refusal]) {
    for (source, operation, params, (status, code, message)) in rows {
        let reply = iam(client, operation, params);
        let got = (reply.status, reply.code(), reply.message().replace("&quot;", "\""));
        assert_eq!(got, (*status, (*code).to_owned(), (*message).to_owned()), "{source}: {operation}");
        assert_eq!(reply.text("Type"), Some("Sender"), "{source}: {operation}");
    }
}

/// An account with a user, a group, a role, a policy and a device, each holding what keeps it from being deleted.
fn account() -> (Client, String) {
    let client = Client::administrator(&sandbox());
    let policy = format!("arn:aws:iam::{}:policy/read", client.sandbox.management_account());
    let rows: &[(&str, Params)] = &[
        ("CreateUser", &[("UserName", "ana")]),
        ("CreateUser", &[("UserName", "held")]),
        ("CreateGroup", &[("GroupName", "readers")]),
        ("CreateGroup", &[("GroupName", "writers")]),
        ("CreateRole", &[("RoleName", "app"), ("AssumeRolePolicyDocument", TRUST)]),
        ("CreateRole", &[("RoleName", "held"), ("AssumeRolePolicyDocument", TRUST)]),
        ("CreatePolicy", &[("PolicyName", "read"), ("PolicyDocument", READ)]),
        ("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "device")]),
        ("CreateLoginProfile", &[("UserName", "ana"), ("Password", "long-Enough-1")]),
        ("PutUserPolicy", &[("UserName", "ana"), ("PolicyName", "p"), ("PolicyDocument", READ)]),
        ("PutRolePolicy", &[("RoleName", "app"), ("PolicyName", "p"), ("PolicyDocument", READ)]),
        ("AttachUserPolicy", &[("UserName", "held"), ("PolicyArn", &policy)]),
        ("AttachRolePolicy", &[("RoleName", "held"), ("PolicyArn", &policy)]),
    ];
    for (operation, params) in rows {
        assert_eq!(iam(&client, operation, params).code(), "", "{operation}");
    }
    for _ in 0..4 {
        assert_eq!(iam(&client, "CreatePolicyVersion", &[("PolicyArn", &policy), ("PolicyDocument", READ)]).code(), "");
    }
    (client, policy)
}

#[test]
fn what_is_there_already_or_in_the_way() {
    let (client, policy) = account();
    let arn = ("PolicyArn", policy.as_str());
    refusals(
        &client,
        &[
            ("LS users", "CreateUser", &[("UserName", "ana")], (409, "EntityAlreadyExists", "User with name ana already exists.")),
            (
                "LS groups",
                "CreateGroup",
                &[("GroupName", "readers")],
                (409, "EntityAlreadyExists", "Group with name readers already exists."),
            ),
            (
                "LS groups",
                "UpdateGroup",
                &[("GroupName", "readers"), ("NewGroupName", "writers")],
                (409, "EntityAlreadyExists", "Group with name writers already exists."),
            ),
            (
                "LS roles",
                "CreateRole",
                &[("RoleName", "app"), ("AssumeRolePolicyDocument", TRUST)],
                (409, "EntityAlreadyExists", "Role with name app already exists."),
            ),
            (
                "LS policies",
                "CreatePolicy",
                &[("PolicyName", "read"), ("PolicyDocument", READ)],
                (409, "EntityAlreadyExists", "A policy called read already exists. Duplicate names are not allowed."),
            ),
            (
                "LS users",
                "CreateLoginProfile",
                &[("UserName", "ana"), ("Password", "long-Enough-1")],
                (409, "EntityAlreadyExists", "Login Profile for user ana already exists."),
            ),
            (
                "LS mfa",
                "CreateVirtualMFADevice",
                &[("VirtualMFADeviceName", "device")],
                (409, "EntityAlreadyExists", "MFA device already exists."),
            ),
            (
                "LS users",
                "DeleteUser",
                &[("UserName", "ana")],
                (409, "DeleteConflict", "Cannot delete entity, must delete policies first."),
            ),
            (
                "LS users",
                "DeleteUser",
                &[("UserName", "held")],
                (409, "DeleteConflict", "Cannot delete entity, must detach all policies first."),
            ),
            (
                "LS roles",
                "DeleteRole",
                &[("RoleName", "app")],
                (409, "DeleteConflict", "Cannot delete entity, must delete policies first."),
            ),
            (
                "LS roles",
                "DeleteRole",
                &[("RoleName", "held")],
                (409, "DeleteConflict", "Cannot delete entity, must detach all policies first."),
            ),
            (
                "LS policies",
                "DeletePolicyVersion",
                &[arn, ("VersionId", "v1")],
                (409, "DeleteConflict", "Cannot delete the default version of a policy."),
            ),
            (
                "LS policies",
                "CreatePolicyVersion",
                &[arn, ("PolicyDocument", READ)],
                (
                    409,
                    "LimitExceeded",
                    "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
                ),
            ),
        ],
    );
}

#[test]
fn what_is_not_there() {
    let (client, policy) = account();
    let home = client.sandbox.management_account();
    let (gone, device) = (format!("arn:aws:iam::{home}:policy/gone"), format!("arn:aws:iam::{home}:mfa/gone"));
    let not_there = |what: &str| format!("The {what} cannot be found.");
    let version = |of: &str, version: &str| format!("Policy {of} version {version} does not exist or is not attachable.");
    let (user, group, role) = (not_there("user with name gone"), not_there("group with name gone"), not_there("role with name gone"));
    let missing_device = format!("MFA Device with serial number {device} does not exist.");
    refusals(
        &client,
        &[
            ("LS users", "GetUser", &[("UserName", "gone")], missing(&user)),
            ("LS users", "UpdateUser", &[("UserName", "gone"), ("NewUserName", "x")], missing(&user)),
            ("LS users", "CreateLoginProfile", &[("UserName", "gone"), ("Password", "long-Enough-1")], missing(&user)),
            ("LS users", "GetLoginProfile", &[("UserName", "held")], missing("Login Profile for User held cannot be found.")),
            ("LS users", "DeleteLoginProfile", &[("UserName", "held")], missing("Login Profile for User held cannot be found.")),
            ("LS groups", "DeleteGroup", &[("GroupName", "gone")], missing(&group)),
            ("LS groups", "AddUserToGroup", &[("UserName", "ana"), ("GroupName", "gone")], missing(&group)),
            ("LS groups: the user first", "AddUserToGroup", &[("UserName", "gone"), ("GroupName", "gone")], missing(&user)),
            ("LS groups: the user first", "RemoveUserFromGroup", &[("UserName", "gone"), ("GroupName", "gone")], missing(&user)),
            (
                "LS groups",
                "GetGroupPolicy",
                &[("GroupName", "readers"), ("PolicyName", "gone")],
                missing("The group policy with name gone cannot be found."),
            ),
            (
                "LS groups",
                "DetachGroupPolicy",
                &[("GroupName", "readers"), ("PolicyArn", &policy)],
                missing(&format!("Policy {policy} was not found.")),
            ),
            ("LS roles", "UpdateRole", &[("RoleName", "gone")], missing(&role)),
            (
                "LS roles",
                "DeleteRolePolicy",
                &[("RoleName", "app"), ("PolicyName", "gone")],
                missing("The role policy with name gone cannot be found."),
            ),
            (
                "LS (section 2, Attach*Policy)",
                "AttachRolePolicy",
                &[("RoleName", "app"), ("PolicyArn", &gone)],
                missing(&format!("Policy {gone} does not exist or is not attachable.")),
            ),
            ("LS policies", "GetPolicyVersion", &[("PolicyArn", &policy), ("VersionId", "v9")], missing(&version(&policy, "v9"))),
            ("LS policies", "SetDefaultPolicyVersion", &[("PolicyArn", &gone), ("VersionId", "v1")], missing(&version(&gone, "v1"))),
            ("LS mfa", "DeleteVirtualMFADevice", &[("SerialNumber", &device)], missing(&missing_device)),
            ("LS mfa", "DeactivateMFADevice", &[("UserName", "ana"), ("SerialNumber", &device)], missing(&missing_device)),
        ],
    );
    assert_eq!(iam(&client, "AddUserToGroup", &[("UserName", "ana"), ("GroupName", "readers")]).code(), "");
    assert_eq!(iam(&client, "AddUserToGroup", &[("UserName", "ana"), ("GroupName", "readers")]).code(), "", "LS groups: twice is no error");
}

#[test]
fn what_breaks_a_rule() {
    let (client, policy) = account();
    let trust = |action: &str, more: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"ec2.amazonaws.com"}},"Action":"{action}"{more}}}]}}"#
        )
    };
    let (resource, action) = (trust("sts:AssumeRole", r#","Resource":"*""#), trust("s3:GetObject", ""));
    let principals = vec![r#""111122223333""#; 150].join(",");
    let long_trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":[{principals}]}},"Action":"sts:AssumeRole"}}]}}"#
    );
    let long = READ.replace("ListBucket", &"x".repeat(2048));
    let path = format!("/{}/", "x".repeat(512));
    let update = |document| [("RoleName", "app"), ("PolicyDocument", document)];
    let bad_path = "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.";
    refusals(
        &client,
        &[
            ("LS roles", "UpdateAssumeRolePolicy", &update("{"), malformed("This policy contains invalid Json")),
            (
                "LS roles",
                "UpdateAssumeRolePolicy",
                &update(&action),
                malformed("AssumeRole policy may only specify STS AssumeRole actions."),
            ),
            ("LS roles", "UpdateAssumeRolePolicy", &update(&resource), malformed("Has prohibited field Resource")),
            (
                "section 2, sizes",
                "PutUserPolicy",
                &[("UserName", "ana"), ("PolicyName", "p"), ("PolicyDocument", &long)],
                (409, "LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user ana"),
            ),
            (
                "section 2, sizes",
                "UpdateAssumeRolePolicy",
                &update(&long_trust),
                (409, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048"),
            ),
            ("LS mfa", "ListVirtualMFADevices", &[("Marker", "nonsense")], invalid("Invalid Marker.")),
            ("LS mfa", "CreateVirtualMFADevice", &[("VirtualMFADeviceName", "x"), ("Path", "test/")], invalid(bad_path)),
            (
                "LS mfa",
                "CreateVirtualMFADevice",
                &[("VirtualMFADeviceName", "x"), ("Path", &path)],
                invalid(
                    "1 validation error detected: Value at 'path' failed to satisfy constraint: Member must have length less than or equal to 512",
                ),
            ),
            (
                "LS managed policies",
                "GetPolicyVersion",
                &[("PolicyArn", &policy), ("VersionId", "1")],
                invalid(
                    r"1 validation error detected: Value at 'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?",
                ),
            ),
        ],
    );
}

#[test]
fn eleven_policies_on_a_user() {
    let (client, _) = account();
    for number in 0..9 {
        let name = format!("p{number}");
        let arn = format!("arn:aws:iam::{}:policy/{name}", client.sandbox.management_account());
        assert_eq!(iam(&client, "CreatePolicy", &[("PolicyName", &name), ("PolicyDocument", READ)]).code(), "");
        assert_eq!(iam(&client, "AttachUserPolicy", &[("UserName", "held"), ("PolicyArn", &arn)]).code(), "");
    }
    let one_more = [("UserName", "held"), ("PolicyArn", "arn:aws:iam::aws:policy/ReadOnlyAccess")];
    let wanted = (409, "LimitExceeded", "Cannot exceed quota for PoliciesPerUser: 10");
    refusals(&client, &[("section 2, sizes", "AttachUserPolicy", &one_more, wanted)]);
}

/// Source, operation, parameters, elements that must be there, and elements that must not.
type Members<'a> = (&'a str, &'a str, Params<'a>, &'a [&'a str], &'a [&'a str]);

#[test]
fn what_answers_leave_out() {
    let (client, policy) = account();
    let tagged = [("RoleName", "tagged"), ("AssumeRolePolicyDocument", TRUST), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
    let bounded = [tagged.as_slice(), &[("PermissionsBoundary", policy.as_str())]].concat();
    let rows: &[Members] = &[
        ("LS roles", "CreateRole", &bounded, &["RoleId", "Tags"], &["MaxSessionDuration", "RoleLastUsed", "Description"]),
        ("LS roles", "GetRole", &[("RoleName", "app")], &["MaxSessionDuration", "RoleLastUsed"], &["Description", "Tags"]),
        ("botocore's model: ListRoles", "ListRoles", &[], &["MaxSessionDuration"], &["Tags", "PermissionsBoundary", "RoleLastUsed"]),
        ("LS roles", "UpdateRoleDescription", &[("RoleName", "app"), ("Description", "d")], &["Description"], &["MaxSessionDuration"]),
        ("LS policies", "GetPolicy", &[("PolicyArn", &policy)], &["Tags", "PermissionsBoundaryUsageCount"], &["Description"]),
        ("LS policies", "ListPolicies", &[("Scope", "Local")], &["IsAttachable"], &["Tags", "Description"]),
        ("LS mfa", "ListVirtualMFADevices", &[], &["SerialNumber"], &["Base32StringSeed", "User", "EnableDate"]),
        ("LS users", "GetUser", &[("UserName", "ana")], &["UserId"], &["Tags", "PasswordLastUsed", "PermissionsBoundary"]),
    ];
    for (source, operation, params, present, absent) in rows {
        let reply = iam(&client, operation, params);
        assert_eq!(reply.code(), "", "{source}: {operation}");
        for member in *present {
            assert!(reply.count(member) > 0, "{source}: {operation} has no {member}: {}", reply.body);
        }
        for member in *absent {
            assert_eq!(reply.count(member), 0, "{source}: {operation} has {member}: {}", reply.body);
        }
    }
}

/// RFC 3986: all but the unreserved is percent-encoded (botocore's model of GetRole and its like).
#[test]
fn documents_come_back_percent_encoded() {
    let (client, policy) = account();
    let rows: &[(&str, Params, &str)] = &[
        ("GetRole", &[("RoleName", "app")], "AssumeRolePolicyDocument"),
        ("GetRolePolicy", &[("RoleName", "app"), ("PolicyName", "p")], "PolicyDocument"),
        ("GetUserPolicy", &[("UserName", "ana"), ("PolicyName", "p")], "PolicyDocument"),
        ("GetPolicyVersion", &[("PolicyArn", &policy), ("VersionId", "v1")], "Document"),
        ("GetAccountAuthorizationDetails", &[], "AssumeRolePolicyDocument"),
    ];
    for (operation, params, member) in rows {
        let reply = iam(&client, operation, params);
        let text = reply.text(member).expect(operation);
        assert!(text.starts_with("%7B%22") && text.contains("%22Version%22%3A%222012-10-17%22"), "{operation}: {text}");
        assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~%".contains(c)), "{operation}: {text}");
    }
}

#[test]
fn sts_refuses_in_these_words() {
    let (client, _) = account();
    let home = client.sandbox.management_account();
    let role = format!("arn:aws:iam::{home}:role/chained");
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":["arn:aws:iam::{home}:root","arn:aws:iam::{home}:role/first"]}},"Action":"sts:AssumeRole"}}]}}"#
    );
    let open = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{home}:root"}},"Action":"sts:AssumeRole"}}]}}"#
    );
    let make = |name, trust: &str| {
        iam(&client, "CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", trust), ("MaxSessionDuration", "7200")]).code()
    };
    assert_eq!([make("first", &open), make("chained", &trust)], ["", ""]);
    let attach = [("RoleName", "first"), ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")];
    assert_eq!(iam(&client, "AttachRolePolicy", &attach).code(), "");
    let first = client.assume(&format!("arn:aws:iam::{home}:role/first"), &[]).expect("a session");

    // aws-vault's USAGE.md; the STS API reference has the hour
    let refusal = first.assume(&role, &[("DurationSeconds", "7200")]).err().expect("a refusal");
    let message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
    assert_eq!((refusal.status, refusal.code(), refusal.message()), (400, "ValidationError".to_owned(), message.to_owned()));
    assert!(first.assume(&role, &[("DurationSeconds", "3600")]).is_ok());
    assert!(client.assume(&role, &[("DurationSeconds", "7200")]).is_ok(), "a user is not chained");

    // 1Password's shell-plugins #180: a code that was used or is wrong
    let serial = format!("arn:aws:iam::{home}:mfa/admin");
    assert_eq!(iam(&client, "CreateVirtualMFADevice", &[("VirtualMFADeviceName", "admin")]).code(), "");
    let code = |client: &Client| client.sandbox.mfa_code(&serial, client.now);
    let codes = (code(&client), code(&client.later(30)));
    let enable =
        [("UserName", "admin"), ("SerialNumber", serial.as_str()), ("AuthenticationCode1", &codes.0), ("AuthenticationCode2", &codes.1)];
    assert_eq!(iam(&client, "EnableMFADevice", &enable).code(), "");
    let refusal = client.later(30).query("sts", "GetSessionToken", &[("SerialNumber", &serial), ("TokenCode", &codes.1)]);
    assert_eq!((refusal.status, refusal.code()), (403, "AccessDenied".to_owned()));
    assert!(refusal.message().contains("invalid MFA one time pass code"), "{}", refusal.message());
    // LS mfa
    refusals(&client, &[("LS mfa", "EnableMFADevice", &enable, (409, "EntityAlreadyExists", "MFA Device is already in use."))]);
}

/// The message cited in section 3 of the facts about AWS. The sandbox hands out no keys of a root user: one is written into a world.
#[test]
fn root_assumes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("world.sqlite");
    drop(Sandbox::open(Settings::default(), Some(&path)).expect("a sandbox"));
    let connection = rusqlite::Connection::open(&path).expect("a connection");
    let sql = r#"UPDATE rows SET json = replace(json, '{"User":{"name":"admin"}}', '"Root"') WHERE kind = 'credential'"#;
    assert_eq!(connection.execute(sql, []).expect("it runs"), 1);
    drop(connection);
    let root = Client::administrator(&Sandbox::open(Settings::default(), Some(&path)).expect("a sandbox"));
    let arn = format!("arn:aws:iam::{}:role/any", root.sandbox.management_account());
    assert!(root.query("sts", "GetCallerIdentity", &[]).text("Arn").expect("an arn").ends_with(":root"));
    let refusal = root.assume(&arn, &[]).err().expect("a refusal");
    let wanted = (403, "AccessDenied".to_owned(), "Roles may not be assumed by root accounts.".to_owned());
    assert_eq!((refusal.status, refusal.code(), refusal.message()), wanted);
}
