use super::table::{READ, TRUST_EC2, administrator, iam, play};

const WRITE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Put*"],"Resource":["*"]}]}"#;

#[test]
fn life_of_a_policy() {
    let client = administrator();
    let account = client.sandbox.management_account();
    let arn = format!("arn:aws:iam::{account}:policy/x/app");
    let policy = ("PolicyArn", arn.as_str());
    let not_found = format!("NoSuchEntity: Policy {arn} was not found.");
    let not_attachable = format!("NoSuchEntity: Policy {arn} does not exist or is not attachable.");
    let element = format!("<Arn>{arn}</Arn>");
    play(
        &client,
        &[
            ("GetPolicy", &[policy], &not_found),
            ("GetPolicy", &[("PolicyArn", "arn:aws:iam::something")], "ValidationError: ARN arn:aws:iam::something is not valid."),
            ("CreatePolicy", &[("PolicyName", "app"), ("PolicyDocument", "{}")], "MalformedPolicyDocument: Syntax errors in policy."),
            ("CreatePolicy", &[("PolicyName", "app"), ("Path", "/x/"), ("Description", "d"), ("PolicyDocument", READ)], &element),
            (
                "CreatePolicy",
                &[("PolicyName", "APP"), ("PolicyDocument", READ)],
                "EntityAlreadyExists: A policy called APP already exists. Duplicate names are not allowed.",
            ),
            ("GetPolicy", &[policy], "<Description>d</Description>"),
            ("GetPolicy", &[policy], "<Tags></Tags>"),
            ("ListPolicies", &[("Scope", "Local")], &element),
            ("ListPolicies", &[("Scope", "Local")], "!<Description>"),
            ("ListPolicies", &[("Scope", "Local"), ("OnlyAttached", "true")], "<Policies></Policies>"),
            ("ListPolicies", &[("Scope", "Local"), ("PathPrefix", "/y/")], "<Policies></Policies>"),
            ("ListPolicies", &[("Scope", "AWS"), ("OnlyAttached", "true")], "<PolicyName>AdministratorAccess</PolicyName>"),
            ("CreateUser", &[("UserName", "bob")], ""),
            ("AttachUserPolicy", &[("UserName", "bob"), policy], ""),
            ("AttachUserPolicy", &[("UserName", "bob"), policy], ""),
            ("AttachUserPolicy", &[("UserName", "no"), policy], "NoSuchEntity: The user with name no cannot be found."),
            ("GetPolicy", &[policy], "<AttachmentCount>1</AttachmentCount>"),
            ("ListAttachedUserPolicies", &[("UserName", "bob")], "<PolicyName>app</PolicyName>"),
            ("ListAttachedUserPolicies", &[("UserName", "bob"), ("PathPrefix", "/y/")], "<AttachedPolicies></AttachedPolicies>"),
            ("ListEntitiesForPolicy", &[policy], "<UserName>bob</UserName></member></PolicyUsers>"),
            ("ListEntitiesForPolicy", &[policy, ("EntityFilter", "Role")], "<PolicyUsers></PolicyUsers>"),
            ("DeletePolicy", &[policy], "DeleteConflict: Cannot delete a policy attached to entities."),
            ("DetachUserPolicy", &[("UserName", "bob"), policy], ""),
            ("DetachUserPolicy", &[("UserName", "bob"), policy], &not_found),
            ("TagPolicy", &[policy, ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")], ""),
            ("ListPolicyTags", &[policy], "<Key>k</Key>"),
            ("UntagPolicy", &[policy, ("TagKeys.member.1", "k")], ""),
            ("DeletePolicy", &[policy], ""),
            ("DeletePolicy", &[policy], &not_found),
            ("AttachUserPolicy", &[("UserName", "bob"), policy], &not_attachable),
        ],
    );
}

#[test]
fn versions() {
    let client = administrator();
    let account = client.sandbox.management_account();
    let arn = format!("arn:aws:iam::{account}:policy/app");
    let policy = ("PolicyArn", arn.as_str());
    let version = |id: &'static str| ("VersionId", id);
    let missing = format!("NoSuchEntity: Policy {arn} version v9 does not exist or is not attachable.");
    let pattern = r"ValidationError: 1 validation error detected: Value at 'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?";
    let next = ("PolicyDocument", WRITE);
    play(
        &client,
        &[
            ("CreatePolicy", &[("PolicyName", "app"), ("PolicyDocument", READ)], "<DefaultVersionId>v1</DefaultVersionId>"),
            ("CreatePolicyVersion", &[policy, next, ("SetAsDefault", "true")], "<VersionId>v2</VersionId>"),
            ("GetPolicy", &[policy], "<DefaultVersionId>v2</DefaultVersionId>"),
            ("GetPolicyVersion", &[policy, version("v1")], "<IsDefaultVersion>false</IsDefaultVersion>"),
            ("GetPolicyVersion", &[policy, version("v9")], &missing),
            ("GetPolicyVersion", &[policy, version("1")], pattern),
            ("DeletePolicyVersion", &[policy, version("v2")], "DeleteConflict: Cannot delete the default version of a policy."),
            ("DeletePolicyVersion", &[policy, version("v9")], &missing),
            ("CreatePolicyVersion", &[policy, next], "<VersionId>v3</VersionId>"),
            ("CreatePolicyVersion", &[policy, next], "<VersionId>v4</VersionId>"),
            ("CreatePolicyVersion", &[policy, next], "<IsDefaultVersion>false</IsDefaultVersion>"),
            (
                "CreatePolicyVersion",
                &[policy, next],
                "LimitExceeded: A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
            ),
            ("DeletePolicyVersion", &[policy, version("v5")], ""),
            ("CreatePolicyVersion", &[policy, next], "<VersionId>v6</VersionId>"),
            ("SetDefaultPolicyVersion", &[policy, version("v1")], ""),
            ("SetDefaultPolicyVersion", &[policy, version("v9")], &missing),
            ("GetPolicy", &[policy], "<DefaultVersionId>v1</DefaultVersionId>"),
            (
                "DeletePolicy",
                &[policy],
                "DeleteConflict: This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
            ),
        ],
    );
    let body = iam(&client, "ListPolicyVersions", &[policy]).body;
    let order: Vec<_> = body.split("<VersionId>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
    assert_eq!(order, ["v6", "v4", "v3", "v2", "v1"]);
}

#[test]
fn quotas() {
    let client = administrator();
    let huge = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::{}"}}}}"#,
        "a".repeat(6200)
    );
    play(
        &client,
        &[
            (
                "CreatePolicy",
                &[("PolicyName", "huge"), ("PolicyDocument", &huge)],
                "LimitExceeded: Cannot exceed quota for PolicySize: 6144",
            ),
            ("CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", TRUST_EC2)], ""),
        ],
    );
    let account = client.sandbox.management_account();
    for number in 0..=10 {
        let name = format!("p{number}");
        let arn = format!("arn:aws:iam::{account}:policy/{name}");
        let expected = if number == 10 { "LimitExceeded: Cannot exceed quota for PoliciesPerRole: 10" } else { "" };
        play(
            &client,
            &[
                ("CreatePolicy", &[("PolicyName", &name), ("PolicyDocument", READ)], ""),
                ("AttachRolePolicy", &[("RoleName", "r"), ("PolicyArn", &arn)], expected),
            ],
        );
    }
}

#[test]
fn policies_of_aws() {
    let client = administrator();
    let admin = ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess");
    play(
        &client,
        &[
            ("GetPolicy", &[admin], "<AttachmentCount>1</AttachmentCount>"),
            ("GetPolicyVersion", &[admin, ("VersionId", "v1")], "<Document>%7B"),
            ("ListPolicyVersions", &[admin], "<VersionId>v1</VersionId>"),
            (
                "GetPolicy",
                &[("PolicyArn", "arn:aws:iam::aws:policy/NoSuchPolicy")],
                "NoSuchEntity: Policy arn:aws:iam::aws:policy/NoSuchPolicy was not found.",
            ),
            (
                "AttachUserPolicy",
                &[("UserName", "admin"), ("PolicyArn", "arn:aws-cn:iam::aws:policy/ReadOnlyAccess")],
                "NoSuchEntity: Policy arn:aws-cn:iam::aws:policy/ReadOnlyAccess does not exist or is not attachable.",
            ),
        ],
    );
    assert_eq!(iam(&client, "DeletePolicy", &[admin]).code(), "AccessDenied");
}
