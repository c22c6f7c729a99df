//! What `put_user_policy`, `put_group_policy` and `put_role_policy` have in common.

use super::contract::Planned;
use super::iam::{self, EntityKind};
use crate::aws::Session;
use crate::policy::{Document, difference};
use crate::step::{Class, Failure, Freshness};
use serde::{Deserialize, Serialize};

const TOO_LONG: &str = "name the role with a wildcard and the organisation instead of each account, or make it a managed policy";

/// The inline policy of the name, if there is one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    document: Option<Document>,
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
            Some(Found { document: iam::named(inline, policy).map(|(_, document)| document.clone()) })
        })
        .await
}

pub(super) fn changes(call: &'static str, wanted: &Document, found: Option<&Found>) -> Vec<Planned<Detail>> {
    let put = Planned::new(call, Class::Converge, Detail {});
    match found.and_then(|found| found.document.as_ref()) {
        Some(document) if document == wanted => Vec::new(),
        Some(document) => vec![put.because(difference(document, wanted))],
        None => vec![put],
    }
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
        let found = |value: Value| Found { document: Some(Document::stored(value)) };
        assert_eq!(calls::<PutGroupPolicy>(&args, Some(&found(document(&json!(["iam:ListUsers"]))))), [] as [&str; 0]);
        assert_eq!(calls::<PutGroupPolicy>(&args, Some(&found(document(&json!("iam:GetUser"))))), ["PutGroupPolicy"]);
        assert_eq!(calls::<PutGroupPolicy>(&args, Some(&Found { document: None })), ["PutGroupPolicy"]);
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
