//! Finding a request to create an account again.

use crate::aws::{Session, Standing};
use crate::step::Failure;
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
    session.creation_statuses(take).await?;
    found.sort_by(|a, b| (a.0, a.1, &a.2).cmp(&(b.0, b.1, &b.2)));
    Ok(found.pop().map(|(.., id, standing)| (id, standing)))
}
