//! One code of an MFA device, for all that needs it in a run: GetSessionToken, whose session then assumes the roles.

use super::cloud::Cloud;
use super::credentials::{Held, from_sts};
use super::failure::{classify, is_denied, is_mfa_refusal};
use super::session::read_again;
use crate::step::{Failure, Way};
use aws_credential_types::Credentials;
use std::sync::Arc;

/// How often a code is asked for.
const TIMES: u32 = 3;

/// Refusals that hold for the rest of the process.
const ASKED_IN_VAIN: [&str; 3] = ["mfa-declined", "mfa-device", "mfa-wrong"];

/// Sessions with MFA of one device, or why there will be none in this process; the lock is held while a code is asked for.
pub(super) type MfaSlot = Arc<tokio::sync::Mutex<Option<Result<Held, Failure>>>>;

impl Cloud {
    /// A session of the user with MFA, shared by all who name this device: over long-term keys begun with a code, for STS's twelve
    /// hours; a session that the user has begun is taken as it is, for it cannot begin another.
    pub(super) async fn mfa_session(&self, first: &Credentials, serial: &str) -> Result<Credentials, Failure> {
        let slot = self.mfa_slot(serial);
        let mut slot = slot.lock().await;
        match slot.as_ref() {
            Some(Ok(held)) if held.is_fresh(self.time().now()) => return Ok(held.credentials.clone()),
            Some(Err(refused)) => return Err(refused.clone()),
            _ => {}
        }
        let fetched = match first.session_token() {
            None => self.session_token(first, serial).await.inspect_err(|failure| {
                // Who was asked in vain is not asked again for every branch that waits here.
                if ASKED_IN_VAIN.contains(&failure.code.as_str()) {
                    *slot = Some(Err(failure.clone()));
                }
            })?,
            Some(_) if self.identify(first).await?.is_user() => first.clone(),
            Some(_) => return Err(no_device(serial)),
        };
        *slot = Some(Ok(Held::new(fetched.clone(), self.time().now())));
        Ok(fetched)
    }

    async fn session_token(&self, keys: &Credentials, serial: &str) -> Result<Credentials, Failure> {
        let sts = self.wire().sts(keys.clone());
        for time in 0..TIMES {
            let Some(code) = self.token_code(serial, time > 0) else { return Err(nobody(serial)) };
            if code.is_empty() {
                return Err(declined(serial));
            }
            if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            let call = || async {
                let call = sts.get_session_token().serial_number(serial).token_code(&code);
                let sent = self.told("-", "sts:GetSessionToken", call.send()).await;
                sent.map_err(|error| read_again(classify("GetSessionToken", &error)))
            };
            match self.patiently(call).await {
                Ok(reply) => return from_sts(reply.credentials, "GetSessionToken"),
                Err(failure) if is_denied(&failure.code) && failure.message.contains("invalid MFA one time pass code") => {}
                Err(failure) if is_denied(&failure.code) && is_mfa_refusal(&failure.message) => {
                    return Err(Failure::needs_you("mfa-device", failure.message).hint(format!(
                        "`{serial}` must be a device of the user whose keys these are: `aws iam list-mfa-devices` shows it"
                    )));
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::needs_you("mfa-wrong", format!("no code given for the MFA device `{serial}` was accepted; nothing was done with it"))
            .hint("a code works once and for about 30 seconds; `aws iam resync-mfa-device` helps a device that lags")
            .way(Way::After("wait for the device's next code".to_owned())))
    }
}

/// A session of SSO or of a role: no user, so no device.
fn no_device(serial: &str) -> Failure {
    let message =
        format!("no code of `{serial}` can be given: the target's credentials begin with a role's session, which has no MFA device");
    Failure::needs_you("mfa-needs-keys", message)
        .way(Way::After("let the target's profile begin with a user's long-term keys".to_owned()))
        .way(Way::Change("leave `mfa` out, and let the role's trust policy ask for something else than MFA".to_owned()))
}

/// Where a role was refused to a session that names this device.
pub(super) fn begun_without(serial: &str) -> String {
    format!(
        "if the trust policy asks for MFA: credentials that are a session already must have been begun with a code \
         (`aws sts get-session-token --serial-number {serial} --token-code …`)"
    )
}

fn declined(serial: &str) -> Failure {
    Failure::needs_you("mfa-declined", format!("no code of the MFA device `{serial}` was typed; nothing was done with it"))
        .way(Way::After("have the device at hand".to_owned()))
}

fn nobody(serial: &str) -> Failure {
    Failure::needs_you(
        "mfa-code",
        format!("a code of the MFA device `{serial}` is needed, and nobody can be asked for it (no terminal, or `--no-input`)"),
    )
    .way(Way::After("sit at a terminal, where the code can be typed".to_owned()))
    .way(Way::After(
        "get a session with MFA (`aws sts get-session-token --serial-number … --token-code …`), export its three variables".to_owned(),
    ))
}
