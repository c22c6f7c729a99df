//! An error as AWS answers it.

/// Code, HTTP status and message of a refusal. Codes are written as the protocol wants them: without `Exception` for
/// IAM and STS, with it for Organizations.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AwsError {
    pub code: String,
    pub status: u16,
    pub message: String,
    /// Further members of a JSON error (`Reason`).
    pub more: Vec<(&'static str, String)>,
}

impl AwsError {
    pub(crate) fn new(code: impl Into<String>, status: u16, message: impl Into<String>) -> AwsError {
        AwsError { code: code.into(), status, message: message.into(), more: Vec::new() }
    }

    /// Adds the `Reason` that InvalidInputException and ConstraintViolationException carry.
    pub(crate) fn reason(self, reason: &str) -> AwsError {
        self.with("Reason", reason)
    }

    /// Adds a member to a JSON error.
    pub(crate) fn with(mut self, member: &'static str, value: &str) -> AwsError {
        self.more.push((member, value.to_owned()));
        self
    }

    /// IAM's and STS's answer to a parameter that breaks its own rule.
    pub(crate) fn validation(message: impl Into<String>) -> AwsError {
        AwsError::new("ValidationError", 400, message)
    }

    /// Organizations' answer to the same; `reason` is a value of InvalidInputExceptionReason.
    pub(crate) fn invalid_input(reason: &str, message: impl Into<String>) -> AwsError {
        AwsError::new("InvalidInputException", 400, message).reason(reason)
    }

    /// IAM: `NoSuchEntity`, 404.
    pub(crate) fn no_such_entity(message: impl Into<String>) -> AwsError {
        AwsError::new("NoSuchEntity", 404, message)
    }

    /// IAM: `EntityAlreadyExists`, 409.
    pub(crate) fn already_exists(message: impl Into<String>) -> AwsError {
        AwsError::new("EntityAlreadyExists", 409, message)
    }

    /// IAM: `LimitExceeded`, 409.
    pub(crate) fn limit_exceeded(message: impl Into<String>) -> AwsError {
        AwsError::new("LimitExceeded", 409, message)
    }

    /// IAM: `DeleteConflict`, 409.
    pub(crate) fn delete_conflict(message: impl Into<String>) -> AwsError {
        AwsError::new("DeleteConflict", 409, message)
    }

    /// IAM and STS: `MalformedPolicyDocument`, 400.
    pub(crate) fn malformed_policy(message: impl Into<String>) -> AwsError {
        AwsError::new("MalformedPolicyDocument", 400, message)
    }
}
