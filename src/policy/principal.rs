//! Principals: whom a trust policy names, and who of them a caller is.

use super::arn;
use super::statement::strings;
use serde_json::{Map, Value};

/// `Principal` or `NotPrincipal`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Principals {
    /// `NotPrincipal`.
    pub negated: bool,
    /// Account ids, ARNs, unique ids, or `*`.
    pub aws: Vec<String>,
    pub services: Vec<String>,
    pub federated: Vec<String>,
    pub canonical_users: Vec<String>,
}

/// The caller, as principals name it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub account: &'a str,
    /// ARN of the user, or of the session (`arn:aws:sts::…:assumed-role/ROLE/SESSION`).
    pub arn: &'a str,
    /// ARN of the role, with its path, when the caller is a session.
    pub role_arn: Option<&'a str>,
    /// Unique id of the user or role (`AIDA…`, `AROA…`).
    pub id: &'a str,
}

/// How a policy names a caller, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// By its account: only delegates, the account's own policies must allow as well.
    Account,
    /// By `*`.
    Everyone,
    /// By the role it is a session of.
    Role,
    /// By its own ARN or id.
    Exact,
}

impl Principals {
    pub(super) fn read(statement: &Map<String, Value>) -> Option<Principals> {
        let (negated, value) = match statement.get("Principal") {
            Some(value) => (false, value),
            None => (true, statement.get("NotPrincipal")?),
        };
        let list = |kind: &str| value.get(kind).map(|names| strings(names).into_iter().map(str::to_owned).collect()).unwrap_or_default();
        Some(Principals {
            negated,
            aws: if value == "*" { vec!["*".to_owned()] } else { list("AWS") },
            services: list("Service"),
            federated: list("Federated"),
            canonical_users: list("CanonicalUser"),
        })
    }

    /// The strongest way in which these principals cover the caller. Services, identity providers and canonical users never do:
    /// a caller is always a user or a session. Nothing but a lone `*` is a wildcard.
    ///
    /// `NotPrincipal` spares only a caller that is listed with its account and, for a session, its role (IAM user guide,
    /// reference_policies_elements_notprincipal).
    #[must_use]
    pub fn cover(&self, subject: &Subject<'_>) -> Option<Standing> {
        let named = |standing| self.aws.iter().any(|name| self::standing(name, subject) == Some(standing));
        if self.negated {
            let role = subject.role_arn.is_none() || named(Standing::Role);
            let spared = named(Standing::Everyone) || (named(Standing::Account) && named(Standing::Exact) && role);
            return (!spared).then_some(Standing::Everyone);
        }
        self.aws.iter().filter_map(|name| standing(name, subject)).max()
    }
}

fn standing(name: &str, subject: &Subject<'_>) -> Option<Standing> {
    if name == "*" {
        Some(Standing::Everyone)
    } else if name == subject.arn {
        Some(Standing::Exact)
    } else if name == subject.id {
        Some(if subject.role_arn.is_some() { Standing::Role } else { Standing::Exact })
    } else if Some(name) == subject.role_arn {
        Some(Standing::Role)
    } else {
        (account(name)? == subject.account).then_some(Standing::Account)
    }
}

/// The account that a principal names as a whole: `111122223333` or `arn:aws:iam::111122223333:root`.
pub(super) fn account(name: &str) -> Option<&str> {
    if is_account_id(name) {
        return Some(name);
    }
    let arn = arn::parse(name)?;
    (arn.service == "iam" && arn.region.is_empty() && arn.resource == "root" && is_account_id(arn.account)).then_some(arn.account)
}

pub(super) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
