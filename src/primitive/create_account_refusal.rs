//! Why an account cannot be had: what was looked at, and each way on.

use crate::aws::Member;
use crate::step::{Failure, FailureClass, Resolution, Then, Way};
use std::time::Duration;

/// How an address was looked for after AWS had said that it is taken.
pub(super) struct Looked {
    /// `o-…`
    pub(super) organization: String,
    /// Between the two looks.
    pub(super) apart: Duration,
}

fn change(what: &str) -> Way {
    Way::Change(what.to_owned())
}

fn after(what: &str) -> Way {
    Way::After(what.to_owned())
}

/// EMAIL_ALREADY_EXISTS, and no account of the organisation has the address.
pub(super) fn email_taken(name: &str, email: &str, request: &str, looked: &Looked) -> Failure {
    let apart = match looked.apart.as_secs() {
        0 => String::new(),
        seconds => format!(", {seconds} s apart"),
    };
    let message = format!(
        "{name}: {request} FAILED EMAIL_ALREADY_EXISTS\n\
         `{email}` is some account's root address. Looked twice{apart}: our requests, every account of {} in any state: none has it.\n\
         So it is outside this organisation, or was closed and is gone (never free again). Nothing was made; retrying cannot help.",
        looked.organization
    );
    Failure::needs_you("email-taken", message)
        .way(change("another address"))
        .way(after("the account is yours: invite it into the organisation (Organizations console), accept there"))
        .way(Way::Without)
}

/// The request was refused, and an account has the address that this step did not make: whether it fits is seen by looking again.
pub(super) fn found_meanwhile(member: &Member, request: &str, reason: &str) -> Failure {
    let Member { id, name, email, state, .. } = member;
    let message = format!("{request} FAILED {reason}: account {id} (`{name}`, {state}) has the address `{email}` meanwhile");
    Failure::fatal("found-meanwhile", message)
}

/// A request of this name made an account that is not listed and bears no tag of ours.
pub(super) fn unlisted(request: &str, id: &str) -> Failure {
    let message = format!(
        "the request {request}, of this name and time, made account {id}, which AWS does not list; its address is not known, and it does \
         not bear this step's tag"
    );
    Failure::needs_you("ownership-unknown", message)
        .way(after("wait until AWS lists it"))
        .way(Way::Resolve("it is the account wanted".to_owned(), Resolution::Adopt { id: id.to_owned() }))
        .way(Way::Resolve("somebody else made it".to_owned(), Resolution::Retry))
        .way(Way::Without)
}

/// AWS took the request, and does not know it any more; no account has the address.
pub(super) fn forgotten(request: &str, email: &str) -> Failure {
    let message =
        format!("AWS took the request {request} and does not know it now; no account of the organisation has the address `{email}`");
    Failure::needs_you("creation-lost", message)
        .way(after("wait: the request, and the account, are looked for again"))
        .way(Way::Resolve("it made an account, and you know its id".to_owned(), Resolution::Adopt { id: "ID".to_owned() }))
        .way(Way::Resolve("AWS Support says that this request is dead".to_owned(), Resolution::Retry))
        .way(Way::Without)
}

/// As many accounts as the quota allows. `accounts` are those there are, closed ones too.
pub(super) fn limit(name: &str, organization: &str, accounts: usize) -> Failure {
    let message = format!(
        "{name}: AWS makes no more accounts in {organization}, which has {accounts} (closed ones count)\n\
         Nothing was made for this one; the accounts made so far stay, and a resume makes the rest."
    );
    Failure::needs_you("account-limit", message)
        .way(after("ask for a higher quota (Service Quotas: AWS Organizations, Default maximum number of accounts)"))
        .way(after("in the first hour of an organisation it may be enough to wait"))
        .way(Way::Without)
}

pub(super) fn name_taken(member: &Member, email: &str) -> Failure {
    let Member { id, name, email: has, state, .. } = member;
    let message = format!("account {id} ({state}) is named `{name}` already, with the address `{has}`, not `{email}`; nothing was made");
    // The one with the address may be listed later.
    Failure::fatal("account-name-taken", message)
        .then(Then::Look)
        .way(change(&format!("go on with that account: give the address `{has}`")))
        .way(change("another name"))
        .way(Way::Without)
}

pub(super) fn name_differs(member: &Member, name: &str) -> Failure {
    let Member { id, name: has, email, state, .. } = member;
    let message = format!("the account with the address `{email}` ({id}, {state}) is named `{has}`, not `{name}`; nothing was changed");
    Failure::fatal("account-name-differs", message)
        .way(change(&format!("go on with that account: give the name `{has}`")))
        .way(change("another address"))
        .way(Way::Without)
}

pub(super) fn closed(member: &Member) -> Failure {
    let Member { id, name, email, state, .. } = member;
    let message = format!("account {id} (`{name}`), which has the address `{email}`, is {state}; nothing was made or changed");
    Failure::fatal("account-closed", message)
        .way(after("reopen it through AWS Support (within 90 days of its closing)"))
        .way(change("another name and address (the address of a closed account is never free again)"))
        .way(Way::Without)
}

/// The access role still cannot be assumed, as `why` says.
pub(super) fn not_usable(member: &Member, role: &str, minutes: u64, why: &str) -> Failure {
    let Member { id, name, .. } = member;
    let message =
        format!("account {id} (`{name}`) was made {minutes} minutes ago, and still `{role}` cannot be assumed: {why}\nThe account stays.");
    Failure::needs_you("account-not-usable", message)
        .way(after("wait some minutes"))
        .way(change("another role than that one (`role:`), if the account has none of this name"))
        .way(Way::Without)
}

/// AWS's other `FailureReason`s, each with a sentence and a way on.
pub(super) fn refusal(name: &str, email: &str, request: &str, reason: &str) -> Failure {
    use FailureClass::{Fatal, NeedsYou};
    let validation = |sentence, way| (NeedsYou, "business-validation", sentence, way);
    let (class, code, sentence, way) = match reason {
        "INVALID_ADDRESS" => (
            NeedsYou,
            "invalid-address",
            "the postal address of the management account is not valid",
            after("correct it in the Billing console of the management account"),
        ),
        "INVALID_EMAIL" => (Fatal, "invalid-email", "AWS does not take this address", change("another address")),
        "CONCURRENT_ACCOUNT_MODIFICATION" => (
            FailureClass::Unknown,
            "concurrent-account-modification",
            "a request with the same information is already being worked on",
            after("wait a minute: the account will be looked for"),
        ),
        // A new request needs an intent of its own, since this one has a handle already: it is settled first.
        "INTERNAL_FAILURE" => {
            (FailureClass::Unknown, "internal-failure", "AWS had an error of its own", after("wait; if it stays so, ask AWS Support"))
        }
        "GOVCLOUD_ACCOUNT_ALREADY_EXISTS" => {
            (Fatal, "govcloud-account-exists", "a GovCloud account is already tied to this one", change("another address"))
        }
        "MISSING_BUSINESS_VALIDATION" => {
            validation("AWS has not received a business validation", after("complete it in the console of the management account"))
        }
        "FAILED_BUSINESS_VALIDATION" => {
            validation("the business validation of the management account failed", after("settle it with AWS Support"))
        }
        "PENDING_BUSINESS_VALIDATION" => {
            validation("the business validation of the management account is still under way", after("wait until AWS has finished it"))
        }
        "UNKNOWN_BUSINESS_VALIDATION" => validation("AWS cannot tell how the business validation stands", after("ask AWS Support")),
        "INVALID_IDENTITY_FOR_BUSINESS_VALIDATION" => validation(
            "the identity given for the business validation is not valid",
            after("correct it in the console of the management account"),
        ),
        "MISSING_PAYMENT_INSTRUMENT" => (
            NeedsYou,
            "payment-instrument",
            "the management account has no way of payment",
            after("add one in the Billing console of the management account"),
        ),
        "INVALID_PAYMENT_INSTRUMENT" => (
            NeedsYou,
            "payment-instrument",
            "the management account's way of payment is not valid",
            after("correct it in the Billing console of the management account"),
        ),
        "UPDATE_EXISTING_RESOURCE_POLICY_WITH_TAGS_NOT_SUPPORTED" => (
            Fatal,
            "tags-not-supported",
            "AWS cannot tag the account while the organisation's resource policy is as it is",
            after("change the delegation policy of the organisation"),
        ),
        _ => {
            let look = after("look at the request in the Organizations console");
            (Fatal, "account-refused", "AWS gives a reason that runner does not know", look)
        }
    };
    let message = format!("{name} ({email}): {request} FAILED {reason}: {sentence}. Nothing was made.");
    Failure::new(class, code, message).way(way).way(Way::Without)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::page;
    use aws_sdk_organizations::types::CreateAccountFailureReason;

    #[test]
    fn every_reason_of_aws_has_a_sentence_a_way_on_and_a_page() {
        let reasons = CreateAccountFailureReason::values();
        assert_eq!(reasons.len(), 15);
        for reason in reasons {
            assert!(page(reason).is_some(), "{reason} has no page");
            // These two are answered with what there is in the organisation.
            if matches!(*reason, "EMAIL_ALREADY_EXISTS" | "ACCOUNT_LIMIT_EXCEEDED") {
                continue;
            }
            let failure = refusal("dev", "dev@example.com", "car-1", reason);
            assert_ne!(failure.code, "account-refused", "{reason}");
            assert!(failure.message.contains(reason) && failure.ways.len() == 2);
            assert_eq!(page(reason), page(&failure.code), "{reason}");
        }
        assert_eq!(refusal("dev", "dev@example.com", "car-1", "NEW").code, "account-refused");
    }

    #[test]
    fn a_taken_address_says_what_was_looked_at() {
        let looked = |apart| Looked { organization: "o-a1b2c3".into(), apart: Duration::from_secs(apart) };
        let told = email_taken("dev", "aws+dev@example.com", "car-1", &looked(60)).message;
        assert!(told.contains("Looked twice, 60 s apart: our requests, every account of o-a1b2c3 in any state: none has it."), "{told}");
        assert!(email_taken("dev", "aws+dev@example.com", "car-1", &looked(0)).message.contains("Looked twice: our"));
    }
}
