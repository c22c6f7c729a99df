//! Every error an AWS call can end with, classified once. The table follows the botocore models and the SDK's own lists.

use super::constraint::constraint;
use super::denial::Denial;
use crate::step::{Failure, FailureClass, Then, Way};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use std::error::Error;
use std::time::Duration;

/// Codes by which AWS says "slow down"; it did nothing.
const THROTTLED: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "SlowDown",
    "PriorRequestNotComplete",
];

/// Codes by which AWS says that somebody else is at the same thing just now, or that it is not ready; it did nothing.
const BUSY: &[&str] =
    &["ConcurrentModification", "ConcurrentModificationException", "EntityTemporarilyUnmodifiable", "TransactionInProgressException"];

/// What a service says to an account so new that it is not signed up for it yet; minutes, as users report.
const NOT_SIGNED_UP: &[&str] = &["SubscriptionRequiredException", "OptInRequired"];

/// Session credentials that were good once. IAM and STS spell it one way, the JSON services the other.
const EXPIRED: &[&str] = &["ExpiredToken", "ExpiredTokenException", "RequestExpired"];

/// Credentials AWS does not know.
const NO_CREDENTIALS: &[&str] =
    &["InvalidClientTokenId", "UnrecognizedClientException", "MissingAuthenticationToken", "MissingAuthenticationTokenException"];

const CLOCK: &[&str] = &["SignatureDoesNotMatch", "InvalidSignatureException", "RequestTimeTooSkewed"];

/// Classifies what became of `call` (AWS's name: `CreateRole`).
pub fn classify<E>(call: &str, error: &SdkError<E, HttpResponse>) -> Failure
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match error {
        SdkError::ServiceError(context) => {
            let raw = context.raw();
            let body = raw.body().bytes().unwrap_or_default();
            let reason = serde_json::from_slice::<serde_json::Value>(body)
                .ok()
                .and_then(|body| body.get("Reason").and_then(|reason| reason.as_str().map(str::to_owned)));
            let mut failure =
                service(call, raw.status().as_u16(), context.err().code(), reason.as_deref(), context.err().message().unwrap_or_default());
            failure.request_id = error.request_id().map(str::to_owned);
            failure
        }
        SdkError::ConstructionFailure(_) => Failure::new(
            FailureClass::Retry { throttled: false },
            "not-sent",
            format!("{call}: the request was not sent: {}", chain(error)),
        ),
        SdkError::DispatchFailure(_) if never_connected(error) => Failure::new(
            FailureClass::Retry { throttled: false },
            "no-connection",
            format!("{call}: no connection to AWS: {}", chain(error)),
        )
        .hint("check the network, the proxy and the endpoint"),
        SdkError::DispatchFailure(_) => {
            Failure::new(FailureClass::Unknown, "reply-lost", format!("{call}: sent, but no reply came: {}", chain(error)))
        }
        SdkError::TimeoutError(_) => {
            Failure::new(FailureClass::Unknown, "timeout", format!("{call}: sent, but no reply came in time: {}", chain(error)))
        }
        _ => {
            let mut failure =
                Failure::new(FailureClass::Unknown, "reply-unreadable", format!("{call}: the reply cannot be read: {}", chain(error)));
            failure.request_id = error.request_id().map(str::to_owned);
            failure
        }
    }
}

/// Classifies an error answer: HTTP status, AWS's code, the `Reason` of Organizations' exceptions, AWS's message.
fn service(call: &str, status: u16, code: Option<&str>, reason: Option<&str>, message: &str) -> Failure {
    let Some(code) = code else {
        return Failure::new(
            FailureClass::Unknown,
            "reply-unreadable",
            format!("{call}: AWS answered with status {status} and no error code"),
        );
    };
    let text = match (message.trim(), reason) {
        ("", None) => format!("{call}: {code}"),
        ("", Some(reason)) => format!("{call}: {code} ({reason})"),
        (message, None) => format!("{call}: {message}"),
        (message, Some(reason)) => format!("{call}: {message} ({reason})"),
    };
    let class = class(status, code, reason, message);
    if class == FailureClass::Fatal && is_denied(code) {
        return denied(call, code, message, text);
    }
    let failure = Failure::new(class, code, text);
    if let Some((_, way)) = reason.and_then(constraint) {
        return failure.way(way);
    }
    match class {
        FailureClass::NotYet(_) => failure.hint("the principal must exist: look at its account, its name and its path"),
        FailureClass::NeedsYou if EXPIRED.contains(&code) => {
            failure.way(Way::After("sign in again (`aws sso login` or fresh keys)".to_owned()))
        }
        FailureClass::NeedsYou if CLOCK.contains(&code) => {
            failure.way(Way::After("check this machine's clock and the secret access key".to_owned()))
        }
        FailureClass::NeedsYou if is_mfa_refusal(message) => failure.way(Way::After("wait for the device's next code".to_owned())),
        FailureClass::NeedsYou => failure.way(Way::After("give the target working credentials".to_owned())),
        // Our own first request may be what a second delivery of it ran into.
        FailureClass::Fatal if is_there(code) => {
            failure.way(Way::Again("somebody else made it meanwhile, and it will be found".to_owned())).then(Then::Look)
        }
        FailureClass::Fatal if code.starts_with("NoSuchEntity") && takes_away(call) => failure.then(Then::Look),
        // Where it was moved from is what was read; somebody else may have moved it since, or it is not known everywhere yet.
        FailureClass::Fatal if call == "MoveAccount" && is_elsewhere(code) => failure.then(Then::Look),
        // The first delivery may have made the last version there is room for.
        FailureClass::Fatal if code.starts_with("LimitExceeded") && call == "CreatePolicyVersion" && message.contains("versions") => {
            failure.then(Then::Look)
        }
        _ => failure,
    }
}

/// A denial in our words, if AWS says who was denied what; else `text`.
fn denied(call: &str, code: &str, message: &str, text: String) -> Failure {
    if let Some(denial) = Denial::read(message) {
        return Failure::fatal(code, format!("{call}: {}", denial.message())).hint(denial.advice());
    }
    let failure = Failure::fatal(code, text);
    match call {
        "AssumeRole" => failure.hint(
            "the role must exist, and its trust policy must let this caller assume it; or name another one with `role:` or `assume(…)`",
        ),
        // What Organizations says to whoever is neither in the management account nor a delegated administrator.
        _ if message.contains("You don't have permissions to access this resource") => failure
            .hint("use credentials of the organisation's management account: a member account may not do this, whatever its policies say"),
        _ => failure.way(Way::After("let an administrator allow this action, or use a session that may".to_owned())),
    }
}

fn class(status: u16, code: &str, reason: Option<&str>, message: &str) -> FailureClass {
    if THROTTLED.contains(&code) {
        return FailureClass::Retry { throttled: true };
    }
    if BUSY.contains(&code) {
        return FailureClass::Retry { throttled: false };
    }
    if code.starts_with("FinalizingOrganization") {
        return FailureClass::RetryAfter(Duration::from_secs(30));
    }
    if NOT_SIGNED_UP.contains(&code) {
        return FailureClass::RetryAfter(Duration::from_secs(10));
    }
    if let Some((class, _)) = reason.and_then(constraint) {
        return class;
    }
    // A principal made a moment ago is not known everywhere yet; a wrong one stays wrong. For how long is the target's to say.
    if code == "MalformedPolicyDocument" && message.contains("Invalid principal in policy") {
        return FailureClass::NotYet(Duration::ZERO);
    }
    if EXPIRED.contains(&code) || NO_CREDENTIALS.contains(&code) || CLOCK.contains(&code) {
        return FailureClass::NeedsYou;
    }
    if is_denied(code) && is_mfa_refusal(message) {
        return FailureClass::NeedsYou;
    }
    if status >= 500 || code.starts_with("RequestTimeout") {
        return FailureClass::Unknown;
    }
    FailureClass::Fatal
}

/// Whether AWS refused to make what is there already.
fn is_there(code: &str) -> bool {
    ["EntityAlreadyExists", "Duplicate", "AlreadyInOrganization"].iter().any(|beginning| code.starts_with(beginning))
}

/// Whether AWS does not know the account, or not where it was said to be.
fn is_elsewhere(code: &str) -> bool {
    ["AccountNotFound", "SourceParentNotFound"].iter().any(|beginning| code.starts_with(beginning))
}

/// What such a call takes away may be gone already.
fn takes_away(call: &str) -> bool {
    ["Delete", "Detach", "Remove"].iter().any(|verb| call.starts_with(verb))
}

/// Whether AWS refused for want of permission.
#[must_use]
pub fn is_denied(code: &str) -> bool {
    matches!(code, "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation")
}

/// Whether STS refused an MFA code or its device; the name of a policy may hold the first word, but no space.
pub(super) fn is_mfa_refusal(message: &str) -> bool {
    message.contains("MultiFactorAuthentication failed")
}

pub(crate) fn is_expired(code: &str) -> bool {
    EXPIRED.contains(&code)
}

/// Whether the connection never stood: nothing can have been sent.
fn never_connected(error: &(dyn Error + 'static)) -> bool {
    sources(error).any(|source| {
        source.downcast_ref::<hyper_util::client::legacy::Error>().is_some_and(hyper_util::client::legacy::Error::is_connect)
            || source.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused)
    })
}

fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

/// The innermost two causes say what happened; the SDK's own wrappers around them do not.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = sources(error).map(ToString::to_string).collect();
    texts.dedup();
    let from = texts.len().saturating_sub(2).max(usize::from(texts.len() > 1));
    texts[from..].join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_iam::operation::create_role::CreateRoleError;
    use aws_smithy_runtime_api::client::result::ConnectorError;

    /// Hints and ways, as they are shown where there is no run.
    fn told(failure: Failure) -> Vec<String> {
        failure.completed(None, None, None, |_| None).hints
    }

    #[test]
    fn service_errors_fall_into_their_classes() {
        use FailureClass::{Fatal, NeedsYou, NotYet, Retry, RetryAfter, Unknown};
        let busy = Retry { throttled: false };
        let throttled = Retry { throttled: true };
        for (status, code, reason, message, wanted) in [
            (400, "Throttling", None, "Rate exceeded", throttled),
            (400, "TooManyRequestsException", None, "another request is already in progress", throttled),
            (503, "SlowDown", None, "", throttled),
            (400, "ConcurrentModificationException", None, "", busy),
            (409, "ConcurrentModification", None, "", busy),
            (409, "EntityTemporarilyUnmodifiable", None, "", busy),
            (403, "SubscriptionRequiredException", None, "", RetryAfter(Duration::from_secs(10))),
            (400, "FinalizingOrganizationException", None, "", RetryAfter(Duration::from_secs(30))),
            (400, "ConstraintViolationException", Some("ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED"), "", RetryAfter(Duration::from_secs(10))),
            (400, "ConstraintViolationException", Some("ACCOUNT_NUMBER_LIMIT_EXCEEDED"), "", NeedsYou),
            (400, "ConstraintViolationException", Some("TAG_POLICY_VIOLATION"), "", Fatal),
            (400, "ConstraintViolationException", Some("NEW_REASON"), "", Fatal),
            (400, "MalformedPolicyDocument", None, "Invalid principal in policy: \"AWS\":\"arn:x\"", NotYet(Duration::ZERO)),
            (400, "MalformedPolicyDocument", None, "Has prohibited field Resource", Fatal),
            (403, "ExpiredToken", None, "", NeedsYou),
            (400, "ExpiredTokenException", None, "", NeedsYou),
            (403, "InvalidClientTokenId", None, "", NeedsYou),
            (403, "SignatureDoesNotMatch", None, "Signature expired", NeedsYou),
            (403, "AccessDenied", None, "MultiFactorAuthentication failed with invalid MFA one time pass code.", NeedsYou),
            (403, "AccessDenied", None, "User: x is not authorized to perform: iam:CreateRole", Fatal),
            (403, "AccessDenied", None, "denied by arn:aws:iam::1:policy/DenyWithoutMultiFactorAuthentication", Fatal),
            (409, "EntityAlreadyExists", None, "", Fatal),
            (409, "LimitExceeded", None, "", Fatal),
            (404, "NoSuchEntity", None, "", Fatal),
            (500, "ServiceFailure", None, "", Unknown),
            (500, "ServiceException", None, "", Unknown),
            (503, "ServiceUnavailable", None, "", Unknown),
            (408, "RequestTimeout", None, "", Unknown),
        ] {
            let failure = service("CreateRole", status, Some(code), reason, message);
            assert_eq!(failure.class, wanted, "{code} {reason:?} {message}");
            assert_eq!(failure.code, code);
        }
        assert_eq!(service("CreateRole", 403, None, None, "").class, Unknown);
    }

    #[test]
    fn a_denial_says_what_is_missing_and_who_can_give_it() {
        let hint = |call: &str, message: &str| told(service(call, 403, Some("AccessDenied"), None, message)).remove(0);
        let ana = "User: arn:aws:iam::111122223333:user/ana is not authorized to perform:";
        let failure = service("CreateRole", 403, Some("AccessDenied"), None, &format!("{ana} iam:CreateRole on resource: *"));
        assert!(failure.message.starts_with("CreateRole: `arn:aws:iam::111122223333:user/ana` may not call"), "{}", failure.message);
        assert!(failure.hints[0].starts_with("give `arn:aws:iam::111122223333:user/ana` a policy"), "{:?}", failure.hints);
        assert!(hint("MoveAccount", "You don't have permissions to access this resource.").contains("management account"));
        assert!(hint("AssumeRole", "Access denied").contains("trust policy"));
        assert!(hint("CreateRole", "No.").contains("administrator"));
    }

    #[test]
    fn what_is_there_or_gone_already_is_looked_at() {
        for code in ["EntityAlreadyExists", "EntityAlreadyExistsException", "DuplicateAccountException", "AlreadyInOrganizationException"] {
            assert_eq!(service("CreateRole", 409, Some(code), None, "").then, Some(Then::Look), "{code}");
        }
        assert_eq!(service("CreateRole", 409, Some("LimitExceeded"), None, "").then, None);
        let exceeded = |message| service("CreatePolicyVersion", 409, Some("LimitExceeded"), None, message).then;
        assert_eq!(exceeded("A managed policy can have up to 5 versions."), Some(Then::Look));
        assert_eq!(exceeded("Cannot exceed quota for PolicySize: 6144"), None);
        assert_eq!(service("DetachRolePolicy", 404, Some("NoSuchEntity"), None, "").then, Some(Then::Look));
        assert_eq!(service("AttachRolePolicy", 404, Some("NoSuchEntity"), None, "").then, None);
        assert_eq!(service("MoveAccount", 400, Some("SourceParentNotFoundException"), None, "").then, Some(Then::Look));
        assert_eq!(service("MoveAccount", 400, Some("DestinationParentNotFoundException"), None, "").then, None);
    }

    #[test]
    fn a_failure_names_the_call_the_reason_and_the_way_on() {
        let failure =
            service("CreateAccount", 400, Some("ConstraintViolationException"), Some("ACCOUNT_NUMBER_LIMIT_EXCEEDED"), "No more.");
        assert_eq!(failure.message, "CreateAccount: No more. (ACCOUNT_NUMBER_LIMIT_EXCEEDED)");
        assert!(told(failure)[0].contains("quota"));
    }

    #[test]
    fn what_was_never_sent_may_be_sent_again_and_the_rest_is_unknown() {
        let of = |error: SdkError<CreateRoleError, HttpResponse>| classify("CreateRole", &error).class;
        assert_eq!(of(SdkError::construction_failure("no")), FailureClass::Retry { throttled: false });
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert_eq!(of(SdkError::dispatch_failure(ConnectorError::io(refused.into()))), FailureClass::Retry { throttled: false });
        assert_eq!(of(SdkError::dispatch_failure(ConnectorError::io("the reply was lost".into()))), FailureClass::Unknown);
        assert_eq!(of(SdkError::timeout_error("30 s")), FailureClass::Unknown);
    }
}
