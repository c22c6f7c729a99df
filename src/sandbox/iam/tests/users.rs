use super::table::{READ, administrator, iam, play};

#[test]
fn life_of_a_user() {
    let client = administrator();
    let account = client.sandbox.management_account();
    let arn = format!("<Arn>arn:aws:iam::{account}:user/team/alice</Arn>");
    let moved = format!("<Arn>arn:aws:iam::{account}:user/other/carol</Arn>");
    let alice = &[("UserName", "alice")][..];
    let long = "x".repeat(65);
    play(
        &client,
        &[
            ("GetUser", alice, "NoSuchEntity: The user with name alice cannot be found."),
            ("CreateUser", &[("UserName", "alice"), ("Path", "/team/"), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")], &arn),
            ("CreateUser", alice, "EntityAlreadyExists: User with name alice already exists."),
            ("CreateUser", &[("UserName", "ALICE")], "EntityAlreadyExists: User with name ALICE already exists."),
            ("GetUser", alice, "<Tags><member><Key>k</Key><Value>v</Value></member></Tags>"),
            ("GetUser", &[("UserName", "Alice")], "<UserName>alice</UserName>"),
            ("GetUser", alice, "<CreateDate>2026-01-02T03:04:05Z</CreateDate>"),
            ("GetUser", &[], "<UserName>admin</UserName>"),
            ("ListUsers", &[], &arn),
            ("ListUsers", &[], "!<Tags>"),
            ("ListUsers", &[("PathPrefix", "/te")], "!admin"),
            (
                "CreateUser",
                &[("UserName", "a b")],
                "ValidationError: The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
            ),
            (
                "CreateUser",
                &[("UserName", &long)],
                "ValidationError: 1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must have length less than or equal to 64",
            ),
            ("UpdateUser", &[("UserName", "alice"), ("NewUserName", "carol"), ("NewPath", "/other/")], ""),
            ("GetUser", &[("UserName", "carol")], &moved),
            ("GetUser", &[("UserName", "carol")], "<CreateDate>2026-01-02T03:04:05Z</CreateDate>"),
            ("GetUser", alice, "NoSuchEntity: The user with name alice cannot be found."),
            ("UpdateUser", &[("UserName", "carol"), ("NewUserName", "admin")], "EntityAlreadyExists: User with name admin already exists."),
            ("UpdateUser", &[("UserName", "carol"), ("NewUserName", "Carol")], ""),
            ("GetUser", &[("UserName", "carol")], "<UserName>Carol</UserName>"),
            ("DeleteUser", &[("UserName", "carol")], ""),
            ("DeleteUser", &[("UserName", "carol")], "NoSuchEntity: The user with name carol cannot be found."),
        ],
    );
}

#[test]
fn tags() {
    let client = administrator();
    let bob = ("UserName", "bob");
    let long = "x".repeat(129);
    play(
        &client,
        &[
            ("CreateUser", &[bob], ""),
            ("ListUserTags", &[bob], "<Tags></Tags>"),
            (
                "TagUser",
                &[
                    bob,
                    ("Tags.member.1.Key", "Team"),
                    ("Tags.member.1.Value", "a"),
                    ("Tags.member.2.Key", "x"),
                    ("Tags.member.2.Value", ""),
                ],
                "",
            ),
            ("TagUser", &[bob, ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "b")], ""),
            (
                "ListUserTags",
                &[bob],
                "<Tags><member><Key>team</Key><Value>b</Value></member><member><Key>x</Key><Value></Value></member></Tags>",
            ),
            ("UntagUser", &[bob, ("TagKeys.member.1", "TEAM"), ("TagKeys.member.2", "unknown")], ""),
            ("ListUserTags", &[bob], "<Tags><member><Key>x</Key><Value></Value></member></Tags>"),
            ("ListUserTags", &[("UserName", "no")], "NoSuchEntity: The user with name no cannot be found."),
            (
                "TagUser",
                &[bob, ("Tags.member.1.Key", "A"), ("Tags.member.1.Value", ""), ("Tags.member.2.Key", "a"), ("Tags.member.2.Value", "")],
                "InvalidInput: Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ),
            (
                "TagUser",
                &[bob, ("Tags.member.1.Key", "a;b"), ("Tags.member.1.Value", "")],
                r"ValidationError: 1 validation error detected: Value at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+",
            ),
            (
                "TagUser",
                &[bob, ("Tags.member.1.Key", &long), ("Tags.member.1.Value", "")],
                "ValidationError: 1 validation error detected: Value at 'tags.1.member.key' failed to satisfy constraint: Member must have length less than or equal to 128",
            ),
        ],
    );
}

#[test]
fn boundaries() {
    let client = administrator();
    let bob = ("UserName", "bob");
    let boundary = ("PermissionsBoundary", "arn:aws:iam::aws:policy/PowerUserAccess");
    let unknown = ("PermissionsBoundary", "arn:aws:iam::aws:policy/NoSuchPolicy");
    let missing = "NoSuchEntity: Scope ARN: arn:aws:iam::aws:policy/NoSuchPolicy does not exist or is not attachable.";
    play(
        &client,
        &[
            ("CreateUser", &[bob, unknown], missing),
            ("CreateUser", &[bob], ""),
            ("PutUserPermissionsBoundary", &[bob, unknown], missing),
            ("PutUserPermissionsBoundary", &[bob, boundary], ""),
            ("GetUser", &[bob], "<PermissionsBoundaryArn>arn:aws:iam::aws:policy/PowerUserAccess</PermissionsBoundaryArn>"),
            ("ListUsers", &[], "!<PermissionsBoundary>"),
            ("GetPolicy", &[("PolicyArn", boundary.1)], "<PermissionsBoundaryUsageCount>1</PermissionsBoundaryUsageCount>"),
            ("DeleteUserPermissionsBoundary", &[bob], ""),
            ("GetUser", &[bob], "!<PermissionsBoundary>"),
        ],
    );
}

#[test]
fn what_stands_in_the_way_of_deleting() {
    let client = administrator();
    let bob = ("UserName", "bob");
    let managed = ("PolicyArn", "arn:aws:iam::aws:policy/ReadOnlyAccess");
    let conflict = |what: &str| format!("DeleteConflict: Cannot delete entity, {what}.");
    let (inline, attached) = (conflict("must delete policies first"), conflict("must detach all policies first"));
    let (groups, keys, login) = (
        conflict("must remove users from group first"),
        conflict("must delete access keys first"),
        conflict("must delete login profile first"),
    );
    play(
        &client,
        &[
            ("CreateUser", &[bob], ""),
            ("CreateGroup", &[("GroupName", "g")], ""),
            ("PutUserPolicy", &[bob, ("PolicyName", "p"), ("PolicyDocument", READ)], ""),
            ("AttachUserPolicy", &[bob, managed], ""),
            ("AddUserToGroup", &[bob, ("GroupName", "g")], ""),
            ("CreateLoginProfile", &[bob, ("Password", "Secret-1234")], ""),
            ("DeleteUser", &[bob], &inline),
            ("DeleteUserPolicy", &[bob, ("PolicyName", "p")], ""),
            ("DeleteUser", &[bob], &attached),
            ("DetachUserPolicy", &[bob, managed], ""),
            ("DeleteUser", &[bob], &groups),
            ("RemoveUserFromGroup", &[bob, ("GroupName", "g")], ""),
            ("DeleteUser", &[bob], &login),
            ("DeleteLoginProfile", &[bob], ""),
        ],
    );
    let key = iam(&client, "CreateAccessKey", &[bob]);
    let id = key.text("AccessKeyId").expect("a key");
    play(&client, &[("DeleteUser", &[bob], &keys), ("DeleteAccessKey", &[bob, ("AccessKeyId", id)], ""), ("DeleteUser", &[bob], "")]);
}

#[test]
fn a_user_made_again_is_another() {
    let client = administrator();
    let bob = ("UserName", "bob");
    let id = || iam(&client, "GetUser", &[bob]).text("UserId").map(str::to_owned).expect("an id");
    play(&client, &[("CreateUser", &[bob], "")]);
    let first = id();
    assert!(first.starts_with("AIDA") && first.len() == 21, "{first}");
    play(&client, &[("DeleteUser", &[bob], ""), ("CreateUser", &[bob], "")]);
    assert_ne!(id(), first);
    let other = administrator();
    play(&other, &[("CreateUser", &[("UserName", "zoe")], ""), ("CreateUser", &[bob], "")]);
    assert_eq!(iam(&other, "GetUser", &[bob]).text("UserId"), Some(first.as_str()), "ids do not depend on arrival");
}

#[test]
fn pages() {
    let client = administrator();
    for number in 0..7 {
        play(&client, &[("CreateUser", &[("UserName", &format!("u{number}"))], "")]);
    }
    let mut names = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let mut params = vec![("MaxItems", "3"), ("PathPrefix", "/")];
        if let Some(marker) = &marker {
            params.push(("Marker", marker));
        }
        let reply = iam(&client, "ListUsers", &params);
        names.extend(reply.body.split("<UserName>").skip(1).filter_map(|rest| rest.split('<').next()).map(str::to_owned));
        marker = reply.text("Marker").map(str::to_owned);
        assert_eq!(reply.text("IsTruncated"), Some(if marker.is_some() { "true" } else { "false" }));
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(names, ["admin", "u0", "u1", "u2", "u3", "u4", "u5", "u6"]);
    let refused = iam(&client, "ListUsers", &[("Marker", "not-a-marker")]);
    assert_eq!((refused.code().as_str(), refused.message().as_str()), ("ValidationError", "Invalid Marker."));
}
