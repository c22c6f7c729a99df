//! Policies near AWS's limits, in the estate as the play left it.

use crate::estate::{Account, Estate};
use crate::policy::{Document, characters, size};
use serde::Serialize;
use std::collections::BTreeMap;

/// Shown from this share of the limit on, in percent.
const NEAR: usize = 80;

/// A policy, or all inline policies of one entity, near what AWS takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Size {
    /// The account's name.
    pub account: String,
    /// `trust policy of role deploy`
    pub what: String,
    /// Without white space, as IAM counts.
    pub characters: usize,
    pub limit: usize,
}

/// Those over 80 %, the fullest first.
pub(super) fn near(estate: &Estate) -> Vec<Size> {
    let mut sizes: Vec<Size> = estate.accounts.values().flat_map(of_account).collect();
    sizes.retain(|size| size.characters * 100 > size.limit * NEAR);
    sizes.sort_by(|a, b| {
        (b.characters * a.limit).cmp(&(a.characters * b.limit)).then_with(|| (&a.account, &a.what).cmp(&(&b.account, &b.what)))
    });
    sizes
}

fn of_account(account: &Account) -> Vec<Size> {
    let iam = &account.iam;
    let size = |what: String, characters: usize, limit: usize| Size { account: account.name.clone(), what, characters, limit };
    let mut sizes = Vec::new();
    for (name, role) in &iam.roles {
        sizes.push(size(format!("trust policy of role {name}"), of(&role.trust), size::TRUST));
        sizes.push(size(format!("inline policies of role {name}"), all(&role.inline), size::ROLE_INLINE));
    }
    for (name, group) in &iam.groups {
        sizes.push(size(format!("inline policies of group {name}"), all(&group.inline), size::GROUP_INLINE));
    }
    for (name, user) in &iam.users {
        sizes.push(size(format!("inline policies of user {name}"), all(&user.inline), size::USER_INLINE));
    }
    for policy in iam.policies.values() {
        sizes.push(size(format!("policy {}", policy.name), policy.document().map_or(0, of), size::MANAGED));
    }
    sizes
}

fn of(document: &Document) -> usize {
    characters(&document.text())
}

fn all(documents: &BTreeMap<String, Document>) -> usize {
    documents.values().map(of).sum()
}
