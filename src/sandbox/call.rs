//! One authenticated call on its way through an operation.

use super::error::AwsError;
use super::params::Params;
use super::settings::Settings;
use super::wire::Service;
use super::world::{Source, World};
use crate::access::{self, Caller, Principal};
use crate::estate::{Account, arn};
use jiff::{SignedDuration, Timestamp};
use std::cell::Cell;

/// What an operation sees. Check everything first and change the world last: what was changed before an error stays.
pub(crate) struct Call<'a> {
    pub service: Service,
    /// `CreateRole`
    pub operation: &'a str,
    pub params: &'a Params,
    pub caller: Caller,
    /// How the caller's credentials came to be.
    pub source: Source,
    pub access_key_id: &'a str,
    /// The region the request is signed for.
    pub region: &'a str,
    /// A fault's reason why the CreateAccount of this call will fail.
    pub failing: Option<&'a str>,
    pub world: &'a mut World,
    pub settings: &'a Settings,
    pub now: Timestamp,
    /// Whether something was not seen for being new.
    pub lagged: Cell<bool>,
}

impl Call<'_> {
    /// The account that calls: IAM acts on this one.
    pub(crate) fn account(&self) -> Result<&Account, AwsError> {
        self.world.account(&self.caller.account).ok_or_else(no_account)
    }

    /// The same, to be changed.
    pub(crate) fn account_mut(&mut self) -> Result<&mut Account, AwsError> {
        self.world.account_mut(&self.caller.account).ok_or_else(no_account)
    }

    /// IAM is eventually consistent, if the target asks for it: what was made a moment ago is not seen yet.
    pub(crate) fn is_newborn(&self, account: &str, arn: &str) -> bool {
        let lag = SignedDuration::try_from(self.settings.iam_lag).unwrap_or(SignedDuration::MAX);
        let newborn = self.world.created(account, arn).is_some_and(|created| self.now.duration_since(created) < lag);
        self.lagged.set(self.lagged.get() || newborn);
        newborn
    }

    /// The ARN of an IAM object in the caller's account; `kind` is `user`, `group`, `role`, `policy`; paths begin and
    /// end with `/`.
    pub(crate) fn iam_arn(&self, kind: &str, path: &str, name: &str) -> String {
        arn::iam(self.world.partition(), &self.caller.account, kind, path, name)
    }

    /// The ARN of the caller as messages and GetCallerIdentity show it.
    pub(crate) fn caller_arn(&self) -> String {
        access::caller_arn(self.world.estate(), &self.caller)
    }

    /// The caller's user name; an error for IAM operations whose `UserName` is left out by someone who is no user.
    pub(crate) fn own_user_name(&self) -> Result<&str, AwsError> {
        match &self.caller.principal {
            Principal::User { name } => Ok(name),
            Principal::Root | Principal::Session { .. } => {
                Err(AwsError::validation("Must specify userName when calling with non-User credentials"))
            }
        }
    }
}

fn no_account() -> AwsError {
    AwsError::new("InvalidClientTokenId", 403, "The security token included in the request is invalid.")
}
