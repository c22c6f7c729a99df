//! Temporary credentials: taken from STS's replies, and renewed before they expire.

use crate::step::{Failure, FailureClass, Way};
use aws_credential_types::Credentials;
use jiff::Timestamp;
use std::time::{Duration, SystemTime};

/// Credentials are renewed this long before they expire, or at half of their life if that is shorter.
const AHEAD: Duration = Duration::from_mins(5);

/// Credentials and when to renew them.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) credentials: Credentials,
    renew: Option<SystemTime>,
}

impl Held {
    pub(crate) fn new(credentials: Credentials, now: Timestamp) -> Held {
        let renew = credentials.expiry().map(|expiry| {
            let left = expiry.duration_since(SystemTime::from(now)).unwrap_or_default();
            expiry - AHEAD.min(left / 2)
        });
        Held { credentials, renew }
    }

    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        self.renew.is_none_or(|renew| renew > SystemTime::from(now))
    }
}

/// The credentials in the reply to `call`.
pub(super) fn from_sts(credentials: Option<aws_sdk_sts::types::Credentials>, call: &'static str) -> Result<Credentials, Failure> {
    let Some(credentials) = credentials else {
        return Err(Failure::new(
            FailureClass::Retry { throttled: false },
            "reply-unreadable",
            format!("{call}: the reply holds no credentials"),
        ));
    };
    let expiry = SystemTime::try_from(credentials.expiration).map_err(|error| {
        Failure::fatal("reply-unreadable", format!("{call}: the expiry cannot be read: {error}")).way(Way::Again("try again".to_owned()))
    })?;
    Ok(Credentials::new(credentials.access_key_id, credentials.secret_access_key, Some(credentials.session_token), Some(expiry), call))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_renewed_five_minutes_ahead_or_at_half_time() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let until = |seconds| {
            let expiry = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            Held::new(Credentials::new("k", "s", None, Some(expiry), "test"), at(0))
        };
        assert!(until(3600).is_fresh(at(3299)));
        assert!(!until(3600).is_fresh(at(3300)));
        assert!(until(60).is_fresh(at(29)));
        assert!(!until(60).is_fresh(at(30)));
        assert!(!until(0).is_fresh(at(0)));
        assert!(Held::new(Credentials::new("k", "s", None, None, "test"), at(0)).is_fresh(at(i64::from(i32::MAX))));
    }
}
