//! The answer in AWS's words (IAM user guide, "Troubleshoot access denied error messages").

use super::{Decision, Layer};

/// What STS answers the root user, without naming it.
pub(super) const ROOT_ASSUMES: &str = "Roles may not be assumed by root accounts.";

impl Decision {
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Decision::Allowed { .. })
    }

    /// The text of AccessDenied, naming the layer; none when the call is allowed. `caller` is an ARN (`caller_arn`).
    #[must_use]
    pub fn message(&self, caller: &str, action: &str, resource: &str) -> Option<String> {
        let Decision::Denied { layer, explicit, reason } = self else { return None };
        if reason == ROOT_ASSUMES {
            return Some(reason.clone());
        }
        let article = if *layer == Layer::Identity { "an" } else { "a" };
        let because = if *explicit {
            format!("with an explicit deny in {article} {layer}")
        } else {
            format!("because no {layer} allows the {action} action")
        };
        Some(format!("User: {caller} is not authorized to perform: {action} on resource: {resource} {because}"))
    }
}
