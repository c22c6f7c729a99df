//! Finding requests to create an account again.

use crate::aws::{Session, Standing};
use crate::step::Failure;
use aws_sdk_organizations::types::CreateAccountStatus;
use jiff::Timestamp;

/// The requests for an account of this name that were made no earlier than `since`, the newest first, without those that were refused:
/// these may be another step's, or earlier ones of ours.
pub(super) async fn by_name(session: &Session, name: &str, since: Timestamp) -> Result<Vec<(String, Standing)>, Failure> {
    let mut found: Vec<(i64, String, Standing)> = Vec::new();
    let take = |status: CreateAccountStatus| {
        let requested = status.requested_timestamp.map_or(i64::MAX, |requested| requested.secs());
        if status.account_name.as_deref() != Some(name) || requested < since.as_second() {
            return;
        }
        if let (Some(standing @ (Standing::InProgress | Standing::Succeeded(_))), Some(id)) = (Standing::of(&status), status.id) {
            found.push((requested, id, standing));
        }
    };
    session.creation_statuses(take).await?;
    found.sort_by(|a, b| (b.0, &b.1).cmp(&(a.0, &a.1)));
    Ok(found.into_iter().map(|(_, id, standing)| (id, standing)).collect())
}
