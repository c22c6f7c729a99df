//! What AWS takes, but hardly anyone can have meant.

use super::arn;
use super::document::{Document, Kind};
use super::principal::{self, Principals};
use super::statement::{Effect, Statement};
use serde_json::Value;
use std::fmt;

/// A doubtful spot of a well-formed document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `Statement[0].Principal`
    pub path: String,
    pub message: String,
    pub hint: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, {}", self.path, self.message, self.hint)
    }
}

const MFA: &str = "aws:MultiFactorAuthPresent";

/// Conditions on these keys say which callers of `*` are meant.
const CALLER_KEYS: [&str; 9] = [
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
    "aws:userid",
    "sts:ExternalId",
];

/// Looks a document over. `ours` says whether an account is one of the user's own (of the organisation, or declared); the others
/// are third parties, who should be asked for an external id (IAM user guide, "The confused deputy problem").
#[must_use]
pub fn lint(kind: Kind, document: &Document, ours: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let version = document.value().get("Version").and_then(Value::as_str);
    if version != Some("2012-10-17") && document.text().contains("${") {
        let message = "policy variables are plain text in this version".to_owned();
        findings.push(Finding { path: "Version".to_owned(), message, hint: "write \"2012-10-17\"".to_owned() });
    }
    for statement in document.statements() {
        let mut found = |element: &str, message: String, hint: &str| {
            findings.push(Finding { path: format!("Statement[{}].{element}", statement.index), message, hint: hint.to_owned() });
        };
        for condition in &statement.conditions {
            if statement.effect == Effect::Allow && condition.is_flag("BoolIfExists", MFA, true) {
                let message = format!("`BoolIfExists` lets long-term keys in without MFA: they have no `{MFA}`");
                found("Condition", message, "use `Bool`");
            }
            if statement.effect == Effect::Deny && condition.is_flag("Bool", MFA, false) {
                let message = format!("`Bool` does not deny long-term keys: they have no `{MFA}`");
                found("Condition", message, "use `BoolIfExists`");
            }
        }
        if let (Kind::Trust, Effect::Allow, Some(principals)) = (kind, statement.effect, &statement.principals) {
            trust(statement, principals, &ours, &mut found);
        }
    }
    findings
}

fn trust(statement: &Statement, principals: &Principals, ours: &impl Fn(&str) -> bool, found: &mut impl FnMut(&str, String, &str)) {
    let narrowed = |keys: &[&str]| {
        statement.conditions.iter().any(|condition| condition.narrows() && keys.iter().any(|key| key.eq_ignore_ascii_case(&condition.key)))
    };
    if principals.negated {
        found("NotPrincipal", "this trusts everyone but those named".to_owned(), "name whom you trust in `Principal`");
        return;
    }
    if principals.aws.iter().any(|name| name == "*") && !narrowed(&CALLER_KEYS) {
        let hint = "name accounts, or add a condition on `aws:PrincipalOrgID`";
        found("Principal", "every principal of every account is trusted".to_owned(), hint);
    }
    if !narrowed(&["sts:ExternalId"]) {
        for name in &principals.aws {
            let account = principal::account(name).or_else(|| arn::parse(name).map(|arn| arn.account));
            if let Some(account) = account.filter(|account| !ours(account)) {
                let hint = "add a condition on `sts:ExternalId`, or declare the account as yours";
                found("Principal", format!("account `{account}` is a third party and is asked for no external id"), hint);
            }
        }
    }
    if !principals.federated.is_empty() && !statement.conditions.iter().any(super::Condition::narrows) {
        let hint = "add a condition on the provider's subject or audience";
        found("Principal", "every user of the identity provider is trusted".to_owned(), hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn findings(kind: Kind, value: Value) -> Vec<String> {
        let document = Document::stored(value);
        lint(kind, &document, |account| account == "111122223333").iter().map(ToString::to_string).collect()
    }

    fn trust_findings(principal: &Value, condition: &Value) -> Vec<String> {
        findings(
            Kind::Trust,
            json!({"Version": "2012-10-17", "Statement": {
                "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition
            }}),
        )
    }

    #[test]
    fn doubtful_trust() {
        let oidc = json!({"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"});
        for (principal, condition, expected) in [
            (json!("*"), json!({}), "every principal of every account"),
            (json!({"AWS": ["*", "111122223333"]}), json!({}), "every principal of every account"),
            (json!("*"), json!({"StringLike": {"aws:PrincipalArn": "*"}}), "every principal of every account"),
            (json!("*"), json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-x"}}), "every principal of every account"),
            (json!("*"), json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-x"}}), "every principal of every account"),
            (json!("*"), json!({"Bool": {"aws:SecureTransport": "true"}}), "every principal of every account"),
            (json!({"AWS": "444455556666"}), json!({}), "account `444455556666` is a third party"),
            (json!({"AWS": "arn:aws:iam::444455556666:role/x"}), json!({}), "account `444455556666` is a third party"),
            (
                json!({"AWS": "444455556666"}),
                json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
                "account `444455556666` is a third party",
            ),
            (json!({"AWS": "111122223333"}), json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}), "use `Bool`"),
            (json!({"AWS": "111122223333"}), json!({"BoolIfExists": {"AWS:multifactorauthpresent": [true]}}), "use `Bool`"),
            (oidc.clone(), json!({}), "every user of the identity provider"),
            (oidc, json!({"StringLike": {"token.actions.githubusercontent.com:sub": "*"}}), "every user of the identity provider"),
        ] {
            let found = trust_findings(&principal, &condition);
            assert!(found.len() == 1 && found[0].contains(expected), "{principal} {condition}: {found:?}");
        }
        let negated = json!({"Statement": {"Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}});
        assert!(findings(Kind::Trust, negated)[0].contains("everyone but those named"));
    }

    #[test]
    fn sound_trust() {
        for (principal, condition) in [
            (json!({"AWS": "111122223333"}), json!({})),
            (json!({"AWS": "arn:aws:iam::111122223333:user/ann"}), json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
            (json!("*"), json!({"StringEquals": {"aws:PrincipalOrgID": "o-x"}})),
            (json!("*"), json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-x/r-x/*"}})),
            (json!("*"), json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}})),
            (json!({"AWS": "444455556666"}), json!({"StringEquals": {"sts:ExternalId": "x"}})),
            (json!({"Service": "ec2.amazonaws.com"}), json!({})),
            (json!({"Federated": "x"}), json!({"StringEquals": {"x:sub": "repo:a/b:ref:refs/heads/main"}})),
        ] {
            assert_eq!(trust_findings(&principal, &condition), Vec::<String>::new(), "{principal} {condition}");
        }
    }

    #[test]
    fn doubtful_identity_policies() {
        let mfa = |operator: &str| {
            json!({"Version": "2012-10-17", "Statement": {
                "Effect": "Deny", "NotAction": "iam:*", "Resource": "*", "Condition": {operator: {"aws:MultiFactorAuthPresent": "false"}}
            }})
        };
        assert!(findings(Kind::Identity, mfa("Bool"))[0].contains("use `BoolIfExists`"));
        assert!(findings(Kind::Identity, mfa("BoolIfExists")).is_empty());
        let variable = json!({"Statement": {"Effect": "Allow", "Action": "iam:*", "Resource": "arn:aws:iam::*:user/${aws:username}"}});
        assert!(findings(Kind::Identity, variable)[0].starts_with("Version: policy variables are plain text"));
    }
}
