use super::table::{administrator, iam, play};

#[test]
fn alias() {
    let client = administrator();
    play(
        &client,
        &[
            ("ListAccountAliases", &[], "<AccountAliases></AccountAliases>"),
            ("CreateAccountAlias", &[("AccountAlias", "acme")], ""),
            ("CreateAccountAlias", &[("AccountAlias", "acme")], "EntityAlreadyExists: The account alias acme already exists."),
            ("CreateAccountAlias", &[("AccountAlias", "acme-2")], ""),
            ("ListAccountAliases", &[], "<AccountAliases><member>acme-2</member></AccountAliases>"),
            ("DeleteAccountAlias", &[("AccountAlias", "acme")], "NoSuchEntity: The account alias acme cannot be found."),
            ("DeleteAccountAlias", &[("AccountAlias", "acme-2")], ""),
            ("ListAccountAliases", &[], "<AccountAliases></AccountAliases>"),
        ],
    );
    for bad in ["ab", "-abc", "Abc", "a--b", "123456789012"] {
        assert_eq!(iam(&client, "CreateAccountAlias", &[("AccountAlias", bad)]).code(), "ValidationError", "{bad}");
    }
}

#[test]
fn password_policy() {
    let client = administrator();
    let account = client.sandbox.management_account();
    let unset = format!("NoSuchEntity: The Password Policy with domain name {account} cannot be found.");
    play(
        &client,
        &[
            ("GetAccountPasswordPolicy", &[], &unset),
            ("DeleteAccountPasswordPolicy", &[], "NoSuchEntity: The account policy with name PasswordPolicy cannot be found."),
            ("UpdateAccountPasswordPolicy", &[("MinimumPasswordLength", "14"), ("MaxPasswordAge", "60"), ("RequireSymbols", "true")], ""),
            ("GetAccountPasswordPolicy", &[], "<MinimumPasswordLength>14</MinimumPasswordLength>"),
            ("GetAccountPasswordPolicy", &[], "<ExpirePasswords>true</ExpirePasswords>"),
            // what is left out is reset
            ("UpdateAccountPasswordPolicy", &[("RequireNumbers", "true")], ""),
            ("GetAccountPasswordPolicy", &[], "<MinimumPasswordLength>6</MinimumPasswordLength>"),
            ("GetAccountPasswordPolicy", &[], "<RequireSymbols>false</RequireSymbols>"),
            ("GetAccountPasswordPolicy", &[], "!<MaxPasswordAge>"),
            (
                "UpdateAccountPasswordPolicy",
                &[("MinimumPasswordLength", "129")],
                "ValidationError: 1 validation error detected: Value at 'minimumPasswordLength' failed to satisfy constraint: Member must have value less than or equal to 128",
            ),
            ("DeleteAccountPasswordPolicy", &[], ""),
            ("GetAccountPasswordPolicy", &[], &unset),
        ],
    );
}

#[test]
fn summary() {
    let client = administrator();
    play(
        &client,
        &[
            ("CreateGroup", &[("GroupName", "g")], ""),
            ("GetAccountSummary", &[], "<entry><key>Users</key><value>1</value></entry>"),
            ("GetAccountSummary", &[], "<entry><key>Groups</key><value>1</value></entry>"),
            ("GetAccountSummary", &[], "<entry><key>AssumeRolePolicySizeQuota</key><value>2048</value></entry>"),
        ],
    );
}
