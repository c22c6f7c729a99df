//! The documents of each layer, and where each comes from.

use super::identity::{Identity, Who, chain};
use crate::estate::{Account, Arn, Iam};
use crate::policy::{Document, Outcome, Query, Statement, evaluate, managed};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Where a document hangs: ``inline policy `assume` of group `admins` ``.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    Inline { policy: &'a str, kind: &'static str, name: &'a str },
    Attached { arn: &'a str, kind: &'static str, name: &'a str },
    Boundary { arn: &'a str },
    Session,
    ServiceControl { name: &'a str, target: &'a str },
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Inline { policy, kind, name } => write!(f, "inline policy `{policy}` of {kind} `{name}`"),
            Origin::Attached { arn, kind, name } => write!(f, "`{arn}` attached to {kind} `{name}`"),
            Origin::Boundary { arn } => write!(f, "permissions boundary `{arn}`"),
            Origin::Session => f.write_str("the session policy"),
            Origin::ServiceControl { name, target } => write!(f, "service control policy `{name}` on `{target}`"),
        }
    }
}

/// `Statement[1] (DenyLeave)`
pub(super) fn place(statement: &Statement) -> String {
    match &statement.sid {
        Some(sid) if !sid.is_empty() => format!("Statement[{}] ({sid})", statement.index),
        _ => format!("Statement[{}]", statement.index),
    }
}

/// The documents that are evaluated together.
#[derive(Default)]
pub(super) struct Documents<'a> {
    list: Vec<(Origin<'a>, &'a Document)>,
    /// Attached policies whose document is not known, or only in part; what is not known is taken to allow nothing.
    pub(super) unknown: Vec<&'a str>,
}

/// What some documents said, with the origin of the statement that decided.
pub(super) enum Verdict<'a> {
    Allowed { origin: Origin<'a>, statement: &'a Statement },
    ExplicitDeny { origin: Origin<'a>, statement: &'a Statement },
    Nothing,
}

impl<'a> Documents<'a> {
    pub(super) fn evaluate(&self, query: &Query<'_>) -> Verdict<'a> {
        match evaluate(self.list.iter().map(|(_, document)| *document), query) {
            Outcome::Allowed { document, statement } => Verdict::Allowed { origin: self.list[document].0, statement },
            Outcome::ExplicitDeny { document, statement } => Verdict::ExplicitDeny { origin: self.list[document].0, statement },
            Outcome::Nothing => Verdict::Nothing,
        }
    }

    fn inline(&mut self, kind: &'static str, name: &'a str, documents: &'a BTreeMap<String, Document>) {
        self.list.extend(documents.iter().map(|(policy, document)| (Origin::Inline { policy, kind, name }, document)));
    }

    fn attached(&mut self, iam: &'a Iam, kind: &'static str, name: &'a str, arns: &'a BTreeSet<Arn>) {
        for arn in arns {
            self.managed(iam, arn, Origin::Attached { arn, kind, name });
        }
    }

    /// A policy of the account, or of AWS.
    fn managed(&mut self, iam: &'a Iam, arn: &'a str, origin: Origin<'a>) {
        let (document, whole) = match (iam.policies.get(arn), managed::find(arn)) {
            (Some(policy), _) => (policy.document(), true),
            (None, Some(managed)) => (managed.document.as_ref(), !managed.abridged),
            (None, None) => (None, false),
        };
        if !whole || document.is_none() {
            self.unknown.push(arn);
        }
        self.list.extend(document.map(|document| (origin, document)));
    }
}

/// Inline, attached, and through groups.
pub(super) fn identity<'a>(identity: &Identity<'a>) -> Documents<'a> {
    let mut documents = Documents::default();
    let iam = &identity.account.iam;
    match &identity.who {
        Who::Root => {}
        Who::User { name, user } => {
            documents.inline("user", name, &user.inline);
            documents.attached(iam, "user", name, &user.attached);
            for (name, group) in user.groups.iter().filter_map(|name| iam.groups.get_key_value(name)) {
                documents.inline("group", name, &group.inline);
                documents.attached(iam, "group", name, &group.attached);
            }
        }
        Who::Session { name, role, .. } => {
            documents.inline("role", name, &role.inline);
            documents.attached(iam, "role", name, &role.attached);
        }
    }
    documents
}

/// None when no boundary is set.
pub(super) fn boundary<'a>(identity: &Identity<'a>) -> Option<Documents<'a>> {
    let arn = match &identity.who {
        Who::Root => None,
        Who::User { user, .. } => user.boundary.as_deref(),
        Who::Session { role, .. } => role.boundary.as_deref(),
    }?;
    let mut documents = Documents::default();
    documents.managed(&identity.account.iam, arn, Origin::Boundary { arn });
    Some(documents)
}

/// None when the session was opened without a policy.
pub(super) fn session<'a>(identity: &Identity<'a>) -> Option<Documents<'a>> {
    let document = identity.caller.session_policy.as_ref()?;
    Some(Documents { list: vec![(Origin::Session, document)], unknown: Vec::new() })
}

/// The root, unit or account that service control policies hang on, with their documents: each node must allow by itself.
pub(super) struct Node<'a> {
    pub(super) target: &'a str,
    pub(super) documents: Documents<'a>,
}

/// From the root down to the account. Empty where service control policies do not bind: in the management account, outside the
/// organisation, for service-linked roles, and while the policy type is off (then AWS keeps no attachments at all).
pub(super) fn service_control<'a>(identity: &Identity<'a>) -> Vec<Node<'a>> {
    let account: &'a Account = identity.account;
    let linked = matches!(&identity.who, Who::Session { role, .. } if role.path.starts_with("/aws-service-role/"));
    let Some(organization) = &identity.estate.organization else { return Vec::new() };
    if linked || account.parent.is_none() || organization.management == account.id || organization.attachments.is_empty() {
        return Vec::new();
    }
    chain(identity.estate, account)
        .into_iter()
        .map(|target| {
            let mut documents = Documents::default();
            for id in organization.attachments.get(target).into_iter().flatten() {
                match organization.policies.get(id) {
                    Some(policy) => documents.list.push((Origin::ServiceControl { name: &policy.name, target }, &policy.document)),
                    None => documents.unknown.push(id),
                }
            }
            Node { target, documents }
        })
        .collect()
}
