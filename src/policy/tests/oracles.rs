//! An evaluator by another hand, on identity policies, where it is known to be right.

use crate::policy::{Context, Document, Outcome, Query, evaluate};
use proptest::prelude::*;
use serde_json::{Value, json};

const PRINCIPAL: &str = "arn:aws:iam::111122223333:user/ann";

fn statement() -> impl Strategy<Value = Value> {
    let actions = prop::collection::vec(
        prop::sample::select(&["iam:GetUser", "iam:Get*", "IAM:getuser", "iam:*", "s3:*", "*", "iam:Get?ser"][..]),
        1..3,
    );
    let resources = prop::collection::vec(
        prop::sample::select(
            &[
                "*",
                "arn:aws:iam::111122223333:user/ann",
                "arn:aws:iam::111122223333:user/*",
                "arn:aws:iam::111122223333:user/${aws:username}",
                "arn:aws:iam::444455556666:user/ann",
            ][..],
        ),
        1..3,
    );
    let condition = prop::option::of(prop::sample::select(vec![
        json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
        json!({"Null": {"aws:MultiFactorAuthPresent": "true"}}),
        json!({"StringEquals": {"aws:username": ["ann", "bob"]}}),
        json!({"StringNotEquals": {"aws:username": "bob"}}),
        json!({"StringLike": {"aws:username": "a*"}}),
        json!({"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}),
    ]));
    (prop::sample::select(&["Allow", "Allow", "Deny"][..]), any::<bool>(), actions, any::<bool>(), resources, condition).prop_map(
        |(effect, not_action, actions, not_resource, resources, condition)| {
            let mut statement = json!({"Effect": effect});
            statement[if not_action { "NotAction" } else { "Action" }] = json!(actions);
            statement[if not_resource { "NotResource" } else { "Resource" }] = json!(resources);
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        },
    )
}

fn ours(document: &Value, action: &str, resource: &str, keys: &[(&str, &str)]) -> &'static str {
    let document = Document::stored(document.clone());
    let mut context = Context::new();
    for (key, value) in keys {
        context.set(key, *value);
    }
    match evaluate([&document], &Query { action, resource, context: &context }) {
        Outcome::Allowed { .. } => "allow",
        Outcome::ExplicitDeny { .. } => "deny",
        Outcome::Nothing => "nothing",
    }
}

fn iam_rs(document: &Value, action: &str, resource: &str, keys: &[(&str, &str)]) -> &'static str {
    let policy: iam_rs::IAMPolicy = serde_json::from_value(document.clone()).expect("iam-rs reads it");
    let mut context = iam_rs::Context::new();
    for (key, value) in keys {
        let value = match *value {
            "true" | "false" => iam_rs::ContextValue::Boolean(*value == "true"),
            number if number.parse::<f64>().is_ok() => iam_rs::ContextValue::Number(number.parse().expect("a number")),
            text => iam_rs::ContextValue::String(text.to_owned()),
        };
        context.insert((*key).to_owned(), value);
    }
    let request = iam_rs::IAMRequest::new_with_context(
        iam_rs::Principal::Aws(iam_rs::PrincipalId::String(PRINCIPAL.to_owned())),
        action,
        iam_rs::Arn::parse(resource).expect("an ARN"),
        context,
    );
    match iam_rs::evaluate_policy(&policy, &request).expect("iam-rs evaluates it") {
        iam_rs::Decision::Allow => "allow",
        iam_rs::Decision::Deny => "deny",
        iam_rs::Decision::NotApplicable => "nothing",
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn agree_on_identity_policies(
        statements in prop::collection::vec(statement(), 1..4),
        action in prop::sample::select(&["iam:GetUser", "iam:CreateUser", "s3:GetObject"][..]),
        user in prop::sample::select(&["ann", "bob"][..]),
        mfa in prop::option::of(prop::sample::select(&["true", "false"][..])),
        age in prop::option::of(prop::sample::select(&["60", "7200"][..])),
    ) {
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        let resource = format!("arn:aws:iam::111122223333:user/{user}");
        let mut keys = vec![("aws:username", "ann")];
        keys.extend(mfa.map(|mfa| ("aws:MultiFactorAuthPresent", mfa)));
        keys.extend(age.map(|age| ("aws:MultiFactorAuthAge", age)));
        let ours = ours(&document, action, &resource, &keys);
        prop_assert_eq!(ours, iam_rs(&document, action, &resource, &keys), "iam-rs on {}", &document);
    }
}
