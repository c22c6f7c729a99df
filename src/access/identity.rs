//! The caller as the estate knows it, and the condition keys that follow from it.

use super::{Caller, Principal, Request};
use crate::estate::{Account, Estate, Role, Tags, User, arn};
use crate::policy::{Context, Subject};

/// A caller that exists.
pub(super) struct Identity<'a> {
    pub(super) estate: &'a Estate,
    pub(super) caller: &'a Caller,
    pub(super) account: &'a Account,
    pub(super) who: Who<'a>,
    /// ARN of the root user, user or session.
    arn: String,
    /// Unique id, for a session that of its role; the account id for the root user.
    id: &'a str,
}

pub(super) enum Who<'a> {
    Root,
    User { name: &'a str, user: &'a User },
    Session { name: &'a str, role: &'a Role, role_arn: String, session_name: &'a str },
}

impl<'a> Identity<'a> {
    /// Finds the caller; the error says what is not there.
    pub(super) fn find(estate: &'a Estate, caller: &'a Caller) -> Result<Identity<'a>, String> {
        let id = &caller.account;
        let account = estate.accounts.get(id).ok_or_else(|| format!("account `{id}` does not exist"))?;
        let gone = |kind: &str, name: &str| format!("{kind} `{name}` does not exist in account `{id}`");
        let arn = arn_of(&estate.partition, account, &caller.principal);
        let (who, id) = match &caller.principal {
            Principal::Root => (Who::Root, id.as_str()),
            Principal::User { name } => {
                let user = account.iam.users.get(name).ok_or_else(|| gone("user", name))?;
                (Who::User { name, user }, user.id.as_str())
            }
            Principal::Session { role: name, session_name } => {
                let role = account.iam.roles.get(name).ok_or_else(|| gone("role", name))?;
                let role_arn = arn::iam(&estate.partition, &account.id, "role", &role.path, name);
                (Who::Session { name, role, role_arn, session_name }, role.id.as_str())
            }
        };
        Ok(Identity { estate, caller, account, who, arn, id })
    }

    /// As trust policies name it.
    pub(super) fn subject(&self) -> Subject<'_> {
        let role_arn = match &self.who {
            Who::Session { role_arn, .. } => Some(role_arn.as_str()),
            Who::Root | Who::User { .. } => None,
        };
        Subject { account: &self.account.id, arn: &self.arn, role_arn, id: self.id }
    }

    /// Whether the account belongs to the organisation; standalone and foreign accounts do not.
    fn in_organization(&self) -> bool {
        is_member(self.estate, &self.account.id)
    }

    /// The condition keys of a request. What the request says itself goes before what follows from the caller: an MFA code given
    /// with AssumeRole makes `aws:MultiFactorAuthPresent` true for that call.
    pub(super) fn context(&self, request: &Request<'_>) -> Context {
        let mut context = Context::new();
        self.principal_keys(&mut context);
        self.session_keys(&mut context);
        if let Some(account) = arn::parse(request.resource).map(|arn| arn.account).filter(|account| !account.is_empty()) {
            context.set("aws:ResourceAccount", account);
            if let Some(organization) = self.estate.organization.as_ref().filter(|_| is_member(self.estate, account)) {
                context.set("aws:ResourceOrgID", organization.id.as_str());
            }
        }
        for (key, values) in &request.context {
            context.set_all(key, values.clone());
        }
        context
    }

    fn principal_keys(&self, context: &mut Context) {
        context.set("aws:PrincipalAccount", self.account.id.as_str());
        context.set("aws:PrincipalIsAWSService", "false");
        context.set("aws:ViaAWSService", "false");
        context.set("aws:SecureTransport", "true");
        if let Some(organization) = self.estate.organization.as_ref().filter(|_| self.in_organization()) {
            context.set("aws:PrincipalOrgID", organization.id.as_str());
            let nodes = chain(self.estate, self.account);
            let path: String = nodes.iter().take(nodes.len() - 1).flat_map(|node| [node, "/"]).collect();
            context.set_all("aws:PrincipalOrgPaths", vec![format!("{}/{path}", organization.id)]);
        }
        let (kind, principal_arn, user_id, tags) = match &self.who {
            Who::Root => ("Account", self.arn.as_str(), self.id.to_owned(), None),
            Who::User { name, user } => {
                context.set("aws:username", *name);
                ("User", self.arn.as_str(), self.id.to_owned(), Some(&user.tags))
            }
            Who::Session { role, role_arn, session_name, .. } => {
                ("AssumedRole", role_arn.as_str(), format!("{}:{session_name}", self.id), Some(&role.tags))
            }
        };
        context.set("aws:PrincipalType", kind);
        context.set("aws:PrincipalArn", principal_arn);
        context.set("aws:userid", user_id);
        let own: Option<&Tags> = tags;
        // A session tag replaces the tag of the role.
        for (key, value) in own.into_iter().flatten().chain(&self.caller.tags) {
            context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
        }
    }

    fn session_keys(&self, context: &mut Context) {
        if let Some(present) = self.caller.mfa {
            context.set("aws:MultiFactorAuthPresent", present.to_string());
        }
        if let Some(age) = self.caller.mfa_age {
            context.set("aws:MultiFactorAuthAge", age.to_string());
        }
        if let Some(source_identity) = &self.caller.source_identity {
            context.set("aws:SourceIdentity", source_identity.as_str());
        }
    }
}

/// The ARN by which AWS speaks of a caller (GetCallerIdentity, AccessDenied). A user that is not there gets the path `/`.
#[must_use]
pub fn caller_arn(estate: &Estate, caller: &Caller) -> String {
    match estate.accounts.get(&caller.account) {
        Some(account) => arn_of(&estate.partition, account, &caller.principal),
        None => plain_arn(&estate.partition, &caller.account, "/", &caller.principal),
    }
}

fn arn_of(partition: &str, account: &Account, principal: &Principal) -> String {
    let path = match principal {
        Principal::User { name } => account.iam.users.get(name).map(|user| user.path.as_str()),
        Principal::Root | Principal::Session { .. } => None,
    };
    plain_arn(partition, &account.id, path.unwrap_or("/"), principal)
}

fn plain_arn(partition: &str, account: &str, path: &str, principal: &Principal) -> String {
    match principal {
        Principal::Root => arn::root(partition, account),
        Principal::User { name } => arn::iam(partition, account, "user", path, name),
        Principal::Session { role, session_name } => format!("arn:{partition}:sts::{account}:assumed-role/{role}/{session_name}"),
    }
}

fn is_member(estate: &Estate, account: &str) -> bool {
    estate.organization.as_ref().is_some_and(|organization| organization.management == account)
        || estate.accounts.get(account).is_some_and(|account| account.parent.is_some())
}

/// From the root through the units down to the account itself. A chain that does not reach the root is cut off where it breaks.
pub(super) fn chain<'a>(estate: &'a Estate, account: &'a Account) -> Vec<&'a str> {
    let mut chain = vec![account.id.as_str()];
    let Some(organization) = &estate.organization else { return chain };
    let mut node = account.parent.as_deref();
    while let Some(id) = node {
        // Units that are each other's parents would never end.
        if chain.contains(&id) {
            break;
        }
        chain.push(id);
        node = organization.units.get(id).map(|unit| unit.parent.as_str());
    }
    chain.reverse();
    chain
}
