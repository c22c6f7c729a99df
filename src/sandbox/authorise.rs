//! Asks `access` whether a call may run, and says no in AWS's words.

use super::call::{Call, caller_arn};
use super::error::AwsError;
use super::service::Need;
use super::wire::Protocol;
use crate::access::{self, Decision, Layer, Request, Trust};

/// Refuses the call with AccessDenied unless every layer of policies allows what it needs.
pub(crate) fn check(call: &Call, need: &Need) -> Result<(), AwsError> {
    let own;
    let action = match need.action {
        Some(action) => action,
        None => {
            own = format!("{}:{}", call.service.prefix(), call.operation);
            &own
        }
    };
    let with_mfa;
    let caller = if need.mfa {
        with_mfa = access::Caller { mfa: Some(true), mfa_age: Some(0), ..call.caller.clone() };
        &with_mfa
    } else {
        &call.caller
    };
    let trust = need.trust.as_ref().and_then(|(account, role)| {
        let role = call.world.account(account)?.iam.roles.get(role)?;
        Some(Trust { account, document: &role.trust })
    });
    let mut context = need.context.clone();
    context.entry("aws:CurrentTime".to_owned()).or_insert_with(|| vec![super::wire::iso(call.now)]);
    let request = Request { caller, action, resource: &need.resource, context, trust };
    match seam(call.world.estate(), &request) {
        Decision::Allowed { .. } => Ok(()),
        Decision::Denied { layer, explicit, .. } => {
            let who = caller_arn(call.world, caller);
            Err(denied(call.service.protocol(), message(&who, action, &need.resource, layer, explicit)))
        }
    }
}

/// AccessDenied as the protocol spells it.
pub(crate) fn denied(protocol: Protocol, message: impl Into<String>) -> AwsError {
    match protocol {
        Protocol::Query => AwsError::new("AccessDenied", 403, message),
        Protocol::Json => AwsError::new("AccessDeniedException", 400, message),
    }
}

/// AWS's sentence, which names the layer (IAM User Guide, "Troubleshoot access denied error messages").
fn message(who: &str, action: &str, resource: &str, layer: Layer, explicit: bool) -> String {
    let what = format!("User: {who} is not authorized to perform: {action} on resource: {resource}");
    if !explicit {
        return format!("{what} because no {layer} allows the {action} action");
    }
    let article = match layer {
        Layer::Identity => "an",
        Layer::Trust => "the",
        Layer::ServiceControl | Layer::Boundary | Layer::Session => "a",
    };
    format!("{what} with an explicit deny in {article} {layer}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences() {
        let table = [
            (Layer::Identity, false, "because no identity-based policy allows the a:B action"),
            (Layer::Trust, false, "because no role trust policy allows the a:B action"),
            (Layer::ServiceControl, true, "with an explicit deny in a service control policy"),
            (Layer::Identity, true, "with an explicit deny in an identity-based policy"),
            (Layer::Boundary, false, "because no permissions boundary allows the a:B action"),
            (Layer::Session, true, "with an explicit deny in a session policy"),
        ];
        for (layer, explicit, end) in table {
            let text = message("arn", "a:B", "*", layer, explicit);
            assert_eq!(text, format!("User: arn is not authorized to perform: a:B on resource: * {end}"));
        }
    }
}

/// Until branch `policy` brings `access::authorise`.
fn seam(_: &crate::estate::Estate, _: &Request) -> Decision {
    Decision::Allowed { reasons: Vec::new() }
}
