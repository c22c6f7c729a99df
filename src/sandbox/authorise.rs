//! Asks `access` whether a call may run, and says no in AWS's words.

use super::call::Call;
use super::error::AwsError;
use super::service::Need;
use super::wire::{Protocol, iso};
use crate::access::{self, Request, Trust};

/// Refuses the call with AccessDenied unless every layer of policies allows what it needs.
pub(crate) fn check(call: &Call, need: Need) -> Result<(), AwsError> {
    let own = format!("{}:{}", call.service.prefix(), call.operation);
    let action = need.action.unwrap_or(&own);
    let trust = need.trust.as_ref().and_then(|(account, role)| {
        let role = call.world.account(account)?.iam.roles.get(role)?;
        Some(Trust { account, document: &role.trust })
    });
    let mut context = need.context;
    context.insert("aws:CurrentTime".to_owned(), vec![iso(call.now)]);
    context.insert("aws:EpochTime".to_owned(), vec![call.now.as_second().to_string()]);
    context.insert("aws:RequestedRegion".to_owned(), vec![call.region.to_owned()]);
    let request = Request { caller: &call.caller, action, resource: &need.resource, context, trust };
    let decision = access::authorise(call.world.estate(), &request);
    match decision.message(&call.caller_arn(), action, &need.resource) {
        None => Ok(()),
        Some(message) => Err(denied(call.service.protocol(), message)),
    }
}

/// AccessDenied as the protocol spells it.
pub(crate) fn denied(protocol: Protocol, message: impl Into<String>) -> AwsError {
    match protocol {
        Protocol::Query => AwsError::new("AccessDenied", 403, message),
        Protocol::Json => AwsError::new("AccessDeniedException", 400, message),
    }
}
