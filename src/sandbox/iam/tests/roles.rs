use super::table::{READ, TRUST_EC2, administrator, decoded, iam, play};

#[test]
fn life_of_a_role() {
    let client = administrator();
    let account = client.sandbox.management_account();
    let role = ("RoleName", "app");
    let trust = ("AssumeRolePolicyDocument", TRUST_EC2);
    let arn = format!("<Arn>arn:aws:iam::{account}:role/x/app</Arn>");
    let session = |least: bool| {
        format!(
            "ValidationError: 1 validation error detected: Value at 'maxSessionDuration' failed to satisfy constraint: Member must have value {}",
            if least { "greater than or equal to 3600" } else { "less than or equal to 43200" }
        )
    };
    play(
        &client,
        &[
            ("GetRole", &[role], "NoSuchEntity: The role with name app cannot be found."),
            ("CreateRole", &[role, trust, ("MaxSessionDuration", "900")], &session(true)),
            ("CreateRole", &[role, trust, ("MaxSessionDuration", "50000")], &session(false)),
            ("CreateRole", &[role, trust, ("Path", "/x/"), ("Description", "d"), ("MaxSessionDuration", "7200")], &arn),
            ("CreateRole", &[("RoleName", "App"), trust], "EntityAlreadyExists: Role with name App already exists."),
            ("CreateRole", &[("RoleName", "plain"), trust], "!MaxSessionDuration"),
            ("GetRole", &[("RoleName", "plain")], "<MaxSessionDuration>3600</MaxSessionDuration>"),
            ("GetRole", &[("RoleName", "plain")], "!<Description>"),
            ("GetRole", &[role], "<MaxSessionDuration>7200</MaxSessionDuration>"),
            ("GetRole", &[role], "<RoleLastUsed></RoleLastUsed>"),
            ("UpdateRole", &[role, ("Description", "e")], "<UpdateRoleResult></UpdateRoleResult>"),
            ("GetRole", &[role], "<MaxSessionDuration>7200</MaxSessionDuration>"),
            ("UpdateRole", &[role, ("MaxSessionDuration", "3600")], ""),
            ("GetRole", &[role], "<Description>e</Description>"),
            ("UpdateRoleDescription", &[role, ("Description", "f")], "<Description>f</Description>"),
            ("TagRole", &[role, ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")], ""),
            ("ListRoleTags", &[role], "<Key>k</Key>"),
            ("ListRoles", &[("PathPrefix", "/x/")], "<Description>f</Description>"),
            ("ListRoles", &[("PathPrefix", "/x/")], "!<Tags>"),
            ("UntagRole", &[role, ("TagKeys.member.1", "k")], ""),
            ("PutRolePermissionsBoundary", &[role, ("PermissionsBoundary", "arn:aws:iam::aws:policy/PowerUserAccess")], ""),
            ("GetRole", &[role], "<PermissionsBoundaryType>Policy</PermissionsBoundaryType>"),
            ("DeleteRolePermissionsBoundary", &[role], ""),
            ("PutRolePolicy", &[role, ("PolicyName", "p"), ("PolicyDocument", READ)], ""),
            ("DeleteRole", &[role], "DeleteConflict: Cannot delete entity, must delete policies first."),
            ("DeleteRolePolicy", &[role, ("PolicyName", "p")], ""),
            ("AttachRolePolicy", &[role, ("PolicyArn", "arn:aws:iam::aws:policy/ReadOnlyAccess")], ""),
            ("DeleteRole", &[role], "DeleteConflict: Cannot delete entity, must detach all policies first."),
            ("DetachRolePolicy", &[role, ("PolicyArn", "arn:aws:iam::aws:policy/ReadOnlyAccess")], ""),
            ("DeleteRole", &[role], ""),
            ("DeleteRole", &[role], "NoSuchEntity: The role with name app cannot be found."),
        ],
    );
}

#[test]
fn documents_come_back_percent_encoded() {
    let client = administrator();
    let role = ("RoleName", "app");
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b-u_c.k~et/${aws:username}/*"}]}"#;
    play(
        &client,
        &[
            ("CreateRole", &[role, ("AssumeRolePolicyDocument", TRUST_EC2)], ""),
            ("PutRolePolicy", &[role, ("PolicyName", "p"), ("PolicyDocument", document)], ""),
        ],
    );
    let reply = iam(&client, "GetRolePolicy", &[role, ("PolicyName", "p")]);
    let text = reply.text("PolicyDocument").expect("a document");
    assert!(!text.contains(['{', '"', ' ', '*', '$', ':', '/', '+']), "{text}");
    assert!(text.contains("b-u_c.k~et"), "{text}");
    let (back, sent): (serde_json::Value, serde_json::Value) =
        (serde_json::from_str(&decoded(text)).expect("JSON"), serde_json::from_str(document).expect("JSON"));
    assert_eq!(back, sent);
}

#[test]
fn inline_policies_share_one_quota() {
    let client = administrator();
    let role = ("RoleName", "app");
    // about 5000 characters that count, and as many that do not
    let document = |letter: &str| {
        format!(
            r#"{{"Version":"2012-10-17",{}"Statement":{{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::{}"}}}}"#,
            " ".repeat(5000),
            letter.repeat(5000)
        )
    };
    let (one, two, three) = (document("a"), document("b"), document("c"));
    let exceeded = "LimitExceeded: Maximum policy size of 10240 bytes exceeded for role app";
    play(
        &client,
        &[
            ("CreateRole", &[role, ("AssumeRolePolicyDocument", TRUST_EC2)], ""),
            ("PutRolePolicy", &[role, ("PolicyName", "one"), ("PolicyDocument", &one)], ""),
            ("PutRolePolicy", &[role, ("PolicyName", "two"), ("PolicyDocument", &two)], ""),
            ("PutRolePolicy", &[role, ("PolicyName", "three"), ("PolicyDocument", &three)], exceeded),
            ("PutRolePolicy", &[role, ("PolicyName", "two"), ("PolicyDocument", &three)], ""),
            ("ListRolePolicies", &[role], "<PolicyNames><member>one</member><member>two</member></PolicyNames>"),
            ("DeleteRolePolicy", &[role, ("PolicyName", "no")], "NoSuchEntity: The role policy with name no cannot be found."),
            ("GetRolePolicy", &[role, ("PolicyName", "no")], "NoSuchEntity: The role policy with name no cannot be found."),
        ],
    );
}
