//! The target's own credentials and those of its further accounts: loaded, led through their roles, and made sure to be whose they must be.

use super::base::Base;
use super::cloud::Cloud;
use super::config::SourceIdentity;
use super::credentials::{Held, from_sts};
use super::failure::{classify, is_denied};
use super::organization::{describe_organization, managed_by};
use super::profile::{Chain, ProfileRole};
use super::session::{Session, assume_role, read_again, session_name};
use crate::estate;
use crate::step::{Failure, FailureClass, Way};
use aws_credential_types::Credentials;
use std::time::Duration;

/// The longest session of a role that is assumed from another session (STS API reference: role chaining); one with MFA counts as such.
const CHAINED_SECONDS: u32 = 3_600;

/// Who the own credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub account: String,
    pub arn: String,
    pub user_id: String,
    pub partition: String,
    /// The last part of the ARN: the user's or the session's name.
    pub name: String,
}

impl Caller {
    /// A user, by long-term keys or by a session of their own; not the session of a role.
    pub(super) fn is_user(&self) -> bool {
        estate::arn::parse(&self.arn).is_some_and(|arn| arn.resource.starts_with("user/"))
    }
}

/// The own credentials, whose they are, and the human behind them: the caller before any role of the profile.
pub(super) struct Own {
    held: Held,
    caller: Caller,
    human: String,
}

impl Own {
    pub(super) fn human(&self) -> &str {
        &self.human
    }
}

impl Cloud {
    /// Who the own credentials belong to; one GetCallerIdentity per process and renewal.
    ///
    /// Fails with `root-credentials` when they are root's, `wrong-account` when they are not of the account the target is pinned to.
    pub async fn caller(&self) -> Result<Caller, Failure> {
        self.own().await.map(|(_, caller)| caller)
    }

    /// The own credentials, made sure to be fresh and of the right account.
    pub(super) async fn own(&self) -> Result<(Credentials, Caller), Failure> {
        let mut slot = self.own_slot().lock().await;
        if let Some(own) = slot.as_ref().filter(|own| own.held.is_fresh(self.time().now())) {
            return Ok((own.held.credentials.clone(), own.caller.clone()));
        }
        let (credentials, human) = self.load(self.base()).await?;
        let caller = self.identify(&credentials).await?;
        if let Some(pin) = self.pin().filter(|pin| *pin != caller.account) {
            return Err(Failure::needs_you(
                "wrong-account",
                format!("the credentials are of account {} (`{}`), but the target is pinned to {pin}", caller.account, caller.arn),
            )
            .way(after("choose the profile of the right account, or correct `account_id` of the target in runner.toml")));
        }
        let held = Held::new(credentials.clone(), self.time().now());
        let human = human.unwrap_or_else(|| caller.name.clone());
        *slot = Some(Own { held, caller: caller.clone(), human });
        Ok((credentials, caller))
    }

    /// Forgets the own credentials, which AWS no longer takes; they are loaded again when needed.
    pub(super) async fn forget_own(&self) {
        *self.own_slot().lock().await = None;
    }

    /// The own credentials of a further account.
    pub(super) async fn further(&self, id: &str) -> Result<Credentials, Failure> {
        let Some(base) = self.further_account(id).and_then(|account| account.base.as_ref()) else {
            return Err(Failure::needs_you("no-credentials", format!("the target has no credentials of its own for account {id}"))
                .way(after("give the account a profile in runner.toml")));
        };
        let (credentials, _) = self.load(base).await?;
        let caller = self.identify(&credentials).await?;
        if caller.account != id {
            return Err(Failure::needs_you(
                "wrong-account",
                format!("the credentials meant for account {id} are of account {} (`{}`)", caller.account, caller.arn),
            )
            .way(after("correct the account's profile in runner.toml")));
        }
        Ok(credentials)
    }

    /// A session with MFA of the user that the own credentials begin with.
    pub(super) async fn own_mfa(&self, serial: &str) -> Result<Credentials, Failure> {
        let chain = Box::pin(self.base().chain()).await?;
        let first = Box::pin(chain.first.load(self.wire())).await?;
        self.mfa_session(&first, serial).await
    }

    /// The name that sessions carry for the human behind the own credentials.
    pub(super) async fn session_name(&self) -> Result<String, Failure> {
        self.own().await?;
        let slot = self.own_slot().lock().await;
        let human = slot.as_ref().map_or("unknown", |own| own.human.as_str());
        Ok(session_name(human, self.run()))
    }

    /// What to give as the source identity, if one is wanted.
    pub(super) async fn source_identity(&self) -> Result<Option<String>, Failure> {
        match self.wanted_source_identity() {
            None => Ok(None),
            Some(SourceIdentity::Name(name)) => Ok(Some(name.clone())),
            Some(SourceIdentity::Caller) => {
                self.own().await?;
                Ok(self.own_slot().lock().await.as_ref().map(|own| sts_name(&own.human)))
            }
        }
    }

    /// First credentials led through MFA and the roles of their profile; with them the name of who began, if there was a way to go.
    async fn load(&self, base: &Base) -> Result<(Credentials, Option<String>), Failure> {
        // Boxed: the SDK's chain of providers is a future of many kilobytes.
        let chain = Box::pin(base.chain()).await?;
        let mut credentials = Box::pin(chain.first.load(self.wire())).await?;
        if chain.mfa.is_none() && chain.roles.is_empty() {
            return Ok((credentials, None));
        }
        let caller = self.identify(&credentials).await?;
        let keys = credentials.session_token().is_none();
        if let Some(serial) = chain.mfa.as_ref().filter(|_| keys) {
            credentials = self.mfa_session(&credentials, serial).await?;
        }
        for role in &chain.roles {
            credentials = self.enter(&credentials, role, &caller, &chain).await?;
        }
        Ok((credentials, Some(caller.name)))
    }

    async fn enter(&self, from: &Credentials, role: &ProfileRole, caller: &Caller, chain: &Chain) -> Result<Credentials, Failure> {
        let mut terms = role.terms.clone();
        if from.session_token().is_some() && terms.duration.is_some_and(|seconds| seconds > CHAINED_SECONDS) {
            self.say(&format!(
                "profile `{}`: a role assumed from a session lasts an hour at most, not `duration_seconds`; it is renewed as long as that can be done",
                role.profile
            ));
            terms.duration = Some(CHAINED_SECONDS);
        }
        let name = terms.session_name.clone().unwrap_or_else(|| session_name(&caller.name, self.run()));
        let identity = self.wanted_source_identity().map(|wanted| match wanted {
            SourceIdentity::Caller => sts_name(&caller.name),
            SourceIdentity::Name(name) => name.clone(),
        });
        let sts = self.wire().sts(from.clone());
        let call = assume_role(&sts, &role.arn, name, &terms, identity)?;
        let sent = self.patiently(|| async {
            let sent = self.told("-", "sts:AssumeRole", call.clone().send()).await;
            sent.map_err(|error| read_again(classify("AssumeRole", &error)))
        });
        match sent.await {
            Ok(reply) => from_sts(reply.credentials, "AssumeRole"),
            Err(failure) => Err(refused(role, chain, failure)),
        }
    }

    /// Whose credentials these are. Root's are refused: they cannot assume a role, and no run should hold them.
    pub(super) async fn identify(&self, credentials: &Credentials) -> Result<Caller, Failure> {
        let sts = self.wire().sts(credentials.clone());
        let reply = self
            .patiently(|| async {
                let sent = self.told("-", "sts:GetCallerIdentity", sts.get_caller_identity().send()).await;
                sent.map_err(|error| read_again(classify("GetCallerIdentity", &error)))
            })
            .await
            .map_err(|failure| self.unknown_key(failure))?;
        let (Some(account), Some(arn)) = (reply.account, reply.arn) else {
            return Err(Failure::new(FailureClass::Unknown, "reply-unreadable", "GetCallerIdentity: the reply names no caller"));
        };
        let Some(parts) = estate::arn::parse(&arn) else {
            return Err(Failure::new(FailureClass::Unknown, "reply-unreadable", format!("GetCallerIdentity: `{arn}` is no ARN")));
        };
        if parts.resource == "root" {
            return Err(Failure::needs_you(
                "root-credentials",
                format!("these are the root credentials of account {account}, by which no role can be entered (\"Roles may not be assumed by root accounts\")"),
            )
            .hint("delete the root user's access keys")
            .way(after("use an administrator: a user with AdministratorAccess, or IAM Identity Center (`aws configure sso`)")));
        }
        let partition = parts.partition.to_owned();
        let name = estate::arn::name(&arn).unwrap_or_default().to_owned();
        Ok(Caller { account, user_id: reply.user_id.unwrap_or_default(), arn, partition, name })
    }

    /// Keys of one partition are unknown in every other.
    fn unknown_key(&self, failure: Failure) -> Failure {
        if failure.code != "InvalidClientTokenId" {
            return failure;
        }
        let region = &self.wire().region;
        failure.hint(format!(
            "asked in `{region}`: if the account is in another partition (China, GovCloud, European Sovereign Cloud), set `region` of the target"
        ))
    }

    /// Tries again what failed for a moment, for calls before there is an engine that would.
    pub(super) async fn patiently<T, F: Future<Output = Result<T, Failure>>>(&self, call: impl Fn() -> F) -> Result<T, Failure> {
        for wait in [200, 400, 800] {
            match call().await {
                Err(Failure { class: FailureClass::Retry { .. } | FailureClass::RetryAfter(_), .. }) => {
                    self.time().sleep(Duration::from_millis(wait)).await;
                }
                done => return done,
            }
        }
        call().await
    }

    /// The target's own account, made sure to be the management account of its organisation, if it is in one.
    ///
    /// Fails with `not-management` when it is a member account.
    pub async fn management(&self) -> Result<Session, Failure> {
        let management = self.own_session().await?;
        let mut seen = self.management_seen().lock().await;
        if *seen {
            return Ok(management);
        }
        // Another session of the account may have read it, and was not asked whose it is.
        let read = self.organization_slot(management.account_id()).lock_owned().await.as_ref().map(|view| view.management.clone());
        match read {
            Some(manager) => managed_by(&management, Some(&manager))?,
            None => drop(self.patiently(|| describe_organization(&management)).await?),
        }
        *seen = true;
        Ok(management)
    }
}

fn after(what: &str) -> Way {
    Way::After(what.to_owned())
}

/// A role of a profile that was not to be had.
fn refused(role: &ProfileRole, chain: &Chain, mut failure: Failure) -> Failure {
    failure.message = format!("profile `{}`: {}", role.profile, failure.message);
    if is_denied(&failure.code) {
        failure.class = FailureClass::NeedsYou;
        "role-refused".clone_into(&mut failure.code);
        failure.ways.clear();
        failure.hints =
            vec![format!("`{}` must exist, and its trust policy must allow the caller (and ask for no other `external_id`)", role.arn)];
        failure.hints.push(source_identity_hint(&failure.message, &role.arn).unwrap_or_else(|| {
            if chain.mfa.is_some() {
                "MFA counts for the first role only, and only from a user's long-term keys: credentials of SSO or of a role have no device"
                    .to_owned()
            } else {
                "if the trust policy asks for MFA, add `mfa_serial` to the profile".to_owned()
            }
        }));
    } else if failure.class == FailureClass::Fatal {
        failure.class = FailureClass::NeedsYou;
        failure = failure.way(after("correct the profile in ~/.aws/config"));
    }
    failure
}

/// Why a role was not to be had, if it was for the source identity.
pub(super) fn source_identity_hint(message: &str, arn: &str) -> Option<String> {
    message.contains("sts:SetSourceIdentity").then(|| {
        format!("the trust policy of `{arn}`, and the caller's own policies, must allow sts:SetSourceIdentity; or take `source_identity` out of the target")
    })
}

/// A name in the characters and the length of a source identity.
fn sts_name(human: &str) -> String {
    let mut name = super::session::clean(human);
    name.truncate(64);
    name
}
