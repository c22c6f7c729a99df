//! One target's AWS: its HTTP client, its own credentials, and what has been learned of its accounts in this process.

use super::base::Base;
use super::config::{CloudConfig, FurtherAccount, Say, SourceIdentity, TokenCode};
use super::creations::Creations;
use super::mfa::MfaSlot;
use super::newborn::Newborns;
use super::organization::OrganizationView;
use super::own::{Caller, Own};
use super::pacing::Pacing;
use super::secrets::Secrets;
use super::session::{DEFAULT_ACCESS_ROLE, Reach, Session, SessionSpec, Slot, Terms};
use super::smithy::Wire;
use crate::estate::{self, Iam};
use crate::event::{Call, CallSink};
use crate::step::{Failure, Freshness};
use crate::time::Time;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use serde_json::Value;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

struct Inner {
    wire: Wire,
    pacing: Pacing,
    settle_window: Duration,
    role_lag: Duration,
    new_account: Duration,
    base: Base,
    pin: Option<String>,
    run: OnceLock<String>,
    further: Vec<FurtherAccount>,
    access_role: Option<String>,
    source_identity: Option<SourceIdentity>,
    secrets: Arc<dyn Secrets>,
    token_code: Option<TokenCode>,
    calls: OnceLock<CallSink>,
    say: Option<Say>,
    own: tokio::sync::Mutex<Option<Own>>,
    /// Sessions with MFA, by serial number.
    mfa: Mutex<BTreeMap<String, MfaSlot>>,
    /// Whether the own account was seen not to be a member of somebody else's organisation.
    management_seen: tokio::sync::Mutex<bool>,
    slots: Mutex<BTreeMap<SessionSpec, Slot>>,
    iam: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<Option<Iam>>>>>,
    /// By the account that asked: another session may see another organisation.
    organizations: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<Option<OrganizationView>>>>>,
    /// Names and access roles learned from what primitives made and scripts handed back.
    names: Mutex<BTreeMap<String, String>>,
    access_roles: Mutex<BTreeMap<String, String>>,
    newborns: Newborns,
    /// Accounts made in this process whose IAM was not read: their access roles.
    unread: Mutex<BTreeMap<String, String>>,
    creations: Creations,
}

#[derive(Clone)]
pub struct Cloud(Arc<Inner>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cloud {
    #[must_use]
    pub fn new(config: CloudConfig) -> Cloud {
        let CloudConfig { time, http, endpoint_url, region, base, account_id, accounts, access_role, .. } = config;
        let CloudConfig { source_identity, paced, settle_window, role_lag, new_account, secrets, token_code, say, .. } = config;
        Cloud(Arc::new(Inner {
            pacing: Pacing::new(time.clone(), paced),
            settle_window,
            role_lag,
            new_account,
            wire: Wire { time, http, endpoint_url, region },
            base,
            pin: account_id,
            run: OnceLock::new(),
            further: accounts,
            access_role,
            source_identity,
            secrets,
            token_code,
            calls: OnceLock::new(),
            say,
            mfa: Mutex::default(),
            management_seen: tokio::sync::Mutex::new(false),
            own: tokio::sync::Mutex::new(None),
            slots: Mutex::default(),
            iam: Mutex::default(),
            organizations: Mutex::default(),
            names: Mutex::default(),
            access_roles: Mutex::default(),
            newborns: Newborns::default(),
            unread: Mutex::default(),
            creations: Creations::default(),
        }))
    }

    /// How long after a request its effect may stay out of AWS's lists.
    pub(crate) fn settle_window(&self) -> Duration {
        self.0.settle_window
    }

    /// Where secrets are kept that AWS shows once.
    pub(crate) fn secrets(&self) -> &dyn Secrets {
        self.0.secrets.as_ref()
    }

    pub fn time(&self) -> &Time {
        &self.0.wire.time
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.0.wire
    }

    pub(crate) fn pacing(&self) -> &Pacing {
        &self.0.pacing
    }

    /// Says which run the calls are for; from then on sessions are named after it. The first name stays.
    pub fn begin(&self, run: &str) {
        self.0.run.get_or_init(|| run.to_owned());
    }

    /// Says who is told of every call. The first one stays.
    pub fn tell(&self, calls: CallSink) {
        self.0.calls.get_or_init(|| calls);
    }

    /// Awaits one call, and tells how it went.
    pub(super) async fn told<T: RequestId, E: ProvideErrorMetadata>(
        &self,
        account: &str,
        action: &str,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, SdkError<E, HttpResponse>> {
        let Some(calls) = self.0.calls.get() else { return call.await };
        let began = self.time().now();
        let result = call.await;
        let took = self.time().now().duration_since(began).unsigned_abs();
        let (code, request_id) = match &result {
            Ok(reply) => ("ok", reply.request_id()),
            Err(error) => (error.code().unwrap_or("no-answer"), error.request_id()),
        };
        calls(&Call { account, action, code, took, request_id });
        result
    }

    /// The run, once it is known.
    pub(crate) fn run(&self) -> Option<&str> {
        self.0.run.get().map(String::as_str)
    }

    pub(crate) fn newborns(&self) -> &Newborns {
        &self.0.newborns
    }

    /// How long a new role or user may stay unknown to parts of AWS.
    pub(crate) fn role_lag(&self) -> Duration {
        self.0.role_lag
    }

    /// How long AWS may take to decide on a new account, and then to let it be entered.
    pub(crate) fn new_account(&self) -> Duration {
        self.0.new_account
    }

    pub(crate) fn creations(&self) -> &Creations {
        &self.0.creations
    }

    pub(crate) fn organization_slot(&self, account: &str) -> Arc<tokio::sync::Mutex<Option<OrganizationView>>> {
        lock(&self.0.organizations).entry(account.to_owned()).or_default().clone()
    }

    pub(crate) fn iam_slot(&self, account: &str) -> Arc<tokio::sync::Mutex<Option<Iam>>> {
        lock(&self.0.iam).entry(account.to_owned()).or_default().clone()
    }

    pub(super) fn base(&self) -> &Base {
        &self.0.base
    }

    pub(super) fn pin(&self) -> Option<&str> {
        self.0.pin.as_deref()
    }

    pub(super) fn own_slot(&self) -> &tokio::sync::Mutex<Option<Own>> {
        &self.0.own
    }

    pub(super) fn mfa_slot(&self, serial: &str) -> MfaSlot {
        lock(&self.0.mfa).entry(serial.to_owned()).or_default().clone()
    }

    pub(super) fn management_seen(&self) -> &tokio::sync::Mutex<bool> {
        &self.0.management_seen
    }

    pub(super) fn wanted_source_identity(&self) -> Option<&SourceIdentity> {
        self.0.source_identity.as_ref()
    }

    pub(super) fn further_account(&self, id: &str) -> Option<&FurtherAccount> {
        self.0.further.iter().find(|account| account.id == id)
    }

    /// The code of an MFA device, empty when none was typed; `again` when the last one was refused.
    pub(super) fn token_code(&self, serial: &str, again: bool) -> Option<String> {
        self.0.token_code.as_ref()?(serial, again)
    }

    pub(super) fn say(&self, text: &str) {
        if let Some(say) = &self.0.say {
            say(text);
        }
    }

    /// The target's own account, which may be a member of an organisation: `management` makes sure that it is not.
    pub async fn own_session(&self) -> Result<Session, Failure> {
        let caller = self.caller().await?;
        let name = self.name(&caller.account, &caller);
        Ok(self.session(&SessionSpec { name, account: caller.account, partition: caller.partition, reach: Reach::Own }))
    }

    /// A lazy session for an account given by its 12-digit id, or by its name in the target or the organisation.
    pub async fn account(&self, id_or_name: &str, role: Option<&str>) -> Result<Session, Failure> {
        let id = self.resolve(id_or_name).await?;
        self.reach(&id, role, Terms::default()).await
    }

    /// A lazy session from the object an account primitive returned, through the access role it names.
    pub async fn account_of(&self, value: &Value) -> Result<Session, Failure> {
        let text = |field: &str| value.get(field).and_then(Value::as_str);
        let Some(id) = text("id") else {
            return Err(Failure::fatal("not-an-account", "this object has no account `id`; hand over what create_account returned"));
        };
        self.learn(value);
        self.reach(id, text("access_role"), Terms::default()).await
    }

    /// Remembers the name and access role of an account from the object a primitive returned, in this process or an earlier one.
    pub fn learn(&self, value: &Value) {
        let text = |field: &str| value.get(field).and_then(Value::as_str);
        if let (Some("account"), Some(id), Some(name)) = (text("kind"), text("id"), text("name")) {
            self.introduce(id, name, text("access_role"));
        }
    }

    /// A session with other terms: `target` is a role ARN, or an account (id or name) whose access role or `role` is assumed.
    pub async fn assume(&self, target: &str, mut terms: Terms) -> Result<Session, Failure> {
        let Some(arn) = estate::arn::parse(target) else {
            let id = self.resolve(target).await?;
            let role = terms.role.take();
            return self.reach(&id, role.as_deref(), terms).await;
        };
        if arn.service != "iam" || !arn.resource.starts_with("role/") {
            return Err(Failure::fatal(
                "not-a-role",
                format!("`{target}` is not a role; give a role's ARN, an account id or an account's name"),
            ));
        }
        let via = self.start(&mut terms).await?;
        let (account, partition) = (arn.account.to_owned(), arn.partition.to_owned());
        let name = self.name(&account, &self.caller().await?);
        let reach = Reach::Role { via: Box::new(via), arn: target.to_owned(), terms };
        Ok(self.session(&SessionSpec { account, name, partition, reach }))
    }

    /// The session a spec describes; calls nothing. Sessions of the same spec share their credentials.
    #[must_use]
    pub fn session(&self, spec: &SessionSpec) -> Session {
        let slot = lock(&self.0.slots).entry(spec.clone()).or_default().clone();
        Session::new(self.clone(), spec.clone(), slot)
    }

    async fn reach(&self, id: &str, role: Option<&str>, mut terms: Terms) -> Result<Session, Failure> {
        let caller = self.caller().await?;
        let further = self.further_account(id);
        let plain = role.is_none() && terms == Terms::default();
        let spec = |reach| SessionSpec { account: id.to_owned(), name: self.name(id, &caller), partition: caller.partition.clone(), reach };
        if plain && caller.account == id {
            return Ok(self.session(&spec(Reach::Own)));
        }
        if plain && further.is_some_and(|account| account.base.is_some()) {
            return Ok(self.session(&spec(Reach::Further)));
        }
        terms.external_id = terms.external_id.or_else(|| further?.external_id.clone());
        terms.mfa = terms.mfa.or_else(|| further?.mfa.clone());
        let role = role
            .map(str::to_owned)
            .or_else(|| further.and_then(|account| account.role.clone()))
            .or_else(|| lock(&self.0.access_roles).get(id).cloned())
            .unwrap_or_else(|| self.access_role().to_owned());
        let arn = estate::arn::iam(&caller.partition, id, "role", "/", &role);
        let via = Box::new(self.start(&mut terms).await?);
        Ok(self.session(&spec(Reach::Role { via, arn, terms })))
    }

    /// Where a chain begins: the own credentials, or a session with MFA over them.
    async fn start(&self, terms: &mut Terms) -> Result<SessionSpec, Failure> {
        let own = self.own_session().await?.spec().clone();
        Ok(match terms.mfa.take() {
            None => own,
            Some(serial) => SessionSpec { reach: Reach::Mfa { via: Box::new(own.clone()), serial }, ..own },
        })
    }

    async fn resolve(&self, id_or_name: &str) -> Result<String, Failure> {
        if is_account_id(id_or_name) {
            return Ok(id_or_name.to_owned());
        }
        if let Some(account) = self.0.further.iter().find(|account| account.name == id_or_name) {
            return Ok(account.id.clone());
        }
        let management = self.own_session().await?;
        let found = self
            .with_organization(&management, Freshness::Snapshot, |organization| {
                organization.map(|view| view.named(id_or_name)).unwrap_or_default()
            })
            .await?;
        match found.as_slice() {
            [id] => Ok(id.clone()),
            [] => Err(Failure::fatal(
                "account-unknown",
                format!("no account is named `{id_or_name}`, neither in the organisation nor in the target"),
            )
            .hint("give its 12-digit id as a string, create it first, or add it to the target's accounts in runner.toml")),
            several => Err(Failure::fatal(
                "account-ambiguous",
                format!("{} accounts are named `{id_or_name}`: {}", several.len(), several.join(", ")),
            )
            .hint("give the id of the one you mean")),
        }
    }

    /// What the account is called, as far as it is known by now: in the target, or in the organisation.
    pub(crate) fn known_name(&self, id: &str) -> Option<String> {
        let further = self.further_account(id).map(|account| account.name.clone());
        further.or_else(|| lock(&self.0.names).get(id).cloned())
    }

    /// The target's own account is `management` until its name is known, any other its id.
    fn name(&self, id: &str, caller: &Caller) -> String {
        self.known_name(id).unwrap_or_else(|| if id == caller.account { "management".to_owned() } else { id.to_owned() })
    }

    /// Remembers what an account is called and how it is entered.
    pub(crate) fn introduce(&self, id: &str, name: &str, access_role: Option<&str>) {
        lock(&self.0.names).insert(id.to_owned(), name.to_owned());
        if let Some(role) = access_role {
            lock(&self.0.access_roles).insert(id.to_owned(), role.to_owned());
        }
    }

    /// The role by which accounts are entered for which no other is known.
    pub(crate) fn access_role(&self) -> &str {
        self.0.access_role.as_deref().unwrap_or(DEFAULT_ACCESS_ROLE)
    }

    /// Says that an account was made by this process, so that its IAM holds nothing but the access role.
    pub(crate) async fn known_empty(&self, account: &str, access_role: &str) {
        lock(&self.0.unread).insert(account.to_owned(), access_role.to_owned());
        self.iam_slot(account).lock().await.get_or_insert_default();
    }

    /// Whether this role is there without having been read.
    pub(crate) fn is_unread(&self, account: &str, role: &str) -> bool {
        lock(&self.0.unread).get(account).is_some_and(|unread| unread.eq_ignore_ascii_case(role))
    }

    pub(crate) fn was_read(&self, account: &str) {
        lock(&self.0.unread).remove(account);
    }
}

/// Whether this is an account id: twelve digits.
#[must_use]
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// 50 ms, 100 ms, 200 ms … 10 s: quick where AWS is, patient where it is not.
pub(crate) fn growing_wait(tries: u32) -> Duration {
    Duration::from_millis(50 << tries.min(8)).min(Duration::from_secs(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_50_ms_to_10_s() {
        assert_eq!(growing_wait(0), Duration::from_millis(50));
        assert_eq!(growing_wait(3), Duration::from_millis(400));
        assert_eq!(growing_wait(8), Duration::from_secs(10));
        assert_eq!(growing_wait(u32::MAX), Duration::from_secs(10));
    }

    #[test]
    fn account_ids_are_twelve_digits() {
        assert!(is_account_id("012345678901"));
        for text in ["12345678901", "0123456789012", "01234567890a", "dev"] {
            assert!(!is_account_id(text));
        }
    }
}
