use super::table::{administrator, iam, play};
use crate::sandbox::AccessKey;
use crate::sandbox::tests::client::Client;

#[test]
fn access_keys() {
    let client = administrator();
    let bob = ("UserName", "bob");
    play(&client, &[("CreateUser", &[bob], "")]);
    let made = iam(&client, "CreateAccessKey", &[bob]);
    let text = |name| made.text(name).map(str::to_owned).expect("a text");
    let key = AccessKey { access_key_id: text("AccessKeyId"), secret_access_key: text("SecretAccessKey") };
    let id = ("AccessKeyId", key.access_key_id.as_str());
    let his = Client { key: key.clone(), ..client.clone() };
    let who = || his.query("sts", "GetCallerIdentity", &[]);
    play(
        &client,
        &[
            ("GetAccessKeyLastUsed", &[id], "<ServiceName>N/A</ServiceName>"),
            ("GetAccessKeyLastUsed", &[id], "!<LastUsedDate>"),
            (
                "GetAccessKeyLastUsed",
                &[("AccessKeyId", "AKIAAAAAAAAAAAAAAAAA")],
                "NoSuchEntity: The Access Key with id AKIAAAAAAAAAAAAAAAAA cannot be found.",
            ),
        ],
    );
    assert!(who().text("Arn").expect("an arn").ends_with(":user/bob"));
    play(
        &client,
        &[("GetAccessKeyLastUsed", &[id], "<ServiceName>sts</ServiceName>"), ("GetAccessKeyLastUsed", &[id], "<UserName>bob</UserName>")],
    );
    let other = iam(&client, "CreateAccessKey", &[bob]).text("AccessKeyId").expect("a second key").to_owned();
    assert_ne!(other, key.access_key_id);
    play(
        &client,
        &[
            ("CreateAccessKey", &[bob], "LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2"),
            ("ListAccessKeys", &[bob], "<Status>Active</Status>"),
            ("ListAccessKeys", &[bob], "!</IsTruncated><UserName>"),
            ("UpdateAccessKey", &[bob, id, ("Status", "Inactive")], ""),
        ],
    );
    assert_eq!(who().code(), "InvalidClientTokenId");
    play(
        &client,
        &[
            ("ListAccessKeys", &[bob], "<Status>Inactive</Status>"),
            ("UpdateAccessKey", &[bob, id, ("Status", "Active")], ""),
            ("UpdateUser", &[bob, ("NewUserName", "rob")], ""),
            ("ListAccessKeys", &[("UserName", "rob")], "<UserName>rob</UserName>"),
        ],
    );
    assert!(who().text("Arn").expect("an arn").ends_with(":user/rob"));
    let rob = ("UserName", "rob");
    let gone = format!("NoSuchEntity: The Access Key with id {} cannot be found.", key.access_key_id);
    play(&client, &[("DeleteAccessKey", &[rob, id], ""), ("DeleteAccessKey", &[rob, id], &gone)]);
    assert_eq!(who().code(), "InvalidClientTokenId");
    // each key is new: a deleted one never comes back
    let third = iam(&client, "CreateAccessKey", &[rob]).text("AccessKeyId").expect("a third key").to_owned();
    assert_ne!(third, key.access_key_id);
}

#[test]
fn login_profiles() {
    let client = administrator();
    let bob = ("UserName", "bob");
    play(
        &client,
        &[
            ("CreateLoginProfile", &[bob, ("Password", "Secret-1234")], "NoSuchEntity: The user with name bob cannot be found."),
            ("CreateUser", &[bob], ""),
            ("GetLoginProfile", &[bob], "NoSuchEntity: Login Profile for User bob cannot be found."),
            ("CreateLoginProfile", &[bob, ("Password", "short")], "PasswordPolicyViolation: Password should have a minimum length of 8"),
            ("CreateLoginProfile", &[bob, ("Password", "Secret-1234")], "<PasswordResetRequired>false</PasswordResetRequired>"),
            ("CreateLoginProfile", &[bob, ("Password", "Secret-1234")], "EntityAlreadyExists: Login Profile for user bob already exists."),
            ("UpdateLoginProfile", &[bob, ("PasswordResetRequired", "true")], ""),
            ("GetLoginProfile", &[bob], "<PasswordResetRequired>true</PasswordResetRequired>"),
            ("UpdateAccountPasswordPolicy", &[("RequireSymbols", "true")], ""),
            ("UpdateLoginProfile", &[bob, ("Password", "Secret1234")], "PasswordPolicyViolation: Password should have at least one symbol"),
            ("DeleteLoginProfile", &[bob], ""),
            ("DeleteLoginProfile", &[bob], "NoSuchEntity: Login Profile for User bob cannot be found."),
        ],
    );
}

#[test]
fn mfa_devices() {
    let client = administrator();
    let account = client.sandbox.management_account();
    let serial = format!("arn:aws:iam::{account}:mfa/bob");
    let device = ("SerialNumber", serial.as_str());
    let bob = ("UserName", "bob");
    let code = |seconds| client.sandbox.mfa_code(&serial, client.later(seconds).now);
    let (before, present, next) = (code(-30), code(0), code(30));
    let missing = format!("NoSuchEntity: MFA Device with serial number {serial} does not exist.");
    let found = format!("<SerialNumber>{serial}</SerialNumber>");
    let wrong = "InvalidAuthenticationCode: Authentication code for device is not valid.";
    let codes = |one, two| [bob, device, ("AuthenticationCode1", one), ("AuthenticationCode2", two)];
    play(
        &client,
        &[
            ("CreateUser", &[bob], ""),
            ("EnableMFADevice", &codes(&before, &present), &missing),
            ("ListMFADeviceTags", &[device], &missing),
            (
                "CreateVirtualMFADevice",
                &[("VirtualMFADeviceName", "bob"), ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")],
                &found,
            ),
            ("ListMFADeviceTags", &[device], "<Key>a</Key>"),
            ("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "bob")], "EntityAlreadyExists: MFA device already exists."),
            ("ListVirtualMFADevices", &[("AssignmentStatus", "Unassigned")], &found),
            ("ListVirtualMFADevices", &[("AssignmentStatus", "Assigned")], "<VirtualMFADevices></VirtualMFADevices>"),
            ("EnableMFADevice", &codes(&present, &present), wrong),
            ("EnableMFADevice", &codes(&next, &present), wrong),
            ("EnableMFADevice", &codes(&before, &present), ""),
            ("EnableMFADevice", &codes(&present, &next), "EntityAlreadyExists: MFA Device is already in use."),
            ("ListMFADevices", &[bob], &found),
            ("ListMFADevices", &[], "<MFADevices></MFADevices>"),
            ("ListVirtualMFADevices", &[("AssignmentStatus", "Assigned")], "<UserName>bob</UserName>"),
            ("DeleteVirtualMFADevice", &[device], "DeleteConflict: Cannot delete entity, must deactivate MFA device first."),
            ("DeleteUser", &[bob], "DeleteConflict: Cannot delete entity, must delete MFA device first."),
            ("DeactivateMFADevice", &[bob, device], ""),
            ("DeactivateMFADevice", &[bob, device], &missing),
            ("DeleteVirtualMFADevice", &[device], ""),
            ("DeleteVirtualMFADevice", &[device], &missing),
            ("DeleteUser", &[bob], ""),
        ],
    );
}
