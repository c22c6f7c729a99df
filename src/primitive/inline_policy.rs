//! What `put_user_policy`, `put_group_policy` and `put_role_policy` have in common.

use super::contract::Planned;
use super::iam::{self, EntityKind};
use crate::aws::Session;
use crate::policy::{Document, difference, size};
use crate::step::{Class, Failure, Freshness};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const TOO_LONG: &str = "name the role with a wildcard and the organisation instead of each account, or make it a managed policy";

/// The inline policy of the name, if there is one.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Detail {}

/// None when there is no entity of this name.
pub(super) async fn look(
    session: &Session,
    kind: EntityKind,
    name: &str,
    policy: &str,
    freshness: Freshness,
) -> Result<Option<Found>, Failure> {
    let freshness = session.role_freshness(name, freshness);
    session
        .with_iam(freshness, |iam| {
            let (_, inline) = iam::policies(iam, kind, name)?;
            Some(Found::of(inline, policy))
        })
        .await
}

/// `entity` is what the policy is of, in words, and `limit` what all its inline policies may have together.
pub(super) fn changes(
    call: &'static str,
    wanted: &Document,
    found: Option<&Found>,
    entity: &str,
    limit: usize,
) -> Result<Vec<Planned<Detail>>, Failure> {
    let put = Planned::new(call, Class::Converge, Detail {});
    let put = match found.and_then(|found| found.document.as_ref()) {
        Some(document) if document == wanted => return Ok(Vec::new()),
        Some(document) => put.because(difference(document, wanted)),
        None => put,
    };
    fits(found.map_or(0, |found| found.others), wanted, entity, limit)?;
    Ok(vec![put])
}

/// IAM's quota counts all inline policies of an entity together.
fn fits(others: usize, document: &Document, entity: &str, limit: usize) -> Result<(), Failure> {
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

/// All inline policies of an entity count together, so AWS may refuse what is short enough by itself.
pub(super) fn with_way_out(failure: Failure) -> Failure {
    if failure.code == "LimitExceeded" { failure.hint(TOO_LONG) } else { failure }
}

/// Writes the policy through.
pub(super) async fn record(session: &Session, kind: EntityKind, name: &str, policy: &str, document: &Document) {
    session
        .record(|iam| {
            if let Some((_, inline)) = iam::policies_mut(iam, kind, name) {
                inline.insert(policy.to_owned(), document.clone());
            }
        })
        .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::contract::Primitive;
    use crate::primitive::put_group_policy::PutGroupPolicy;
    use crate::primitive::put_role_policy::PutRolePolicy;
    use crate::primitive::testing::{calls, checked};
    use serde_json::{Value, json};

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
        let wanted = document(&json!("iam:ListUsers"));
        let args = checked::<PutGroupPolicy>(json!({"group": "g", "name": "p", "document": wanted})).unwrap();
        let wanted = Document::stored(wanted);
        let own = size::characters(&wanted.text());
        let room = size::GROUP_INLINE - own;
        assert_eq!(calls::<PutGroupPolicy>(&args, Some(&Found { document: None, others: room })), ["PutGroupPolicy"]);
        let failure = PutGroupPolicy::changes(&args, Some(&Found { document: None, others: room + 1 })).unwrap_err();
        assert_eq!(failure.code, "policy-too-long");
        assert!(failure.message.contains("the group `g` would have 5121 of 5120 characters"), "{}", failure.message);
        // What is there already is not sent again, however full the group is.
        let there = Found { document: Some(wanted.clone()), others: room + 1 };
        assert_eq!(calls::<PutGroupPolicy>(&args, Some(&there)), [] as [&str; 0]);
        let inline = BTreeMap::from([("P".to_owned(), wanted.clone()), ("q".to_owned(), wanted)]);
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
