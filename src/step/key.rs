//! What a step is about: the account, the primitive and the identity; never its position.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Shown as `111122223333/create_role:allow-admin`, with `#id` behind it when the script gave an `id:`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StepKey {
    pub account: String,
    pub primitive: String,
    /// IAM names come case-folded, since IAM holds `Admin` and `admin` for the same name.
    pub identity: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl fmt::Display for StepKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:{}", self.account, self.primitive, self.identity)?;
        match &self.id {
            Some(id) => write!(f, "#{id}"),
            None => Ok(()),
        }
    }
}
