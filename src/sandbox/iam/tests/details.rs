use super::table::{READ, TRUST_EC2, administrator, iam, play};
use crate::estate::canonical;
use crate::sandbox::tests::client::Client;

fn furnished() -> Client {
    let client = administrator();
    let bob = ("UserName", "bob");
    play(
        &client,
        &[
            ("CreateUser", &[bob, ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")], ""),
            ("CreateGroup", &[("GroupName", "ops")], ""),
            ("AddUserToGroup", &[bob, ("GroupName", "ops")], ""),
            ("PutUserPolicy", &[bob, ("PolicyName", "inline"), ("PolicyDocument", READ)], ""),
            ("CreateRole", &[("RoleName", "app"), ("AssumeRolePolicyDocument", TRUST_EC2)], ""),
            ("CreatePolicy", &[("PolicyName", "local"), ("PolicyDocument", READ)], ""),
        ],
    );
    client
}

#[test]
fn everything_in_one_list() {
    let client = furnished();
    let body = iam(&client, "GetAccountAuthorizationDetails", &[]).body;
    for piece in [
        "<UserName>bob</UserName>",
        "<GroupList><member>ops</member></GroupList>",
        "<PolicyName>inline</PolicyName>",
        "<RoleName>app</RoleName>",
        "<AssumeRolePolicyDocument>%7B",
        "<PolicyName>local</PolicyName>",
        // in use by the administrator
        "<PolicyName>AdministratorAccess</PolicyName>",
        "<IsTruncated>false</IsTruncated>",
        "<Tags><member><Key>k</Key><Value>v</Value></member></Tags>",
    ] {
        assert!(body.contains(piece), "{piece}: {body}");
    }
    assert!(!body.contains("ReadOnlyAccess"), "{body}");
    assert!(!body.contains("MaxSessionDuration"), "{body}");
}

#[test]
fn filters() {
    let client = furnished();
    play(
        &client,
        &[
            ("GetAccountAuthorizationDetails", &[("Filter.member.1", "Role")], "<UserDetailList></UserDetailList>"),
            ("GetAccountAuthorizationDetails", &[("Filter.member.1", "Role")], "<RoleName>app</RoleName>"),
            ("GetAccountAuthorizationDetails", &[("Filter.member.1", "LocalManagedPolicy")], "!AdministratorAccess</PolicyName>"),
        ],
    );
}

#[test]
fn pages_run_over_all_kinds() {
    let client = furnished();
    let mut seen = 0;
    let mut pages = 0;
    let mut marker: Option<String> = None;
    loop {
        let mut params = vec![("MaxItems", "2")];
        if let Some(marker) = &marker {
            params.push(("Marker", marker));
        }
        let reply = iam(&client, "GetAccountAuthorizationDetails", &params);
        pages += 1;
        seen += ["UserId", "GroupId", "RoleId", "PolicyId"].iter().map(|id| reply.count(id)).sum::<usize>();
        marker = reply.text("Marker").map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    // admin, bob; ops; app; local; AdministratorAccess
    assert_eq!((seen, pages), (6, 3));
}

#[test]
fn two_worlds_compare_whatever_the_order_of_their_calls() {
    let calls: [(&str, &[(&str, &str)]); 6] = [
        ("CreateUser", &[("UserName", "amy"), ("Tags.member.1.Key", "runner:step"), ("Tags.member.1.Value", "1")]),
        ("CreateGroup", &[("GroupName", "dev"), ("Path", "/x/")]),
        ("CreateRole", &[("RoleName", "build"), ("AssumeRolePolicyDocument", TRUST_EC2)]),
        ("CreatePolicy", &[("PolicyName", "own"), ("PolicyDocument", READ)]),
        ("UpdateAccountPasswordPolicy", &[("MinimumPasswordLength", "20")]),
        ("CreateAccountAlias", &[("AccountAlias", "acme")]),
    ];
    let world = |backwards: bool| {
        let client = administrator();
        let mut order: Vec<_> = calls.iter().collect();
        if backwards {
            order.reverse();
        }
        for (number, (operation, params)) in order.into_iter().enumerate() {
            let seconds = i64::try_from(number).expect("a small number");
            assert_eq!(iam(&client.later(seconds), operation, params).status, 200, "{operation}");
        }
        canonical(&client.sandbox.estate())
    };
    let one = world(false);
    assert_eq!(one, world(true));
    assert!(!one.to_string().contains("runner:step"));
    assert!(one.to_string().contains("\"minimum_length\":20"));
}
