//! ConstraintViolationException: what each of its reasons comes to (botocore's model of Organizations, ConstraintViolationExceptionReason).

use crate::step::{FailureClass, Way};
use std::time::Duration;

/// The class of a reason and the way on; none for those that none of our calls can meet, and for those AWS may add.
pub(super) fn constraint(reason: &str) -> Option<(FailureClass, Way)> {
    use FailureClass::{Fatal, NeedsYou, RetryAfter};
    let after = |what: &str| Way::After(what.to_owned());
    let change = |what: &str| Way::Change(what.to_owned());
    Some(match reason {
        // Five accounts are being made already.
        "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED" => (RetryAfter(Duration::from_secs(10)), after("wait some minutes")),
        "ACCOUNT_NUMBER_LIMIT_EXCEEDED" => (
            NeedsYou,
            after("ask for a higher account quota in Service Quotas; in the first hour of an organisation it may be enough to wait"),
        ),
        "ACCOUNT_CREATION_NOT_COMPLETE" => {
            (NeedsYou, after("finish the sign-up of the management account, or wait until AWS has activated it"))
        }
        "MASTER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED" | "MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED" => {
            (NeedsYou, after("add a way of payment in the Billing console"))
        }
        "INVALID_PAYMENT_INSTRUMENT" => (NeedsYou, after("correct the way of payment in the Billing console")),
        "MASTER_ACCOUNT_MISSING_CONTACT_INFO" => (NeedsYou, after("give the management account a postal address and a telephone number")),
        "MASTER_ACCOUNT_ADDRESS_DOES_NOT_MATCH_MARKETPLACE" => {
            (NeedsYou, after("let the management account's address and marketplace be of one country"))
        }
        "MASTER_ACCOUNT_MISSING_BUSINESS_LICENSE" => (NeedsYou, after("give the management account's business license (AWS China)")),
        "MASTER_ACCOUNT_NOT_GOVCLOUD_ENABLED" => (NeedsYou, after("enable GovCloud for the management account")),
        "EMAIL_VERIFICATION_CODE_EXPIRED" => (NeedsYou, after("verify the address of the management account")),
        "UNMET_BILLING_PREREQUISITE" | "UNSUPPORTED_PRICING" => (NeedsYou, after("settle it in the Billing console or with AWS Support")),
        "WAIT_PERIOD_ACTIVE" => (NeedsYou, after("wait for the days that AWS names")),
        "OU_NUMBER_LIMIT_EXCEEDED" => (NeedsYou, after("take away units that are not needed: an organisation has 2,000 at most")),
        "OU_DEPTH_LIMIT_EXCEEDED" => (Fatal, change("units at most five deep")),
        "MAX_TAG_LIMIT_EXCEEDED" => (Fatal, change("at most 50 tags")),
        "TAG_POLICY_VIOLATION" => (Fatal, change("tags that the organisation's tag policy allows")),
        "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE" => (NeedsYou, after("enable all features of the organisation (Organizations console)")),
        "CREATE_ORGANIZATION_IN_BILLING_MODE_UNSUPPORTED_REGION" => (Fatal, change("an organisation with all features")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_organizations::types::ConstraintViolationExceptionReason;

    /// Reasons of operations that runner does not call: leaving, closing, handshakes, policies, delegation, transfers of responsibility.
    const OF_OTHERS: &[&str] = &[
        "ACCOUNT_CANNOT_LEAVE",
        "ACCOUNT_NOT_ACTIVE_FOR_TRANSFER",
        "ACTIVE_RESPONSIBILITY_TRANSFER",
        "ALL_FEATURES_MIGRATION",
        "CANNOT_",
        "CLOSE_ACCOUNT",
        "DELEGATED_ADMINISTRATOR",
        "HANDSHAKE_RATE",
        "MAX_DELEGATED",
        "MAX_POLICY_TYPE",
        "MIN_POLICY_TYPE",
        "POLICY_",
        "RESPONSIBILITY_TRANSFER",
        "SERVICE_ACCESS",
        "TRANSFER_RESPONSIBILITY",
    ];

    #[test]
    fn every_reason_of_aws_is_placed() {
        for reason in ConstraintViolationExceptionReason::values() {
            let of_others = OF_OTHERS.iter().any(|prefix| reason.starts_with(prefix));
            assert_ne!(constraint(reason).is_some(), of_others, "{reason}");
        }
        assert_eq!(constraint("NEW"), None);
    }
}
