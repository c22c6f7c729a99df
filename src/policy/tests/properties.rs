//! What holds for every document, well-formed or not.

use crate::policy::{Context, Document, Kind, Query, Subject, characters, difference, evaluate};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Any JSON.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(words()).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((prop_oneof![Just("x".to_owned()), prop::sample::select(words())], inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn words() -> Vec<String> {
    [
        "Version",
        "2012-10-17",
        "Statement",
        "Sid",
        "",
        "Effect",
        "Allow",
        "Deny",
        "Principal",
        "NotPrincipal",
        "AWS",
        "*",
        "111122223333",
        "arn:aws:iam::111122223333:root",
        "Action",
        "NotAction",
        "sts:AssumeRole",
        "iam:*",
        "Resource",
        "NotResource",
        "Condition",
        "Bool",
        "StringLike",
        "aws:username",
        "AWS:UserName",
        "${aws:username}",
        "true",
        "arn:aws:iam::*:user/${aws:username}",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Documents of the right shape, in many spellings of few policies, so that equal ones occur.
fn document() -> impl Strategy<Value = Value> {
    fn one_or_list(choices: &'static [&'static str]) -> impl Strategy<Value = Value> {
        prop_oneof![
            prop::sample::select(choices).prop_map(Value::from),
            prop::collection::vec(prop::sample::select(choices), 1..4).prop_map(Value::from),
        ]
    }
    let principal = prop_oneof![
        Just(json!("*")),
        one_or_list(&["*", "111122223333", "arn:aws:iam::111122223333:root"]).prop_map(|names| json!({"AWS": names})),
    ];
    let condition = prop_oneof![
        Just(json!({})),
        one_or_list(&["true", "false"]).prop_map(|values| json!({"Bool": {"aws:x": values}})),
        any::<bool>().prop_map(|value| json!({"Bool": {"AWS:X": value}})),
    ];
    let statement = (prop::sample::select(&["Allow", "Deny"][..]), one_or_list(&["sts:AssumeRole", "STS:assumerole", "*"]), principal, condition)
        .prop_map(|(effect, action, principal, condition)| {
            json!({"Effect": effect, "Action": action, "Principal": principal, "Condition": condition})
        });
    prop::collection::vec(statement, 1..3).prop_map(|list| {
        let statement = if list.len() == 1 { list.into_iter().next() } else { Some(Value::Array(list)) };
        json!({"Version": "2012-10-17", "Statement": statement})
    })
}

proptest! {
    #[test]
    fn nothing_panics(value in anything()) {
        for kind in [Kind::Identity, Kind::Trust, Kind::ServiceControl] {
            if let Err(malformed) = Document::from_value(kind, &value) {
                prop_assert!(!malformed.to_string().is_empty());
            }
            let _ = Document::parse(kind, &value.to_string());
        }
        for value in [value.clone(), json!({"Statement": [value]})] {
            let document = Document::stored(value);
            let mut context = Context::new();
            context.set("aws:username", "ann");
            let query = Query { action: "iam:GetUser", resource: "arn:aws:iam::111122223333:user/ann", context: &context };
            let _ = evaluate([&document], &query);
            let subject = Subject { account: "111122223333", arn: "arn:aws:iam::111122223333:user/ann", role_arn: None, id: "AIDAX" };
            let _ = document.trusts(&subject, "sts:AssumeRole", &context);
            prop_assert!(characters(&document.text()) <= document.text().len());
        }
    }

    #[test]
    fn text_is_never_a_panic(text in "\\PC{0,60}") {
        let _ = Document::parse(Kind::Identity, &text);
    }

    #[test]
    fn canonical_is_idempotent(value in prop_oneof![anything(), document(), anything().prop_map(|any| json!({"Statement": any}))]) {
        let once = Document::stored(value).canonical();
        prop_assert_eq!(Document::stored(once.clone()).canonical().to_string(), once.to_string());
    }

    #[test]
    fn canonical_means_the_same(value in document(), username in "[a-c]") {
        let document = Document::stored(value);
        let canonical = Document::stored(document.canonical());
        let mut context = Context::new();
        context.set("aws:x", if username == "a" { "true" } else { "false" });
        let subject = Subject { account: "111122223333", arn: "arn:aws:iam::111122223333:user/ann", role_arn: None, id: "AIDAX" };
        let said = |document: &Document| {
            let text = format!("{:?}", document.trusts(&subject, "sts:AssumeRole", &context));
            text.split_once("statement:").map_or(text.clone(), |(head, _)| head.to_owned())
        };
        prop_assert_eq!(said(&document), said(&canonical));
    }

    #[test]
    fn equality_is_an_equivalence(a in document(), b in document(), c in document()) {
        let [a, b, c] = [a, b, c].map(Document::stored);
        prop_assert_eq!(&a, &a.clone());
        prop_assert_eq!(&a, &Document::stored(a.canonical()));
        prop_assert_eq!(a == b, b == a);
        prop_assert!(!(a == b && b == c) || a == c);
        prop_assert_eq!(a == b, difference(&a, &b).is_empty());
    }

    #[test]
    fn serde_keeps_the_document(value in anything()) {
        let document: Document = serde_json::from_value(value.clone()).unwrap();
        prop_assert_eq!(serde_json::to_value(&document).unwrap(), value);
    }
}
