//! Sessions: credentials for one account, as values. Nothing is called before the first use.

use super::cloud::Cloud;
use super::failure::{classify, is_denied, is_expired};
use super::pacing::Turn;
use crate::event::AccountLabel;
use crate::step::{BoxFuture, Failure, FailureClass, Freshness, Notice};
use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The role Organizations makes in every account it creates, unless told another name.
pub(super) const DEFAULT_ACCESS_ROLE: &str = "OrganizationAccountAccessRole";

/// Credentials are replaced this long before they expire.
const AHEAD: Duration = Duration::from_mins(5);

/// What an `assume` may say beyond the role itself; all of it optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Role name in the account, when an account is assumed and not a role ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Seconds: 900 to 43,200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_name: Option<String>,
    /// Serial number or ARN of the caller's MFA device; the code is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// How a session comes by its credentials.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// The target's own credentials.
    Own,
    /// The own credentials of a further account of the target.
    Further,
    /// GetSessionToken with a code of this device.
    Mfa { via: Box<SessionSpec>, serial: String },
    /// AssumeRole from another session.
    Role { via: Box<SessionSpec>, arn: String, terms: Terms },
}

/// How to reach a session again, in another process too. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SessionSpec {
    pub account: String,
    /// The account's name where it was known, else its id; `management` for the target's own.
    pub name: String,
    pub partition: String,
    pub reach: Reach,
}

/// The place one session keeps its credentials in; the lock is held while they are fetched, so that branches share one AssumeRole.
pub(crate) type Slot = Arc<tokio::sync::Mutex<Option<Credentials>>>;

#[derive(Clone)]
pub struct Session {
    cloud: Cloud,
    spec: Arc<SessionSpec>,
    slot: Slot,
}

impl Session {
    pub(crate) fn new(cloud: Cloud, spec: SessionSpec, slot: Slot) -> Session {
        Session { cloud, spec: Arc::new(spec), slot }
    }

    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// The account and its name as known by now, which may be better than when the session was made.
    pub fn account(&self) -> AccountLabel {
        let id = self.spec.account.clone();
        let name = self.cloud.known_name(&id).unwrap_or_else(|| self.spec.name.clone());
        AccountLabel { id, name }
    }

    pub fn account_id(&self) -> &str {
        &self.spec.account
    }

    pub fn partition(&self) -> &str {
        &self.spec.partition
    }

    pub fn spec(&self) -> &SessionSpec {
        &self.spec
    }

    pub async fn iam(&self) -> Result<aws_sdk_iam::Client, Failure> {
        Ok(self.cloud.wire().iam(self.credentials().await?))
    }

    pub async fn organizations(&self) -> Result<aws_sdk_organizations::Client, Failure> {
        Ok(self.cloud.wire().organizations(self.credentials().await?))
    }

    pub async fn sts(&self) -> Result<aws_sdk_sts::Client, Failure> {
        Ok(self.cloud.wire().sts(self.credentials().await?))
    }

    /// Sends one prepared call, paced and its error classified. `action` is IAM's name of it: `iam:CreateRole`.
    pub async fn send<T, E>(&self, action: &str, call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>) -> Result<T, Failure>
    where
        T: RequestId,
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        // Boxed, here and in `read`: the SDK's futures are of many kilobytes, and each layer would hold one.
        let call = Box::pin(call);
        let turn = self.cloud.pacing().turn(self.account_id(), action, None).await?;
        self.send_in(turn, action, call).await
    }

    /// Waits until a call of `action` may leave, to be sent with `send_in`; `notice` is what is told of the wait.
    pub(crate) async fn turn(&self, action: &str, notice: &(dyn Fn() -> Notice + Sync)) -> Result<Turn<'_>, Failure> {
        self.cloud.pacing().turn(self.account_id(), action, Some(notice)).await
    }

    /// As `send`, for a call whose turn has been waited for.
    pub(crate) async fn send_in<T, E>(
        &self,
        turn: Turn<'_>,
        action: &str,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Failure>
    where
        T: RequestId,
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let name = action.split_once(':').map_or(action, |(_, name)| name);
        // Boxed: it would be held twice.
        let call = Box::pin(call);
        let result = self.cloud.told(self.account_id(), action, call).await.map_err(|error| classify(name, &error));
        turn.over(matches!(&result, Err(Failure { class: FailureClass::Retry { throttled: true }, .. })));
        match result {
            Ok(value) => Ok(value),
            Err(failure) => Err(self.expired_means_again(failure).await),
        }
    }

    /// As `send`, for a call that changes nothing: whatever became of it, it may be sent again.
    pub async fn read<T, E>(&self, action: &str, call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>) -> Result<T, Failure>
    where
        T: RequestId,
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        self.send(action, Box::pin(call)).await.map_err(read_again)
    }

    /// Credentials that expired early (a suspended machine, a revoked session) are fetched again where that can be done.
    async fn expired_means_again(&self, mut failure: Failure) -> Failure {
        if is_expired(&failure.code) && matches!(self.spec.reach, Reach::Role { .. }) {
            *self.slot.lock().await = None;
            failure.class = FailureClass::Retry { throttled: false };
            failure.hints.clear();
        }
        failure
    }

    /// Whether the session can be used: its credentials are there, or AWS gives them.
    pub async fn probe(&self) -> Result<(), Failure> {
        self.credentials().await.map(drop)
    }

    /// The IAM of an account made in this process is known to be empty but for its access role, which therefore has to be read.
    pub fn role_freshness(&self, role: &str, freshness: Freshness) -> Freshness {
        if self.cloud.is_unread(self.account_id(), role) { Freshness::Live } else { freshness }
    }

    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, Failure>> {
        Box::pin(async move {
            if self.spec.reach == Reach::Own {
                return self.cloud.own().await.map(|(credentials, _)| credentials);
            }
            let mut slot = self.slot.lock().await;
            if let Some(credentials) = slot.as_ref().filter(|credentials| is_fresh(credentials, self.cloud.time().now())) {
                return Ok(credentials.clone());
            }
            let fetched = match &self.spec.reach {
                Reach::Own | Reach::Further => self.cloud.further(&self.spec.account).await?,
                Reach::Mfa { via, serial } => self.session_token(via, serial).await?,
                Reach::Role { via, arn, terms } => Box::pin(self.assume_role(via, arn, terms)).await?,
            };
            *slot = Some(fetched.clone());
            Ok(fetched)
        })
    }

    async fn assume_role(&self, via: &SessionSpec, arn: &str, terms: &Terms) -> Result<Credentials, Failure> {
        let via = self.cloud.session(via);
        let name = match &terms.session_name {
            Some(name) => name.clone(),
            None => session_name(&self.cloud.caller().await?.name, self.cloud.run()),
        };
        let seconds =
            terms.duration.map(i32::try_from).transpose().map_err(|_| {
                Failure::fatal("session-duration", "a session lasts 900 to 43,200 seconds; give `duration` as one of these")
            })?;
        let mut call = via.sts().await?.assume_role().role_arn(arn).role_session_name(name);
        call = call.set_external_id(terms.external_id.clone()).set_duration_seconds(seconds);
        for (key, value) in &terms.tags {
            let tag = aws_sdk_sts::types::Tag::builder().key(key).value(value).build();
            call = call.tags(tag.map_err(|error| Failure::fatal("session-tag", format!("session tag `{key}`: {error}; give it a value")))?);
        }
        match Box::pin(via.read("sts:AssumeRole", call.send())).await {
            Ok(reply) => {
                self.cloud.grown_up(arn);
                from_sts(reply.credentials, "AssumeRole")
            }
            Err(failure) => Err(self.not_assumed(arn, &via, failure)),
        }
    }

    /// A role made a moment ago cannot be assumed everywhere yet; any other refusal is final, and says which session needed the role.
    fn not_assumed(&self, arn: &str, via: &Session, mut failure: Failure) -> Failure {
        if is_denied(&failure.code) && failure.class == FailureClass::Fatal {
            if let Some(wait) = self.cloud.newborn_wait(arn) {
                failure.class = FailureClass::RetryAfter(wait);
                "not-ready".clone_into(&mut failure.code);
                failure.message = format!("`{arn}` is new and cannot be assumed yet");
                failure.hints.clear();
                return failure;
            }
            failure.hints = vec![format!(
                "`{arn}` must exist and its trust policy must let account {} assume it; name another role with `role:` or `assume(…)`",
                via.account_id()
            )];
        }
        failure.message = format!("no session for account {}: {}", self.spec.account, failure.message);
        failure
    }

    async fn session_token(&self, via: &SessionSpec, serial: &str) -> Result<Credentials, Failure> {
        let via = self.cloud.session(via);
        let Some(code) = self.cloud.token_code(serial) else {
            return Err(Failure::needs_you("mfa-code", format!("a code of the MFA device `{serial}` is needed"))
                .hint("resume on a terminal, where the code can be typed"));
        };
        let call = via.sts().await?.get_session_token().serial_number(serial).token_code(code);
        let reply = via.read("sts:GetSessionToken", call.send()).await?;
        from_sts(reply.credentials, "GetSessionToken")
    }
}

fn from_sts(credentials: Option<aws_sdk_sts::types::Credentials>, call: &str) -> Result<Credentials, Failure> {
    let Some(credentials) = credentials else {
        return Err(Failure::new(
            FailureClass::Retry { throttled: false },
            "reply-unreadable",
            format!("{call}: the reply holds no credentials"),
        ));
    };
    let expiry = SystemTime::try_from(credentials.expiration)
        .map_err(|error| Failure::fatal("reply-unreadable", format!("{call}: the expiry cannot be read: {error}; resume to try again")))?;
    Ok(Credentials::new(
        credentials.access_key_id,
        credentials.secret_access_key,
        Some(credentials.session_token),
        Some(expiry),
        "AssumeRole",
    ))
}

/// A read whose outcome is unknown has changed nothing and may be repeated.
pub(crate) fn read_again(mut failure: Failure) -> Failure {
    if failure.class == FailureClass::Unknown {
        failure.class = FailureClass::Retry { throttled: false };
    }
    failure
}

pub(crate) fn is_fresh(credentials: &Credentials, now: Timestamp) -> bool {
    credentials.expiry().is_none_or(|expiry| expiry > SystemTime::from(now) + AHEAD)
}

/// `runner-<caller>-<run>` in the characters STS allows, cut to 64 so that the run stays whole.
fn session_name(caller: &str, run: &str) -> String {
    let clean =
        |text: &str| -> String { text.chars().map(|c| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' }).collect() };
    let (caller, mut run) = (clean(caller), clean(run));
    run.truncate(40);
    let room = 64 - "runner--".len() - run.len();
    let caller = &caller[..caller.len().min(room)];
    format!("runner-{caller}-{run}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_names_are_clean_and_short_and_keep_the_run() {
        assert_eq!(session_name("ana", "7k2q"), "runner-ana-7k2q");
        assert_eq!(session_name("Änne Müller", "7k2q"), "runner--nne-M-ller-7k2q");
        let long = session_name(&"x".repeat(100), "7k2q");
        assert_eq!(long.len(), 64);
        assert!(long.ends_with("-7k2q"));
    }

    #[test]
    fn credentials_are_replaced_five_minutes_ahead() {
        let now = Timestamp::UNIX_EPOCH;
        let until = |seconds| Credentials::new("k", "s", None, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)), "test");
        assert!(!is_fresh(&until(300), now));
        assert!(is_fresh(&until(301), now));
        assert!(is_fresh(&Credentials::new("k", "s", None, None, "test"), now));
    }

    #[test]
    fn a_spec_survives_the_journal() {
        let own = SessionSpec { account: "111122223333".into(), name: "main".into(), partition: "aws".into(), reach: Reach::Own };
        let spec = SessionSpec {
            account: "444455556666".into(),
            name: "dev".into(),
            partition: "aws".into(),
            reach: Reach::Role { via: Box::new(own), arn: "arn:aws:iam::444455556666:role/r".into(), terms: Terms::default() },
        };
        let json = serde_json::to_value(&spec).unwrap();
        assert_eq!(serde_json::from_value::<SessionSpec>(json).unwrap(), spec);
    }
}
