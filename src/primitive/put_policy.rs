//! `put_user_policy`, `put_group_policy`, `put_role_policy`: an inline policy for three kinds of entity.

use super::arguments::{GroupRef, RoleRef, UserRef, entity_name, long_name};
use super::contract::{Argument, DocumentArgument, Opt, Planned, Primitive, Receiver, Spec, bind};
use super::iam;
use crate::aws::Session;
use crate::policy::{Document, Kind, difference, size};
use crate::step::{Attempt, Class, Failure, Freshness};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const NO_OPTIONS: &[Opt] = &[];

const TOO_LONG: &str = "name the role with a wildcard and the organisation instead of each account, or make it a managed policy";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    document: Option<Document>,
    /// Characters in the other inline policies of the entity, as IAM counts them.
    #[serde(default)]
    others: usize,
}

impl Found {
    fn of(inline: &BTreeMap<String, Document>, name: &str) -> Found {
        let own = iam::named(inline, name);
        let others = inline.iter().filter(|(other, _)| own.is_none_or(|(own, _)| own != *other));
        Found {
            document: own.map(|(_, document)| document.clone()),
            others: others.map(|(_, document)| size::characters(&document.text())).sum(),
        }
    }
}

/// IAM's quota counts all inline policies of an entity together.
fn fits(others: usize, document: &Document, limit: usize, entity: &str) -> Result<(), Failure> {
    let own = size::characters(&document.text());
    if others + own <= limit {
        return Ok(());
    }
    let message = format!(
        "the inline policies of {entity} would have {} of {limit} characters together: {others} are there, {own} come with this one",
        others + own
    );
    Err(Failure::fatal("policy-too-long", message).hint(TOO_LONG))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Detail {}

macro_rules! put {
    ($primitive:ident, $args:ident, $spec:ident, $name:literal, $call:literal, $method:ident, $field:ident, $reference:ident, $map:ident,
     $set_name:ident, $check:ident, $limit:expr, $article:literal, $example:literal) => {
        pub(super) const $spec: Spec = Spec {
            name: $name,
            receiver: Receiver::Session,
            positional: &[stringify!($field), "name", "document"],
            options: NO_OPTIONS,
            doc: concat!(
                "`session.", $name, "(", stringify!($field), ", name, document)`\n\nGives ", $article, " this inline policy, in place of one of that name. ",
                "Returns `#{kind, ", stringify!($field), ", name}`.\n\n```rhai\n", $example, "\n```\n\n",
                "Errors: `policy-malformed`, `policy-too-long`, and AWS's own (`NoSuchEntity`, `LimitExceeded`: all inline policies of ",
                $article, " count together).\n"
            ),
            actions: &["iam:GetAccountAuthorizationDetails", concat!("iam:", $call)],
            bind: bind::<$primitive>,
        };

        pub(super) struct $primitive;

        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $args {
            $field: $reference,
            name: String,
            document: Document,
        }

        impl Primitive for $primitive {
            const SPEC: &'static Spec = &$spec;
            const CLASS: Class = Class::Converge;
            const DOCUMENTS: &'static [DocumentArgument] =
                &[DocumentArgument { field: "document", kind: Kind::Identity, limit: $limit }];
            type Args = $args;
            type Found = Found;
            type Detail = Detail;

            fn validate(args: &$args) -> Result<(), Argument> {
                $check(stringify!($field), &args.$field.0)?;
                long_name("name", &args.name)
            }

            fn identity(args: &$args) -> String {
                format!("{}/{}", args.$field.0, args.name)
            }

            async fn look(session: &Session, args: &$args, freshness: Freshness) -> Result<Option<Found>, Failure> {
                let freshness = session.role_freshness(&args.$field.0, freshness);
                session
                    .with_iam(freshness, |iam| {
                        let (_, entity) = iam::named(&iam.$map, &args.$field.0)?;
                        Some(Found::of(&entity.inline, &args.name))
                    })
                    .await
            }

            fn changes(args: &$args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
                let put = Planned::new($call, Class::Converge, Detail {});
                let put = match found.and_then(|found| found.document.as_ref()) {
                    Some(document) if *document == args.document => return Ok(Vec::new()),
                    Some(document) => put.because(difference(document, &args.document)),
                    None => put,
                };
                let entity = format!("the {} `{}`", stringify!($field), args.$field.0);
                fits(found.map_or(0, |found| found.others), &args.document, $limit, &entity)?;
                Ok(vec![put])
            }

            async fn apply(session: &Session, args: &$args, _: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
                let client = session.iam().await?;
                let call = client.$method().$set_name(&args.$field.0).policy_name(&args.name).policy_document(args.document.text());
                let sent = session.send(concat!("iam:", $call), call.send()).await;
                sent.map_err(|failure| if failure.code == "LimitExceeded" { failure.hint(TOO_LONG) } else { failure })?;
                session
                    .record(|iam| {
                        if let Some(entity) = iam::named_mut(&mut iam.$map, &args.$field.0) {
                            entity.inline.insert(args.name.clone(), args.document.clone());
                        }
                    })
                    .await;
                Ok(())
            }

            fn output(_: &Session, args: &$args, _: &Found) -> Value {
                json!({ "kind": "inline_policy", stringify!($field): args.$field.0, "name": args.name })
            }
        }
    };
}

put!(
    PutUserPolicy,
    PutUserArgs,
    PUT_USER_POLICY,
    "put_user_policy",
    "PutUserPolicy",
    put_user_policy,
    user,
    UserRef,
    users,
    user_name,
    entity_name,
    size::USER_INLINE,
    "a user",
    "let org = organization();\nlet ana = org.create_user(\"ana\");\norg.put_user_policy(ana, \"list\", #{\n    Version: \"2012-10-17\",\n    Statement: [#{ Effect: \"Allow\", Action: \"iam:ListUsers\", Resource: \"*\" }],\n});"
);

put!(
    PutGroupPolicy,
    PutGroupArgs,
    PUT_GROUP_POLICY,
    "put_group_policy",
    "PutGroupPolicy",
    put_group_policy,
    group,
    GroupRef,
    groups,
    group_name,
    long_name,
    size::GROUP_INLINE,
    "a group",
    "let org = organization();\nlet readers = org.create_group(\"readers\");\norg.put_group_policy(readers, \"list\", #{\n    Version: \"2012-10-17\",\n    Statement: [#{ Effect: \"Allow\", Action: \"iam:ListUsers\", Resource: \"*\" }],\n});"
);

put!(
    PutRolePolicy,
    PutRoleArgs,
    PUT_ROLE_POLICY,
    "put_role_policy",
    "PutRolePolicy",
    put_role_policy,
    role,
    RoleRef,
    roles,
    role_name,
    entity_name,
    size::ROLE_INLINE,
    "a role",
    "let org = organization();\nlet me = caller();\nlet auditor = org.create_role(\"auditor\", #{\n    trust: #{ Version: \"2012-10-17\", Statement: [#{ Effect: \"Allow\", Principal: #{ AWS: me.account }, Action: \"sts:AssumeRole\" }] },\n});\norg.put_role_policy(auditor, \"list\", #{\n    Version: \"2012-10-17\",\n    Statement: [#{ Effect: \"Allow\", Action: \"iam:ListUsers\", Resource: \"*\" }],\n});"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::testing::{calls, checked};

    fn document(action: &Value) -> Value {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
    }

    #[test]
    fn only_a_different_document_is_put() {
        let args = checked::<PutGroupPolicy>(json!({"group": "g", "name": "p", "document": document(&json!("iam:ListUsers"))})).unwrap();
        let found = |value: Value| Found { document: Some(Document::stored(value)), others: 0 };
        assert_eq!(calls::<PutGroupPolicy>(&args, Some(&found(document(&json!(["iam:ListUsers"]))))), [] as [&str; 0]);
        assert_eq!(calls::<PutGroupPolicy>(&args, Some(&found(document(&json!("iam:GetUser"))))), ["PutGroupPolicy"]);
        assert_eq!(calls::<PutGroupPolicy>(&args, Some(&Found { document: None, others: 0 })), ["PutGroupPolicy"]);
    }

    #[test]
    fn all_inline_policies_of_a_group_count_together() {
        let args = checked::<PutGroupPolicy>(json!({"group": "g", "name": "p", "document": document(&json!("iam:ListUsers"))})).unwrap();
        let own = size::characters(&args.document.text());
        let room = size::GROUP_INLINE - own;
        assert_eq!(calls::<PutGroupPolicy>(&args, Some(&Found { document: None, others: room })), ["PutGroupPolicy"]);
        let failure = PutGroupPolicy::changes(&args, Some(&Found { document: None, others: room + 1 })).unwrap_err();
        assert_eq!(failure.code, "policy-too-long");
        assert!(failure.message.contains("the group `g` would have 5121 of 5120 characters"), "{}", failure.message);
        // What is there already is not sent again, however full the group is.
        let there = Found { document: Some(args.document.clone()), others: room + 1 };
        assert_eq!(calls::<PutGroupPolicy>(&args, Some(&there)), [] as [&str; 0]);
        let inline = BTreeMap::from([("P".to_owned(), args.document.clone()), ("q".to_owned(), args.document.clone())]);
        assert_eq!(Found::of(&inline, "p").others, own);
    }

    #[test]
    fn json_text_is_a_document_too_and_its_mistakes_are_placed() {
        let text = document(&json!("iam:ListUsers")).to_string();
        assert!(checked::<PutRolePolicy>(json!({"role": "r", "name": "p", "document": text})).is_ok());
        let mistake = checked::<PutRolePolicy>(json!({"role": "r", "name": "p", "document": {"Statement": [{"Efect": "Allow"}]}}));
        assert_eq!(mistake.err().unwrap().path, "document.Statement[0].Efect");
    }

    #[test]
    fn a_document_that_is_too_long_comes_with_the_way_out() {
        let roles: Vec<String> = (0..120).map(|n| format!("arn:aws:iam::{n:012}:role/allow-admin-from-security-account")).collect();
        let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": roles}]});
        let mistake = checked::<PutGroupPolicy>(json!({"group": "g", "name": "p", "document": document})).err().unwrap();
        assert_eq!(mistake.code, "policy-too-long");
        assert!(mistake.message.ends_with("of 5120 characters"), "{}", mistake.message);
        assert!(mistake.hint.unwrap().contains("wildcard"));
    }
}
