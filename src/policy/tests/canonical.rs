//! Which spellings are the same policy.

use crate::policy::{Document, difference};
use serde_json::{Value, json};

fn doc(statement: impl Into<Value>) -> Document {
    Document::stored(json!({"Version": "2012-10-17", "Statement": statement.into()}))
}

fn trust(principal: &Value) -> Document {
    doc(json!([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]))
}

fn when(condition: &Value) -> Document {
    doc(json!([{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}]))
}

#[test]
fn equal() {
    let plain = doc(json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]));
    for (name, one, other) in [
        ("one statement or a list of it", plain.clone(), doc(json!({"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}))),
        ("an empty Sid", plain.clone(), doc(json!({"Sid": "", "Effect": "Allow", "Action": "*", "Resource": "*"}))),
        ("an empty condition", plain.clone(), when(&json!({}))),
        ("an empty operator", plain, when(&json!({"Bool": {}}))),
        (
            "order, repetition and case of actions",
            doc(json!({"Effect": "Allow", "Action": ["iam:GetRole", "IAM:getrole", "ec2:Run*"], "Resource": "*"})),
            doc(json!({"Effect": "Allow", "Action": ["EC2:run*", "iam:GetRole"], "Resource": "*"})),
        ),
        (
            "order of resources",
            doc(json!({"Effect": "Allow", "NotAction": "x:y", "NotResource": ["arn:b", "arn:a"]})),
            doc(json!({"Effect": "Allow", "NotAction": ["x:Y"], "NotResource": ["arn:a", "arn:b"]})),
        ),
        ("account id or root ARN", trust(&json!({"AWS": "111122223333"})), trust(&json!({"AWS": ["arn:aws:iam::111122223333:root"]}))),
        ("order of principals", trust(&json!({"AWS": ["111122223333", "*"]})), trust(&json!({"AWS": ["*", "111122223333"]}))),
        ("everyone", trust(&json!("*")), trust(&json!({"AWS": "*"}))),
        ("Boolean or text", when(&json!({"Bool": {"aws:x": true}})), when(&json!({"Bool": {"aws:x": ["true"]}}))),
        ("number or text", when(&json!({"NumericEquals": {"aws:x": 5}})), when(&json!({"NumericEquals": {"aws:x": "5"}}))),
        (
            "case of condition keys",
            when(&json!({"Bool": {"aws:SecureTransport": "true"}})),
            when(&json!({"Bool": {"AWS:securetransport": "true"}})),
        ),
        ("order of condition values", when(&json!({"StringLike": {"a:b": ["y", "x"]}})), when(&json!({"StringLike": {"a:b": ["x", "y"]}}))),
    ] {
        assert_eq!(one, other, "{name}");
        assert_eq!(one.canonical().to_string(), other.canonical().to_string(), "{name}");
        assert_eq!(difference(&one, &other), "", "{name}");
    }
}

#[test]
fn different() {
    let allow = doc(json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]));
    for (name, one, other) in [
        ("no version", allow.clone(), Document::stored(json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))),
        ("effect", allow.clone(), doc(json!([{"Effect": "Deny", "Action": "*", "Resource": "*"}]))),
        ("a Sid", allow.clone(), doc(json!([{"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"}]))),
        ("opposite", allow, doc(json!([{"Effect": "Allow", "NotAction": "*", "Resource": "*"}]))),
        (
            "case of resources",
            doc(json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:iam::1:role/A"})),
            doc(json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:iam::1:role/a"})),
        ),
        ("case of values", when(&json!({"StringEquals": {"a:b": "X"}})), when(&json!({"StringEquals": {"a:b": "x"}}))),
        ("operator", when(&json!({"Bool": {"a:b": "true"}})), when(&json!({"BoolIfExists": {"a:b": "true"}}))),
        ("kind of principal", trust(&json!({"AWS": "*"})), trust(&json!({"Federated": "*"}))),
        ("account", trust(&json!({"AWS": "111122223333"})), trust(&json!({"AWS": "444455556666"}))),
    ] {
        assert_ne!(one, other, "{name}");
        assert_ne!(difference(&one, &other), "", "{name}");
    }
}

#[test]
fn differences_for_people() {
    let with = when(&json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}));
    let without = when(&json!({}));
    assert_eq!(difference(&with, &without), r#"Statement[0].Condition: {"Bool":{"aws:multifactorauthpresent":["true"]}} -> (none)"#);
    let two = doc(json!([
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:*", "Resource": "*"},
    ]));
    let more = difference(&without, &two);
    assert!(more.starts_with("Statement[1]: (none) -> {"), "{more}");
    let other = doc(json!([{"Effect": "Deny", "Action": ["a:b", "a:c"], "Resource": "*"}]));
    assert_eq!(difference(&without, &other), r#"Statement[0].Action: "*" -> ["a:b","a:c"]; Statement[0].Effect: "Allow" -> "Deny""#);
}
