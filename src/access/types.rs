//! The question `access` answers and the shape of its answer.

use crate::policy::Document;
use std::collections::BTreeMap;
use std::fmt;

/// Who asks. One per set of credentials.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Caller {
    pub account: String,
    pub principal: Principal,
    /// Session tags, by key.
    pub tags: BTreeMap<String, String>,
    /// Policy passed with AssumeRole or GetFederationToken: the session may do what it *and* the role allow.
    pub session_policy: Option<Document>,
    /// `aws:MultiFactorAuthPresent`: none for long-term keys (the key is absent then), else whether a code was given.
    pub mfa: Option<bool>,
    /// Seconds since the code was given (`aws:MultiFactorAuthAge`).
    pub mfa_age: Option<u64>,
    pub source_identity: Option<String>,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Principal {
    Root,
    User {
        name: String,
    },
    /// A session of a role.
    Session {
        role: String,
        session_name: String,
    },
}

/// One call to be judged.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    pub caller: &'a Caller,
    /// `iam:CreateRole`
    pub action: &'a str,
    /// ARN of the resource, `*` when the action has none.
    pub resource: &'a str,
    /// Condition keys beyond those that follow from the caller (`sts:ExternalId`, `iam:PermissionsBoundary`, `aws:RequestTag/x`).
    pub context: BTreeMap<String, Vec<String>>,
    /// For sts:AssumeRole: the trust policy of the role asked for and the account it lives in.
    pub trust: Option<Trust<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    pub account: &'a str,
    pub document: &'a Document,
}

/// The layer of policies that gave an answer; `Display` is AWS's own word for it in AccessDenied messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum Layer {
    ServiceControl,
    Trust,
    Identity,
    Boundary,
    Session,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Layer::ServiceControl => "service control policy",
            Layer::Trust => "role trust policy",
            Layer::Identity => "identity-based policy",
            Layer::Boundary => "permissions boundary",
            Layer::Session => "session policy",
        })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    Allowed {
        /// Where the allow came from, one line a layer: ``Statement[0] of inline policy `assume` of group `admins` ``.
        reasons: Vec<String>,
    },
    Denied {
        layer: Layer,
        /// An explicit Deny statement, rather than no Allow.
        explicit: bool,
        /// What was missing or what denied, for people.
        reason: String,
    },
}
