//! A change whose outcome is not known, as `settle` gets it.

use crate::aws::Session;
use crate::step::{Attempt, Leaving};
use serde_json::Value;
use std::time::Duration;

/// A change whose outcome is not known: what the journal holds of it.
#[derive(Clone, Copy)]
pub struct Unknown<'a> {
    pub handle: Option<&'a Value>,
    pub leaving: Leaving,
    pub attempt: &'a dyn Attempt,
}

impl Unknown<'_> {
    /// What is left of the while in which the effect of the call may stay out of AWS's lists.
    pub(super) fn left_of(&self, session: &Session) -> Duration {
        let cloud = session.cloud();
        let due = self.leaving.until.checked_add(cloud.settle_window()).unwrap_or(self.leaving.until);
        Duration::try_from(due.duration_since(cloud.time().now())).unwrap_or_default()
    }
}
