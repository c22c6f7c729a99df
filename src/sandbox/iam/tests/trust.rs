use super::table::{administrator, decoded, iam, play};
use crate::sandbox::tests::client::{Client, start};
use crate::sandbox::{ForeignAccount, Sandbox, Settings};

fn trusting(principal: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole"}}}}"#)
}

fn stored_trust(client: &Client, role: &str) -> String {
    let reply = iam(client, "GetRole", &[("RoleName", role)]);
    let text = decoded(reply.text("AssumeRolePolicyDocument").expect("a document"));
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    value["Statement"]["Principal"]["AWS"].as_str().expect("a principal").to_owned()
}

#[test]
fn malformed() {
    let client = administrator();
    let create = |document: &str, expected: &str| {
        play(&client, &[("CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", document)], expected)]);
    };
    let services = vec![r#""ec2.amazonaws.com""#; 100].join(", ");
    let big = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"Service":[{services}]}},"Action":"sts:AssumeRole"}}}}"#
    );
    create("{", "MalformedPolicyDocument: This policy contains invalid Json");
    create(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole","Resource":"*"}}"#,
        "MalformedPolicyDocument: Has prohibited field Resource",
    );
    create(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"s3:GetObject"}}"#,
        "MalformedPolicyDocument: AssumeRole policy may only specify STS AssumeRole actions.",
    );
    create(
        "{\"Version\":\"2012-10-17\",\"Id\":\"☃\"}",
        "ValidationError: The specified value for policyDocument is invalid. It must contain only printable ASCII characters.",
    );
    create(&big, "LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048");
}

#[test]
fn principals_must_exist() {
    let settings = Settings {
        accounts: vec![ForeignAccount { id: Some("444455556666".to_owned()), name: "f".to_owned(), email: "f@example.com".to_owned() }],
        ..Settings::default()
    };
    let sandbox = Sandbox::open(settings, None).expect("a sandbox");
    let client = Client { sandbox: sandbox.clone(), key: sandbox.administrator(), token: None, now: start() };
    let account = sandbox.management_account();
    play(&client, &[("CreateUser", &[("UserName", "bob"), ("Path", "/team/")], "")]);
    let bob = iam(&client, "GetUser", &[("UserName", "bob")]).text("UserId").expect("an id").to_owned();
    let table = [
        ("*".to_owned(), true),
        (account.clone(), true),
        (format!("arn:aws:iam::{account}:root"), true),
        (format!("arn:aws:iam::{account}:user/admin"), true),
        (format!("arn:aws:iam::{account}:user/team/bob"), true),
        (format!("arn:aws:iam::{account}:user/bob"), false),
        (format!("arn:aws:iam::{account}:user/nobody"), false),
        (format!("arn:aws:iam::{account}:role/nobody"), false),
        (format!("arn:aws:iam::{account}:group/g"), false),
        (format!("arn:aws-cn:iam::{account}:root"), false),
        ("arn:aws:iam::444455556666:user/admin".to_owned(), true),
        ("arn:aws:iam::444455556666:user/nobody".to_owned(), false),
        // nobody here knows that account
        ("arn:aws:iam::999988887777:role/anything".to_owned(), true),
        (bob, true),
        ("AIDAAAAAAAAAAAAAAAAAA".to_owned(), false),
    ];
    for (number, (principal, known)) in table.iter().enumerate() {
        let reply = iam(&client, "CreateRole", &[("RoleName", &format!("r{number}")), ("AssumeRolePolicyDocument", &trusting(principal))]);
        if *known {
            assert_eq!(reply.status, 200, "{principal}: {}", reply.body);
        } else {
            assert_eq!(reply.code(), "MalformedPolicyDocument", "{principal}");
            let message = super::table::unescaped(&reply.message());
            assert_eq!(message, format!("Invalid principal in policy: \"AWS\":\"{principal}\""));
        }
    }
}

#[test]
fn a_trusted_principal_is_followed_until_it_is_gone() {
    let client = administrator();
    let account = client.sandbox.management_account();
    let arn = |name: &str| format!("arn:aws:iam::{account}:user/{name}");
    play(
        &client,
        &[
            ("CreateUser", &[("UserName", "bob")], ""),
            ("CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", &trusting(&arn("bob")))], ""),
            ("UpdateUser", &[("UserName", "bob"), ("NewUserName", "rob")], ""),
        ],
    );
    assert_eq!(stored_trust(&client, "r"), arn("rob"));
    let id = iam(&client, "GetUser", &[("UserName", "rob")]).text("UserId").expect("an id").to_owned();
    play(&client, &[("DeleteUser", &[("UserName", "rob")], "")]);
    assert_eq!(stored_trust(&client, "r"), id);
    play(&client, &[("CreateUser", &[("UserName", "rob")], "")]);
    assert_eq!(stored_trust(&client, "r"), id, "making it again does not restore the trust");
    play(&client, &[("UpdateAssumeRolePolicy", &[("RoleName", "r"), ("PolicyDocument", &trusting(&arn("rob")))], "")]);
    assert_eq!(stored_trust(&client, "r"), arn("rob"));
}

#[test]
fn a_newborn_principal_is_unknown_for_a_while_when_asked() {
    let settings = Settings { iam_lag: std::time::Duration::from_secs(10), ..Settings::default() };
    let sandbox = Sandbox::open(settings, None).expect("a sandbox");
    let client = Client::administrator(&sandbox);
    let bob = trusting(&format!("arn:aws:iam::{}:user/bob", sandbox.management_account()));
    let create = [("RoleName", "r"), ("AssumeRolePolicyDocument", bob.as_str())];
    play(&client, &[("CreateUser", &[("UserName", "bob")], "")]);
    assert_eq!(iam(&client.later(9), "CreateRole", &create).code(), "MalformedPolicyDocument");
    assert_eq!(iam(&client.later(10), "CreateRole", &create).status, 200);
}
