//! What AWS refuses, and what it takes though it looks odd.

use crate::policy::{Document, Kind};
use serde_json::{Value, json};

fn refusal(kind: Kind, text: &str) -> String {
    match Document::parse(kind, text) {
        Ok(document) => panic!("taken: {document:?}"),
        Err(malformed) => {
            assert!(!malformed.aws.is_empty() && malformed.hint.is_some(), "{malformed:?}");
            malformed.to_string()
        }
    }
}

fn statement(statement: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

#[test]
fn malformed_identity_policies() {
    for (name, text, expected) in [
        ("not json", "{not json", "not JSON that AWS takes: key must be a string at line 1 column 2"),
        ("empty text", "", "not JSON that AWS takes: EOF"),
        ("a list", "[]", "a policy document is an object, not a list, write"),
        ("the same key twice", r#"{"Statement": [], "Statement": []}"#, "the key `Statement` occurs twice in one object"),
        ("no statement", r#"{"Version": "2012-10-17"}"#, "Statement: missing, add"),
        ("no statements", r#"{"Statement": []}"#, "Statement: empty, add at least one"),
        ("statement is text", r#"{"Statement": ["x"]}"#, "Statement[0]: a statement is an object, not a string"),
        ("misspelt top element", r#"{"Statment": []}"#, "Statment: unknown element `Statment`, did you mean `Statement`?"),
        (
            "bad version",
            r#"{"Version": "2012-10-16", "Statement": []}"#,
            "Version: `2012-10-16` is no version of the policy language, write",
        ),
        ("version is a number", r#"{"Version": 2012, "Statement": []}"#, "Version: `2012` is no version"),
        ("id is a number", r#"{"Id": 1, "Statement": []}"#, "Id: expected a string, found a number"),
        ("an emoji", r#"{"Id": "🦀", "Statement": []}"#, "(U+1F980) is not allowed in a policy"),
        ("an escaped snowman", r#"{"Id": "\u2603", "Statement": []}"#, "Id: the character `☃` (U+2603) is not allowed"),
    ] {
        let message = refusal(Kind::Identity, text);
        assert!(message.contains(expected), "{name}: {message}");
    }
}

#[test]
fn malformed_statements() {
    for (name, value, expected) in [
        (
            "misspelt element",
            json!({"Efect": "Allow", "Action": "*", "Resource": "*"}),
            "Statement[0].Efect: unknown element `Efect`, did you mean `Effect`?",
        ),
        ("lower case element", json!({"effect": "Allow"}), "did you mean `Effect`?"),
        ("no effect", json!({"Action": "*", "Resource": "*"}), "Statement[0]: `Effect` is missing"),
        (
            "misspelt effect",
            json!({"Effect": "Alow", "Action": "*", "Resource": "*"}),
            "Statement[0].Effect: `Alow` is no effect, did you mean `Allow`?",
        ),
        ("no action", json!({"Effect": "Allow", "Resource": "*"}), "Statement[0]: `Action` is missing"),
        ("no actions", json!({"Effect": "Allow", "Action": [], "Resource": "*"}), "Statement[0].Action: an empty list"),
        (
            "action and its opposite",
            json!({"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}),
            "both `Action` and `NotAction`",
        ),
        ("action is a number", json!({"Effect": "Allow", "Action": [1], "Resource": "*"}), "Statement[0].Action[0]: expected a string"),
        ("action without service", json!({"Effect": "Allow", "Action": "CreateRole", "Resource": "*"}), "`CreateRole` names no service"),
        ("wildcard for a service", json!({"Effect": "Allow", "Action": "*:Get*", "Resource": "*"}), "`*:Get*` is no action"),
        ("no resource", json!({"Effect": "Allow", "Action": "*"}), "Statement[0]: `Resource` is missing"),
        (
            "resource is no ARN",
            json!({"Effect": "Allow", "Action": "*", "Resource": ["my-bucket"]}),
            "Statement[0].Resource[0]: `my-bucket` is no resource",
        ),
        (
            "a principal",
            json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}),
            "Statement[0].Principal: an identity-based policy has no `Principal`",
        ),
        (
            "a wrong character in the Sid",
            json!({"Sid": "my sid", "Effect": "Allow", "Action": "*", "Resource": "*"}),
            "Statement[0].Sid: `my sid` has other",
        ),
        (
            "misspelt operator",
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEqual": {"aws:username": "x"}}}),
            "Statement[0].Condition.StringEqual: unknown condition operator `StringEqual`, did you mean `StringEquals`?",
        ),
        (
            "misspelt quantifier",
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ForAnyValues:StringLike": {"aws:TagKeys": "x"}}}),
            "did you mean `ForAnyValue`?",
        ),
        (
            "NullIfExists",
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"NullIfExists": {"aws:TagKeys": "true"}}}),
            "write `Null`",
        ),
        (
            "condition key without service",
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"username": "x"}}}),
            "the condition key `username` names no service",
        ),
        (
            "a Boolean that is none",
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "yes"}}}),
            "`yes` can never match, write \"true\" or \"false\"",
        ),
        (
            "no address",
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "1.2.3.4/40"}}}),
            "`1.2.3.4/40` can never match",
        ),
        (
            "condition is a list",
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": []}),
            "Statement[0].Condition: expected an object",
        ),
    ] {
        let message = refusal(Kind::Identity, &statement(&value));
        assert!(message.contains(expected), "{name}: {message}");
    }
    let twins = json!({"Statement": [
        {"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"},
    ]});
    assert!(refusal(Kind::Identity, &twins.to_string()).starts_with("Statement[1].Sid: `A` names another statement already"));
    let scp = statement(&json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}));
    assert!(refusal(Kind::ServiceControl, &scp).contains("a service control policy has no `Principal`"));
}

#[test]
fn malformed_trust_policies() {
    let with = |principal: Value| json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
    for (name, value, expected) in [
        ("no principal", json!({"Effect": "Allow", "Action": "sts:AssumeRole"}), "Statement[0]: `Principal` is missing"),
        (
            "a resource",
            json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}),
            "Statement[0].Resource: a trust policy has no `Resource`",
        ),
        (
            "another action",
            json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}),
            "`s3:GetObject` is no way to assume a role",
        ),
        ("any action", json!({"Effect": "Allow", "Principal": "*", "Action": "*"}), "`*` is no way to assume a role"),
        ("misspelt action", json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AsumeRole"}), "did you mean `sts:AssumeRole`?"),
        ("other letters", json!({"Effect": "Allow", "Principal": "*", "Action": "stsé"}), "`stsé` is no way"),
        ("kind not said", with(json!("111122223333")), "does not say what kind of principal it is"),
        ("nobody", with(json!({})), "Statement[0].Principal: empty"),
        ("misspelt kind", with(json!({"Aws": "*"})), "Statement[0].Principal.Aws: unknown kind of principal `Aws`, did you mean `AWS`?"),
        ("short account", with(json!({"AWS": "11112222333"})), "`11112222333` is no principal"),
        (
            "wildcard",
            with(json!({"AWS": ["arn:aws:iam::111122223333:user/*"]})),
            "Statement[0].Principal.AWS[0]: `arn:aws:iam::111122223333:user/*` is no principal, a principal takes no wildcards",
        ),
        ("group", with(json!({"AWS": "arn:aws:iam::111122223333:group/x"})), "a group cannot be a principal"),
        ("policy", with(json!({"AWS": "arn:aws:iam::111122223333:policy/x"})), "name an account, a user, a role or a session"),
        ("session without name", with(json!({"AWS": "arn:aws:sts::111122223333:assumed-role/x"})), "is no principal"),
        ("service without domain", with(json!({"Service": "ec2"})), "write the service's domain"),
    ] {
        let message = refusal(Kind::Trust, &statement(&value));
        assert!(message.contains(expected), "{name}: {message}");
    }
}

#[test]
fn odd_but_taken() {
    for (name, kind, value) in [
        ("no version", Kind::Identity, json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})),
        ("one statement", Kind::Identity, json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})),
        (
            "empty Sids",
            Kind::Identity,
            json!({"Statement": [
                {"Sid": "", "Effect": "Allow", "Action": "*", "Resource": "*"},
                {"Sid": "", "Effect": "Allow", "Action": "*", "Resource": "*"},
            ]}),
        ),
        ("Latin-1", Kind::Identity, json!({"Id": "Büro", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})),
        (
            "the opposites",
            Kind::ServiceControl,
            json!({"Statement": {"Effect": "Deny", "NotAction": "iam:*", "NotResource": "arn:aws:iam::*:role/x"}}),
        ),
        (
            "all kinds of principals",
            Kind::Trust,
            json!({"Statement": {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Principal": {
                "AWS": ["*", "111122223333", "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/a/b", "arn:aws:sts::111122223333:assumed-role/r/s", "AROAEXAMPLEEXAMPLE123"],
                "Service": ["ec2.amazonaws.com"],
                "Federated": "arn:aws:iam::111122223333:saml-provider/x",
            }}}),
        ),
        (
            "typed values",
            Kind::Identity,
            json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {
                "BoolIfExists": {"aws:MultiFactorAuthPresent": false},
                "NumericLessThan": {"aws:MultiFactorAuthAge": 3600},
                "DateGreaterThan": {"aws:CurrentTime": "2026-11-22"},
                "ForAllValues:StringLike": {"aws:TagKeys": ["a*"]},
                "IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]},
                "Null": {"aws:TokenIssueTime": "true"},
            }}}),
        ),
    ] {
        if let Err(malformed) = Document::from_value(kind, &value) {
            panic!("{name}: {malformed}");
        }
        assert!(Document::parse(kind, &value.to_string()).is_ok(), "{name}");
    }
}
