//! The operations on offer, and the way of a call through one: what it needs is authorised, then it runs.

use super::authorise;
use super::call::Call;
use super::error::AwsError;
use super::wire::{Protocol, Service};
use super::{iam, organizations, sts};
use serde_json::Value;
use std::collections::BTreeMap;

/// Condition keys of a call beyond those that follow from the caller.
pub(crate) type Context = BTreeMap<String, Vec<String>>;

/// One operation of a service.
pub(crate) struct Operation {
    /// As AWS names it: `CreateRole`. Its action is `iam:CreateRole` unless a [`Need`] says otherwise.
    pub name: &'static str,
    /// What the caller must be allowed. Looks only; refuses parameters that break their own rules.
    pub needs: fn(&Call) -> Result<Vec<Need>, AwsError>,
    /// Does it and gives the result's members, `Value::Null` when AWS's answer has none.
    pub run: fn(&mut Call) -> Result<Value, AwsError>,
}

/// An action on a resource that must be allowed before a call runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Need {
    /// None: the operation's own action.
    pub action: Option<&'static str>,
    /// ARN, or `*` for an action without one.
    pub resource: String,
    pub context: Context,
    /// Account id and name of the role whose trust policy has a say.
    pub trust: Option<(String, String)>,
}

impl Need {
    pub(crate) fn on(resource: impl Into<String>) -> Need {
        Need { resource: resource.into(), ..Need::default() }
    }

    pub(crate) fn action(mut self, action: &'static str) -> Need {
        self.action = Some(action);
        self
    }

    /// A condition key with one value.
    pub(crate) fn with(mut self, key: &str, value: impl Into<String>) -> Need {
        self.context.entry(key.to_owned()).or_default().push(value.into());
        self
    }

    /// `aws:RequestTag/…` and `aws:TagKeys` of the tags in a request.
    pub(crate) fn request_tags(mut self, tags: &crate::estate::Tags) -> Need {
        for (key, value) in tags {
            self = self.with(&format!("aws:RequestTag/{key}"), value.clone()).with("aws:TagKeys", key.clone());
        }
        self
    }
}

/// All operations of a service.
pub(crate) fn all(service: Service) -> impl Iterator<Item = &'static Operation> {
    let tables = match service {
        Service::Iam => iam::OPERATIONS,
        Service::Sts => sts::OPERATIONS,
        Service::Organizations => organizations::OPERATIONS,
    };
    tables.iter().copied().flatten()
}

/// The operation of that name.
pub(crate) fn find(service: Service, name: &str) -> Result<&'static Operation, AwsError> {
    all(service).find(|operation| operation.name == name).ok_or_else(|| {
        let what = format!("Could not find operation {name} for version {}", service.version());
        let advice = "`runner sandbox operations` lists what the sandbox offers; a target of kind `aws` has all";
        match service.protocol() {
            Protocol::Query => AwsError::new("InvalidAction", 400, format!("{what}; {advice}")),
            Protocol::Json => AwsError::new("UnknownOperationException", 400, format!("{what}; {advice}")),
        }
    })
}

/// Whether the caller may.
pub(crate) fn authorise(operation: &Operation, call: &Call) -> Result<(), AwsError> {
    for need in (operation.needs)(call)? {
        authorise::check(call, need)?;
    }
    Ok(())
}
