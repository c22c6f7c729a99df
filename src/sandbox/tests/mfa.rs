//! MFA over the wire: enrolled, used once, asked for by a role.

use super::client::{Client, sandbox};
use crate::sandbox::AccessKey;

/// An administrator with an enabled device: its serial number.
fn enrolled() -> (Client, String) {
    let client = Client::administrator(&sandbox());
    let reply = client.query("iam", "CreateVirtualMFADevice", &[("VirtualMFADeviceName", "admin")]);
    let serial = reply.text("SerialNumber").expect("a serial number").to_owned();
    let (first, second) = (code(&client, &serial), code(&client.later(30), &serial));
    let params =
        [("UserName", "admin"), ("SerialNumber", serial.as_str()), ("AuthenticationCode1", &first), ("AuthenticationCode2", &second)];
    assert_eq!(client.later(30).query("iam", "EnableMFADevice", &params).code(), "");
    (client.later(120), serial)
}

fn code(client: &Client, serial: &str) -> String {
    client.sandbox.mfa_code(serial, client.now)
}

#[test]
fn a_code_works_once() {
    let (client, serial) = enrolled();
    let ask = |client: &Client, code: &str| {
        client.query("sts", "GetSessionToken", &[("SerialNumber", serial.as_str()), ("TokenCode", code)]).code()
    };
    let present = code(&client, &serial);
    assert_eq!(ask(&client, &code(&client.later(600), &serial)), "AccessDenied", "a code of another time");
    assert_eq!(ask(&client, &present), "");
    assert_eq!(ask(&client, &present), "AccessDenied", "the same code again");
    assert_eq!(ask(&client.later(30), &code(&client.later(30), &serial)), "");
    assert_eq!(ask(&client.later(30), &present), "AccessDenied", "an older code than the last");
}

#[test]
fn a_role_that_wants_mfa() {
    let (client, serial) = enrolled();
    let account = client.sandbox.management_account();
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{account}:root"}},"Action":"sts:AssumeRole","Condition":{{"Bool":{{"aws:MultiFactorAuthPresent":"true"}}}}}}]}}"#
    );
    let reply = client.query("iam", "CreateRole", &[("RoleName", "careful"), ("AssumeRolePolicyDocument", &trust)]);
    assert_eq!(reply.code(), "", "{}", reply.body);
    let role = format!("arn:aws:iam::{account}:role/careful");
    let refusal = client.assume(&role, &[]).err().expect("a refusal");
    assert!(refusal.message().ends_with("because no role trust policy allows the sts:AssumeRole action"), "{}", refusal.body);
    let first = code(&client, &serial);
    let with = [("SerialNumber", serial.as_str()), ("TokenCode", first.as_str())];
    assert!(client.assume(&role, &with).is_ok());
    assert_eq!(client.assume(&role, &with).err().map(|reply| reply.code()).as_deref(), Some("AccessDenied"), "used up");

    let client = client.later(30);
    let second = code(&client, &serial);
    let reply = client.query("sts", "GetSessionToken", &[("SerialNumber", serial.as_str()), ("TokenCode", &second)]);
    let text = |name: &str| reply.text(name).expect("a member").to_owned();
    let key = AccessKey { access_key_id: text("AccessKeyId"), secret_access_key: text("SecretAccessKey") };
    let session = Client { key, token: Some(text("SessionToken")), ..client.clone() };
    assert!(session.assume(&role, &[]).is_ok(), "the session carries MFA");
    assert_eq!(session.query("iam", "ListUsers", &[]).code(), "", "and IAM takes it");
    assert_eq!(session.query("sts", "GetAccessKeyInfo", &[("AccessKeyId", "A")]).code(), "InvalidClientTokenId");
}
