//! Finding a request to create an account again, and the ways on when AWS says no.

use crate::aws::{Session, Standing};
use crate::step::{Failure, FailureClass};
use aws_sdk_organizations::types::CreateAccountStatus;
use jiff::Timestamp;

/// The newest request for an account of this name that was made no earlier than `since`; one that may still succeed goes before one that failed.
pub(super) async fn by_name(session: &Session, name: &str, since: Timestamp) -> Result<Option<(String, Standing)>, Failure> {
    let mut found: Vec<(bool, i64, String, Standing)> = Vec::new();
    let take = |status: CreateAccountStatus| {
        let requested = status.requested_timestamp.map_or(i64::MAX, |requested| requested.secs());
        if status.account_name.as_deref() != Some(name) || requested < since.as_second() {
            return;
        }
        if let (Some(standing), Some(id)) = (Standing::of(&status), status.id) {
            found.push((!matches!(standing, Standing::Refused(_)), requested, id, standing));
        }
    };
    session.creation_statuses(None, take).await?;
    found.sort_by(|a, b| (a.0, a.1, &a.2).cmp(&(b.0, b.1, &b.2)));
    Ok(found.pop().map(|(.., id, standing)| (id, standing)))
}

/// AWS's `FailureReason`, as a failure with a sentence and a way on.
pub(super) fn refusal(name: &str, email: &str, request: &str, reason: &str) -> Failure {
    use FailureClass::{Fatal, NeedsYou};
    let (class, code, sentence, hint) = match reason {
        "ACCOUNT_LIMIT_EXCEEDED" => (
            NeedsYou,
            "account-limit",
            "the organisation has as many accounts as it may",
            "ask AWS Support for a higher quota (or, in the first hour of an organisation, wait), then resume",
        ),
        "EMAIL_ALREADY_EXISTS" => (
            NeedsYou,
            "email-taken",
            "this address belongs to some AWS account, but to none of this organisation; it may be outside, or closed and never free again",
            "give another address and resume",
        ),
        "INVALID_ADDRESS" => (
            NeedsYou,
            "invalid-address",
            "the postal address of the management account is not valid",
            "correct it in the Billing console of the management account, then resume",
        ),
        "INVALID_EMAIL" => (Fatal, "invalid-email", "AWS does not take this address", "give another address and resume"),
        "CONCURRENT_ACCOUNT_MODIFICATION" => (
            FailureClass::Unknown,
            "concurrent-account-modification",
            "a request with the same information is already being worked on",
            "resume: the account will be looked for",
        ),
        // A new request needs an intent of its own, since this one has a handle already: it is settled first.
        "INTERNAL_FAILURE" => {
            (FailureClass::Unknown, "internal-failure", "AWS had an error of its own", "resume later; if it stays, contact AWS Support")
        }
        "GOVCLOUD_ACCOUNT_ALREADY_EXISTS" => (
            Fatal,
            "govcloud-account-exists",
            "a GovCloud account is already tied to this one",
            "give another address, or use the account there is",
        ),
        "MISSING_BUSINESS_VALIDATION" => {
            (NeedsYou, "business-validation", "AWS has not received a business validation", "complete it in the AWS console, then resume")
        }
        "FAILED_BUSINESS_VALIDATION" => (
            NeedsYou,
            "business-validation",
            "the business validation of the management account failed",
            "settle it with AWS Support, then resume",
        ),
        "PENDING_BUSINESS_VALIDATION" => (
            NeedsYou,
            "business-validation",
            "the business validation of the management account is still under way",
            "wait until AWS has finished it, then resume",
        ),
        "UNKNOWN_BUSINESS_VALIDATION" => {
            (NeedsYou, "business-validation", "AWS cannot tell how the business validation stands", "ask AWS Support, then resume")
        }
        "INVALID_IDENTITY_FOR_BUSINESS_VALIDATION" => (
            NeedsYou,
            "business-validation",
            "the identity given for the business validation is not valid",
            "correct it in the AWS console, then resume",
        ),
        "MISSING_PAYMENT_INSTRUMENT" => {
            (NeedsYou, "payment-instrument", "the management account has no way of payment", "add one in the Billing console, then resume")
        }
        "INVALID_PAYMENT_INSTRUMENT" => (
            NeedsYou,
            "payment-instrument",
            "the management account's way of payment is not valid",
            "correct it in the Billing console, then resume",
        ),
        "UPDATE_EXISTING_RESOURCE_POLICY_WITH_TAGS_NOT_SUPPORTED" => (
            Fatal,
            "tags-not-supported",
            "AWS cannot tag the account while the organisation's resource policy is as it is",
            "change the delegation policy of the organisation, then resume",
        ),
        _ => (Fatal, "account-refused", "AWS gives a reason runner does not know", "look at the request in the Organizations console"),
    };
    Failure::new(class, code, format!("{name} ({email}): {request} FAILED {reason}: {sentence}")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_organizations::types::CreateAccountFailureReason;

    #[test]
    fn every_reason_of_aws_has_a_sentence_and_a_way_on() {
        let reasons = CreateAccountFailureReason::values();
        assert_eq!(reasons.len(), 15);
        for reason in reasons {
            let failure = refusal("dev", "dev@example.com", "car-1", reason);
            assert_ne!(failure.code, "account-refused", "{reason}");
            assert!(failure.message.contains(reason) && !failure.hints.is_empty());
            assert!(crate::error::page(&failure.code).is_some(), "{} has no page", failure.code);
        }
        assert_eq!(refusal("dev", "dev@example.com", "car-1", "NEW").code, "account-refused");
    }
}
