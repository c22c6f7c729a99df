//! Sessions: credentials for one account, as values. Nothing is called before the first use.

use super::cloud::Cloud;
use super::credentials::{Held, from_sts};
use super::failure::{classify, is_denied, is_expired};
use super::mfa::begun_without;
use super::own::source_identity_hint;
use super::pacing::Turn;
use crate::event::AccountLabel;
use crate::step::{BoxFuture, Failure, FailureClass, Freshness, Notice, may_leave};
use aws_credential_types::Credentials;
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// The role Organizations makes in every account it creates, unless told another name.
pub(super) const DEFAULT_ACCESS_ROLE: &str = "OrganizationAccountAccessRole";

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
    /// GetSessionToken with a code of this device, by the long-term keys that the own credentials begin with.
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

impl SessionSpec {
    /// Whether it works in the target's own account: by its own credentials, or by a role there.
    #[must_use]
    pub fn is_in_own_account(&self) -> bool {
        let mut first = self;
        while let Reach::Mfa { via, .. } | Reach::Role { via, .. } = &first.reach {
            first = via;
        }
        first.reach == Reach::Own && first.account == self.account
    }
}

/// The place one session keeps its credentials in; the lock is held while they are fetched, so that branches share one AssumeRole.
pub(crate) type Slot = Arc<tokio::sync::Mutex<Option<Held>>>;

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

    /// Sends one prepared call that changes something, paced and its error classified. `action` is IAM's name of it: `iam:CreateRole`.
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

    /// As `send`, for a call whose turn has been waited for. Nothing is sent once the run is being stopped.
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
        may_leave()?;
        self.answered(turn, action, Box::pin(call)).await
    }

    async fn answered<T, E>(
        &self,
        turn: Turn<'_>,
        action: &str,
        call: Pin<Box<impl Future<Output = Result<T, SdkError<E, HttpResponse>>>>>,
    ) -> Result<T, Failure>
    where
        T: RequestId,
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let name = action.split_once(':').map_or(action, |(_, name)| name);
        let result = self.cloud.told(self.account_id(), action, call).await.map_err(|error| classify(name, &error));
        turn.over(matches!(&result, Err(Failure { class: FailureClass::Retry { throttled: true }, .. })));
        match result {
            Ok(value) => Ok(value),
            Err(mut failure) => {
                if matches!(failure.class, FailureClass::NotYet(_)) {
                    failure.class = FailureClass::NotYet(self.cloud.role_lag());
                }
                Err(self.expired_means_again(failure).await)
            }
        }
    }

    /// As `send`, for a call that changes nothing: whatever became of it, it may be sent again.
    pub async fn read<T, E>(&self, action: &str, call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>) -> Result<T, Failure>
    where
        T: RequestId,
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let call = Box::pin(call);
        let turn = self.cloud.pacing().turn(self.account_id(), action, None).await?;
        self.answered(turn, action, call).await.map_err(read_again)
    }

    /// Credentials that expired early (a suspended machine, a revoked session) are fetched again; those who cannot be had anew say so then.
    async fn expired_means_again(&self, mut failure: Failure) -> Failure {
        if is_expired(&failure.code) {
            match &self.spec.reach {
                Reach::Own => self.cloud.forget_own().await,
                Reach::Mfa { serial, .. } => *self.cloud.mfa_slot(serial).lock().await = None,
                Reach::Further | Reach::Role { .. } => *self.slot.lock().await = None,
            }
            failure.class = FailureClass::Retry { throttled: false };
            failure.hints.clear();
            failure.ways.clear();
        }
        failure
    }

    /// Whether the session can be used: its credentials are there, or AWS gives them.
    pub async fn probe(&self) -> Result<(), Failure> {
        self.credentials().await.map(drop)
    }

    /// As `probe`, with credentials that AWS gives anew.
    pub async fn probe_anew(&self) -> Result<(), Failure> {
        *self.slot.lock().await = None;
        self.probe().await
    }

    /// The IAM of an account made in this process is known to be empty but for its access role, which therefore has to be read.
    pub fn role_freshness(&self, role: &str, freshness: Freshness) -> Freshness {
        if self.cloud.is_unread(self.account_id(), role) { Freshness::Live } else { freshness }
    }

    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, Failure>> {
        Box::pin(async move {
            match &self.spec.reach {
                Reach::Own => return self.cloud.own().await.map(|(credentials, _)| credentials),
                Reach::Mfa { serial, .. } => return self.cloud.own_mfa(serial).await,
                Reach::Further | Reach::Role { .. } => {}
            }
            let mut slot = self.slot.lock().await;
            if let Some(held) = slot.as_ref().filter(|held| held.is_fresh(self.cloud.time().now())) {
                return Ok(held.credentials.clone());
            }
            let fetched = match &self.spec.reach {
                Reach::Role { via, arn, terms } => Box::pin(self.assume_role(via, arn, terms)).await?,
                _ => self.cloud.further(&self.spec.account).await?,
            };
            *slot = Some(Held::new(fetched.clone(), self.cloud.time().now()));
            Ok(fetched)
        })
    }

    async fn assume_role(&self, via: &SessionSpec, arn: &str, terms: &Terms) -> Result<Credentials, Failure> {
        let via = self.cloud.session(via);
        let name = match &terms.session_name {
            Some(name) => name.clone(),
            None => self.cloud.session_name().await?,
        };
        let call = assume_role(&via.sts().await?, arn, name, terms, self.cloud.source_identity().await?)?;
        match Box::pin(via.read("sts:AssumeRole", call.send())).await {
            Ok(reply) => {
                self.cloud.newborns().assumed(arn);
                from_sts(reply.credentials, "AssumeRole")
            }
            Err(failure) => Err(self.not_assumed(via.spec(), arn, failure)),
        }
    }

    /// A role made a moment ago cannot be assumed everywhere yet; any other refusal is final, and says which session needed the role.
    fn not_assumed(&self, via: &SessionSpec, arn: &str, mut failure: Failure) -> Failure {
        if is_denied(&failure.code) && failure.class == FailureClass::Fatal {
            if let Some(wait) = self.cloud.newborns().refused(arn, self.cloud.time().now()) {
                return Failure::new(FailureClass::RetryAfter(wait), "not-ready", format!("`{arn}` is new and cannot be assumed yet"));
            }
            failure.hints.extend(source_identity_hint(&failure.message, arn));
            if let Reach::Mfa { serial, .. } = &via.reach {
                failure.hints.push(begun_without(serial));
            }
        }
        if failure.message.contains("role chaining") {
            failure = failure.hint("leave `duration` out: from a role or with MFA a session lasts an hour at most, and is renewed");
        }
        failure.message = format!("no session for account {}: {}", self.spec.account, failure.message);
        failure
    }
}

/// AssumeRole, ready to be sent.
pub(super) fn assume_role(
    sts: &aws_sdk_sts::Client,
    arn: &str,
    session_name: String,
    terms: &Terms,
    source_identity: Option<String>,
) -> Result<AssumeRoleFluentBuilder, Failure> {
    let seconds = terms
        .duration
        .map(i32::try_from)
        .transpose()
        .map_err(|_| Failure::fatal("session-duration", "a session lasts 900 to 43,200 seconds; give `duration` as one of these"))?;
    let mut call = sts.assume_role().role_arn(arn).role_session_name(session_name);
    call = call.set_external_id(terms.external_id.clone()).set_duration_seconds(seconds).set_source_identity(source_identity);
    for (key, value) in &terms.tags {
        let tag = aws_sdk_sts::types::Tag::builder().key(key).value(value).build();
        call = call.tags(tag.map_err(|error| Failure::fatal("session-tag", format!("session tag `{key}`: {error}; give it a value")))?);
    }
    Ok(call)
}

/// A read whose outcome is unknown has changed nothing and may be repeated.
pub(crate) fn read_again(mut failure: Failure) -> Failure {
    if failure.class == FailureClass::Unknown {
        failure.class = FailureClass::Retry { throttled: false };
    }
    failure
}

/// `runner-<caller>-<run>` in the characters STS allows, cut to 64 so that the run stays whole; without the run before there is one.
pub(super) fn session_name(caller: &str, run: Option<&str>) -> String {
    let run = run.map(|run| format!("-{:.40}", clean(run))).unwrap_or_default();
    let caller = clean(caller);
    let room = 64 - "runner-".len() - run.len();
    let caller = &caller[..caller.len().min(room)];
    format!("runner-{caller}{run}")
}

/// With a dash for every character that STS does not allow in names.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_names_are_clean_and_short_and_keep_the_run() {
        assert_eq!(session_name("ana", Some("7k2q")), "runner-ana-7k2q");
        assert_eq!(session_name("ana@example.com", None), "runner-ana@example.com");
        assert_eq!(session_name("Änne Müller", Some("7k2q")), "runner--nne-M-ller-7k2q");
        let long = session_name(&"x".repeat(100), Some("7k2q"));
        assert_eq!(long.len(), 64);
        assert!(long.ends_with("-7k2q"));
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
