//! A change whose outcome is not known, as `settle` gets it.

use crate::aws::Session;
use crate::step::{Attempt, Leaving};
use serde_json::Value;
use std::time::Duration;

/// Where nothing lags, a reply may still come late.
pub(super) const AT_LEAST: Duration = Duration::from_secs(5);

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

    /// How long to wait before absence is looked for the second time: the whole while, and never at once.
    pub(super) fn until_second_look(&self, session: &Session) -> Duration {
        self.left_of(session).max(AT_LEAST.min(session.cloud().settle_window()))
    }
}
