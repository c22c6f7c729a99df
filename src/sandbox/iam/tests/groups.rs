use super::table::{READ, administrator, play};

#[test]
fn life_of_a_group() {
    let client = administrator();
    let account = client.sandbox.management_account();
    let group = ("GroupName", "ops");
    let arn = format!("<Arn>arn:aws:iam::{account}:group/team/ops</Arn>");
    play(
        &client,
        &[
            ("GetGroup", &[group], "NoSuchEntity: The group with name ops cannot be found."),
            ("CreateGroup", &[group, ("Path", "/team/")], &arn),
            ("CreateGroup", &[("GroupName", "OPS")], "EntityAlreadyExists: Group with name OPS already exists."),
            ("CreateUser", &[("UserName", "bob")], ""),
            ("AddUserToGroup", &[("UserName", "no"), ("GroupName", "no")], "NoSuchEntity: The user with name no cannot be found."),
            ("AddUserToGroup", &[("UserName", "bob"), ("GroupName", "no")], "NoSuchEntity: The group with name no cannot be found."),
            ("AddUserToGroup", &[("UserName", "bob"), group], ""),
            ("AddUserToGroup", &[("UserName", "bob"), group], ""),
            ("GetGroup", &[group], "<UserName>bob</UserName>"),
            ("ListGroupsForUser", &[("UserName", "bob")], &arn),
            ("DeleteGroup", &[group], "DeleteConflict: Cannot delete entity, must remove users from group first."),
            ("UpdateGroup", &[group, ("NewGroupName", "admins"), ("NewPath", "/")], ""),
            ("ListGroupsForUser", &[("UserName", "bob")], "<GroupName>admins</GroupName>"),
            ("ListGroups", &[("PathPrefix", "/team/")], "<Groups></Groups>"),
            ("RemoveUserFromGroup", &[("UserName", "bob"), ("GroupName", "admins")], ""),
            ("RemoveUserFromGroup", &[("UserName", "bob"), ("GroupName", "admins")], ""),
            ("PutGroupPolicy", &[("GroupName", "admins"), ("PolicyName", "p"), ("PolicyDocument", READ)], ""),
            ("DeleteGroup", &[("GroupName", "admins")], "DeleteConflict: Cannot delete entity, must delete policies first."),
            ("DeleteGroupPolicy", &[("GroupName", "admins"), ("PolicyName", "p")], ""),
            ("DeleteGroup", &[("GroupName", "admins")], ""),
            ("ListGroups", &[], "<Groups></Groups>"),
        ],
    );
}

#[test]
fn a_user_is_in_ten_groups_at_most() {
    let client = administrator();
    play(&client, &[("CreateUser", &[("UserName", "bob")], "")]);
    for number in 0..10 {
        let group = ("GroupName", &*format!("g{number}"));
        play(&client, &[("CreateGroup", &[group], ""), ("AddUserToGroup", &[("UserName", "bob"), group], "")]);
    }
    play(
        &client,
        &[
            ("CreateGroup", &[("GroupName", "more")], ""),
            ("AddUserToGroup", &[("UserName", "bob"), ("GroupName", "more")], "LimitExceeded: Cannot exceed quota for GroupsPerUser: 10"),
            ("AddUserToGroup", &[("UserName", "bob"), ("GroupName", "g3")], ""),
        ],
    );
}
