//! The form in which two worlds are compared with `diff`.

use super::{Estate, Iam, Tags};
use crate::policy::{self, Document};
use serde_json::Value;
use std::collections::BTreeMap;

/// The estate as JSON with sorted keys, its documents in canonical form, without the runner's own tags (`runner:…`) and lease. Times and
/// request history are no part of an estate; ids stay, as the sandbox derives them from its seed and the names.
#[must_use]
pub fn canonical(estate: &Estate) -> Value {
    let mut estate = estate.clone();
    if let Some(organization) = &mut estate.organization {
        for policy in organization.policies.values_mut() {
            rewrite(&mut policy.document);
        }
        organization.attachments.retain(|_, policies| !policies.is_empty());
        organization.tags.values_mut().for_each(own);
        organization.tags.retain(|_, tags| !tags.is_empty());
    }
    for account in estate.accounts.values_mut() {
        own(&mut account.tags);
        iam(&mut account.iam);
    }
    let value = serde_json::to_value(&estate).expect("invariant: an estate has only string keys");
    policy::sorted(&value)
}

fn iam(iam: &mut Iam) {
    for user in iam.users.values_mut() {
        own(&mut user.tags);
        rewrite_all(&mut user.inline);
    }
    for group in iam.groups.values_mut() {
        rewrite_all(&mut group.inline);
    }
    for role in iam.roles.values_mut() {
        own(&mut role.tags);
        rewrite(&mut role.trust);
        rewrite_all(&mut role.inline);
    }
    iam.policies.retain(|_, policy| !policy.is_lease());
    for policy in iam.policies.values_mut() {
        own(&mut policy.tags);
        rewrite_all(&mut policy.versions);
    }
}

/// Leaves only what its owner tagged.
fn own(tags: &mut Tags) {
    tags.retain(|key, _| !key.starts_with("runner:"));
}

fn rewrite_all(documents: &mut BTreeMap<String, Document>) {
    documents.values_mut().for_each(rewrite);
}

fn rewrite(document: &mut Document) {
    *document = Document::stored(document.canonical());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Account, AccountState, Role};
    use serde_json::json;

    fn estate(trust: Value, tag: &str) -> Estate {
        let role = Role {
            id: "AROAEXAMPLE".into(),
            path: "/".into(),
            trust: Document::stored(trust),
            description: None,
            max_session: None,
            boundary: None,
            tags: Tags::from([(tag.to_owned(), "x".to_owned()), ("team".to_owned(), "core".to_owned())]),
            attached: ["arn:aws:iam::aws:policy/AdministratorAccess".to_owned()].into(),
            inline: BTreeMap::new(),
        };
        let account = Account {
            id: "111122223333".into(),
            name: "dev".into(),
            email: "dev@example.com".into(),
            state: AccountState::Active,
            parent: None,
            tags: Tags::from([("runner:step".to_owned(), "abc".to_owned())]),
            iam: Iam { roles: BTreeMap::from([("admin".to_owned(), role)]), ..Iam::default() },
        };
        Estate { partition: "aws".into(), organization: None, accounts: BTreeMap::from([(account.id.clone(), account)]) }
    }

    #[test]
    fn spelling_and_the_runners_tags_make_no_difference() {
        let one = estate(
            json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:assumerole"}}),
            "runner:run",
        );
        let other = estate(
            json!({"Statement": [{"Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::111122223333:root"]}}]}),
            "runner:step",
        );
        assert_eq!(canonical(&one).to_string(), canonical(&other).to_string());
        assert!(!canonical(&one).to_string().contains("runner:"));
        assert!(canonical(&one).to_string().contains("AROAEXAMPLE"));
    }

    #[test]
    fn it_is_an_estate_again_and_stays_the_same() {
        let once = canonical(&estate(json!({"Statement": []}), "a"));
        let read: Estate = serde_json::from_value(once.clone()).unwrap();
        assert_eq!(canonical(&read), once);
    }
}
