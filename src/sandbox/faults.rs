//! Faults by rule: which call, and what goes wrong with it.

use super::error::AwsError;
use super::wire::{Protocol, Service};
use super::world::World;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Refused for its rate; not applied.
    Throttle,
    /// Applied, but the reply never comes.
    LostReply,
    /// Never arrives.
    DropRequest,
    /// Refused with this error, code as the protocol writes it; not applied.
    Error { code: String, message: String, status: u16 },
    /// Refused with ConstraintViolationException for this reason (`TAG_POLICY_VIOLATION`); not applied.
    Constraint { reason: String },
    /// Applied, then answered with this status and `ServiceFailure`.
    ErrorAfter { status: u16 },
    /// The CreateAccount is accepted and later fails for this reason (`INTERNAL_FAILURE`).
    CreateAccountFailure { reason: String },
    /// Applied twice, as when a network layer repeats it; the second reply comes back.
    Duplicate,
    /// A list shows the world as it was; of those that are remembered, this one.
    Stale(u64),
}

/// A fault and the calls it meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `CreateRole`, `iam:CreateRole`, or `*` for every operation.
    pub operation: String,
    /// Which call of that operation, counted from 1 over the life of the world; none means every one.
    pub nth: Option<u64>,
    pub kind: Kind,
}

impl Rule {
    fn concerns(&self, service: Service, operation: &str) -> bool {
        match self.operation.split_once(':') {
            Some((prefix, name)) => prefix == service.prefix() && name == operation,
            None => self.operation == "*" || self.operation == operation,
        }
    }
}

/// The fault that meets this call, if any. Counts the call for each operation that a rule names.
pub(crate) fn meet(rules: &[Rule], world: &mut World, service: Service, operation: &str) -> Option<Kind> {
    let mut met = None;
    let mut counted: Vec<(&str, u64)> = Vec::new();
    for rule in rules.iter().filter(|rule| rule.concerns(service, operation)) {
        let known = counted.iter().find(|(name, _)| *name == rule.operation).map(|(_, number)| *number);
        let number = known.unwrap_or_else(|| world.count(&format!("fault {}", rule.operation)));
        counted.push((&rule.operation, number));
        if met.is_none() && rule.nth.is_none_or(|nth| nth == number) {
            met = Some(rule.kind.clone());
        }
    }
    met
}

/// AWS's answer to too many calls.
pub(crate) fn throttled(service: Service) -> AwsError {
    match service.protocol() {
        Protocol::Query => AwsError::new("Throttling", 400, "Rate exceeded"),
        Protocol::Json => AwsError::new(
            "TooManyRequestsException",
            400,
            "You have sent too many requests in too short a period of time. Wait a moment, then try again.",
        )
        .with("Type", "ORGANIZATIONS_THROTTLED"),
    }
}

/// AWS's answer where a rule of the organisation or of its billing is against it.
pub(crate) fn constrained(reason: &str) -> AwsError {
    AwsError::new("ConstraintViolationException", 400, "Performing this operation violates a constraint of the organization.")
        .reason(reason)
}

/// AWS's answer when it broke down itself.
pub(crate) fn broken(service: Service, status: u16) -> AwsError {
    let message = "The request processing has failed because of an unknown error, exception or failure.";
    match service.protocol() {
        Protocol::Query => AwsError::new("ServiceFailure", status, message),
        Protocol::Json => AwsError::new("ServiceException", status, message),
    }
}
