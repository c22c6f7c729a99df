//! Statements and conditions against requests.

use crate::policy::{Context, Document, Outcome, Query, evaluate};
use serde_json::{Value, json};

fn outcome(statements: &Value, action: &str, resource: &str) -> &'static str {
    let document = Document::stored(json!({"Version": "2012-10-17", "Statement": statements}));
    let mut context = Context::new();
    context.set("aws:username", "ann");
    let query = Query { action, resource, context: &context };
    match evaluate([&document], &query) {
        Outcome::Allowed { .. } => "allow",
        Outcome::ExplicitDeny { .. } => "deny",
        Outcome::Nothing => "nothing",
    }
}

#[test]
fn statements() {
    let role = "arn:aws:iam::111122223333:role/dev";
    let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    for (name, statements, expected) in [
        ("allow everything", all.clone(), "allow"),
        ("case of the action", json!({"Effect": "Allow", "Action": "IAM:getrole", "Resource": "*"}), "allow"),
        ("case of the resource", json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:iam::111122223333:role/DEV"}), "nothing"),
        ("wildcards", json!({"Effect": "Allow", "Action": "iam:Get?ole", "Resource": "arn:aws:iam::*:role/d*"}), "allow"),
        ("another service", json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}), "nothing"),
        ("NotAction elsewhere", json!({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}), "allow"),
        ("NotAction here", json!({"Effect": "Allow", "NotAction": ["iam:*", "s3:*"], "Resource": "*"}), "nothing"),
        ("NotResource elsewhere", json!({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:iam::*:role/prod"}), "allow"),
        ("NotResource here", json!({"Effect": "Allow", "Action": "*", "NotResource": role}), "nothing"),
        ("deny wins over an earlier allow", json!([all, {"Effect": "Deny", "Action": "iam:GetRole", "Resource": "*"}]), "deny"),
        ("deny wins over a later allow", json!([{"Effect": "Deny", "Action": "iam:GetRole", "Resource": "*"}, all]), "deny"),
        ("deny of something else", json!([{"Effect": "Deny", "Action": "iam:PutRole*", "Resource": "*"}, all]), "allow"),
        ("a statement without Resource", json!({"Effect": "Allow", "Action": "*"}), "nothing"),
        ("a statement without Effect", json!([{"Action": "*", "Resource": "*"}]), "nothing"),
        ("variables do not work in actions", json!({"Effect": "Allow", "Action": "iam:${aws:username}", "Resource": "*"}), "nothing"),
        (
            "an unknown operator never allows",
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Odd": {"a:b": "c"}}}),
            "nothing",
        ),
        (
            "an unknown operator weakens no deny",
            json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Odd": {"a:b": "c"}}}),
            "deny",
        ),
    ] {
        assert_eq!(outcome(&statements, "iam:GetRole", role), expected, "{name}");
    }
}

#[test]
fn variables_need_the_new_version() {
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:iam::*:user/${aws:username}"});
    let mut context = Context::new();
    context.set("aws:username", "ann");
    let allowed = |version: Option<&str>, resource: &str| {
        let mut value = json!({"Statement": statement});
        if let Some(version) = version {
            value["Version"] = json!(version);
        }
        let document = Document::stored(value);
        matches!(evaluate([&document], &Query { action: "iam:GetUser", resource, context: &context }), Outcome::Allowed { .. })
    };
    let (ann, literal) = ("arn:aws:iam::1:user/ann", "arn:aws:iam::1:user/${aws:username}");
    assert!(allowed(Some("2012-10-17"), ann) && !allowed(Some("2012-10-17"), literal));
    assert!(!allowed(Some("2008-10-17"), ann) && allowed(Some("2008-10-17"), literal));
    assert!(!allowed(None, ann) && allowed(None, literal));
    assert!(!allowed(Some("2012-10-17"), "arn:aws:iam::1:user/team/ann"), "a path is not covered");
}

fn holds(condition: &Value) -> bool {
    let document = Document::stored(json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition
    }}));
    let mut context = Context::new();
    context.set("aws:username", "ann");
    context.set("aws:MultiFactorAuthPresent", "true");
    context.set("aws:MultiFactorAuthAge", "600");
    context.set("aws:SourceIp", "203.0.113.9");
    context.set("aws:CurrentTime", "2026-11-22T10:00:00Z");
    context.set("aws:PrincipalArn", "arn:aws:iam::111122223333:role/team/dev");
    context.set("aws:PrincipalTag/team", "core");
    context.set_all("aws:TagKeys", vec!["team".into(), "cost".into()]);
    context.set_all("aws:CalledVia", vec![]);
    matches!(evaluate([&document], &Query { action: "a:b", resource: "*", context: &context }), Outcome::Allowed { .. })
}

#[test]
fn operators() {
    for (condition, expected) in [
        (json!({"StringEquals": {"aws:username": "ann"}}), true),
        (json!({"StringEquals": {"AWS:USERNAME": ["bob", "ann"]}}), true),
        (json!({"StringEquals": {"aws:username": "Ann"}}), false),
        (json!({"StringEquals": {"aws:username": "a*"}}), false),
        (json!({"StringEquals": {"aws:username": []}}), false),
        (json!({"StringEqualsIgnoreCase": {"aws:username": "ANN"}}), true),
        (json!({"StringNotEquals": {"aws:username": ["bob", "ann"]}}), false),
        (json!({"StringNotEquals": {"aws:username": ["bob", "eve"]}}), true),
        (json!({"StringNotEqualsIgnoreCase": {"aws:username": "ANN"}}), false),
        (json!({"StringLike": {"aws:username": "a?n*"}}), true),
        (json!({"StringNotLike": {"aws:username": "a*"}}), false),
        (json!({"StringEquals": {"aws:PrincipalTag/team": "${aws:PrincipalTag/team}"}}), true),
        (json!({"StringEquals": {"aws:username": "${aws:missing}"}}), false),
        (json!({"StringNotEquals": {"aws:username": "${aws:missing}"}}), true),
        (json!({"StringEquals": {"aws:username": "${aws:missing, 'ann'}"}}), true),
        (json!({"Bool": {"aws:MultiFactorAuthPresent": true}}), true),
        (json!({"Bool": {"aws:MultiFactorAuthPresent": "True"}}), true),
        (json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}}), false),
        (json!({"Bool": {"aws:username": "true"}}), false),
        (json!({"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}), true),
        (json!({"NumericLessThan": {"aws:MultiFactorAuthAge": 600}}), false),
        (json!({"NumericLessThanEquals": {"aws:MultiFactorAuthAge": 600}}), true),
        (json!({"NumericGreaterThan": {"aws:MultiFactorAuthAge": 599.5}}), true),
        (json!({"NumericGreaterThanEquals": {"aws:MultiFactorAuthAge": 601}}), false),
        (json!({"NumericEquals": {"aws:MultiFactorAuthAge": "600.0"}}), true),
        (json!({"NumericNotEquals": {"aws:MultiFactorAuthAge": "600"}}), false),
        (json!({"NumericEquals": {"aws:username": "600"}}), false),
        (json!({"NumericNotEquals": {"aws:username": "600"}}), true),
        (json!({"DateGreaterThan": {"aws:CurrentTime": "2026-11-22"}}), true),
        (json!({"DateLessThan": {"aws:CurrentTime": "2026-11-22T11:00:00+02:00"}}), false),
        (json!({"DateLessThanEquals": {"aws:CurrentTime": "2026-11-22T10:00:00"}}), true),
        (json!({"DateGreaterThanEquals": {"aws:CurrentTime": 1_700_000_000}}), true),
        (json!({"DateEquals": {"aws:CurrentTime": "2026-11-22T10:00:00Z"}}), true),
        (json!({"DateNotEquals": {"aws:CurrentTime": "2026-11-22T10:00:00Z"}}), false),
        (json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), true),
        (json!({"IpAddress": {"aws:SourceIp": "203.0.113.9"}}), true),
        (json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}), true),
        (json!({"IpAddress": {"aws:SourceIp": "::/0"}}), false),
        (json!({"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "198.51.100.0/24"]}}), false),
        (json!({"NotIpAddress": {"aws:SourceIp": "198.51.100.0/24"}}), true),
        (json!({"BinaryEquals": {"aws:username": "ann"}}), true),
        (json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/team/dev"}}), true),
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:role/*"}}), true),
        (json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}), true),
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:*role/team/dev"}}), false),
        (json!({"ArnLike": {"aws:PrincipalArn": "*"}}), true),
        (json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/team/*"}}), false),
        (json!({"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/other"}}), true),
        // Every operator and every key must hold.
        (json!({"StringEquals": {"aws:username": "ann"}, "Bool": {"aws:MultiFactorAuthPresent": "false"}}), false),
        (json!({"StringEquals": {"aws:username": "ann", "aws:PrincipalTag/team": "other"}}), false),
    ] {
        assert_eq!(holds(&condition), expected, "{condition}");
    }
}

#[test]
fn missing_keys_and_many_values() {
    for (condition, expected) in [
        (json!({"StringEquals": {"aws:missing": "x"}}), false),
        (json!({"StringNotEquals": {"aws:missing": "x"}}), true),
        (json!({"StringNotLike": {"aws:missing": "x"}}), true),
        (json!({"ArnNotLike": {"aws:missing": "arn:aws:iam::*:role/*"}}), true),
        (json!({"ArnLike": {"aws:missing": "*"}}), false),
        (json!({"NotIpAddress": {"aws:missing": "10.0.0.0/8"}}), true),
        (json!({"NumericNotEquals": {"aws:missing": 1}}), true),
        (json!({"Bool": {"aws:missing": "false"}}), false),
        (json!({"BoolIfExists": {"aws:missing": "true"}}), true),
        (json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}), false),
        (json!({"StringEqualsIfExists": {"aws:missing": "x"}}), true),
        (json!({"NumericLessThanIfExists": {"aws:missing": 5}}), true),
        (json!({"Null": {"aws:missing": "true"}}), true),
        (json!({"Null": {"aws:missing": true}}), true),
        (json!({"Null": {"aws:missing": "false"}}), false),
        (json!({"Null": {"aws:username": "false"}}), true),
        (json!({"Null": {"aws:username": "true"}}), false),
        (json!({"Null": {"aws:CalledVia": "true"}}), true),
        (json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost", "env"]}}), true),
        (json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}), false),
        (json!({"ForAllValues:StringEquals": {"aws:missing": ["team"]}}), true),
        (json!({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["env"]}}), true),
        (json!({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["team"]}}), false),
        (json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["team"]}}), true),
        (json!({"ForAnyValue:StringLike": {"aws:TagKeys": ["x*", "c*"]}}), true),
        (json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["env"]}}), false),
        (json!({"ForAnyValue:StringEquals": {"aws:missing": ["env"]}}), false),
        (json!({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["team"]}}), true),
        (json!({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["team", "cost"]}}), false),
        (json!({"ForAnyValue:StringEqualsIfExists": {"aws:missing": ["env"]}}), true),
    ] {
        assert_eq!(holds(&condition), expected, "{condition}");
    }
}
