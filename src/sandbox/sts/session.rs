//! Temporary credentials, and the rules that AssumeRole and GetSessionToken share.

use crate::access::{Caller, Principal};
use crate::sandbox::authorise::denied;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::wire::{Protocol, iso};
use crate::sandbox::world::{Credential, Source};
use crate::sandbox::{ids, mfa};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// An MFA code that was given and found right: the device, and the window that is used up by it.
#[derive(Clone, Debug)]
pub(super) struct Mfa {
    pub serial: String,
    pub window: i64,
}

/// The code in `SerialNumber` and `TokenCode`; none when none was given. It must be of a device of the calling user.
pub(super) fn given(call: &Call) -> Result<Option<Mfa>, AwsError> {
    let (serial, code) = match (call.params.text("SerialNumber"), call.params.text("TokenCode")) {
        (None, None) => return Ok(None),
        (Some(serial), Some(code)) => (serial, code),
        (Some(_), None) => {
            return Err(denied(Protocol::Query, "MultiFactorAuthentication failed, must provide MFA code"));
        }
        (None, Some(_)) => {
            return Err(denied(Protocol::Query, "MultiFactorAuthentication failed, must provide MFA serial number"));
        }
    };
    if !(9..=256).contains(&serial.len()) {
        return Err(constraint(serial, "serialNumber", "Member must have length between 9 and 256"));
    }
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(constraint(code, "tokenCode", "Member must satisfy regular expression pattern: [\\d]*"));
    }
    let account = &call.caller.account;
    let device = call.world.extras(account).and_then(|extras| extras.mfa_devices.get(serial));
    let owner = device.and_then(|device| device.user.as_deref());
    if !matches!(&call.caller.principal, Principal::User { name } if owner == Some(name)) {
        return Err(denied(
            Protocol::Query,
            "MultiFactorAuthentication failed, unable to validate MFA code. Please verify your MFA serial number is valid and associated with this user.",
        ));
    }
    match mfa::accepts(call.world, account, serial, code, call.now) {
        Some(window) => Ok(Some(Mfa { serial: serial.to_owned(), window })),
        None => Err(denied(Protocol::Query, "MultiFactorAuthentication failed with invalid MFA one time pass code. ")),
    }
}

/// Uses the code up, for it works once.
pub(super) fn spend(call: &mut Call, mfa: Option<&Mfa>) {
    let Some(mfa) = mfa else { return };
    let account = call.caller.account.clone();
    if let Some(device) = call.world.extras_mut(&account).mfa_devices.get_mut(&mfa.serial) {
        device.last_window = Some(mfa.window);
    }
}

/// `DurationSeconds` between bounds.
pub(super) fn duration(call: &Call, default: i64, most: i64) -> Result<i64, AwsError> {
    let Some(seconds) = call.params.integer("DurationSeconds")? else { return Ok(default) };
    if seconds < 900 {
        return Err(constraint(seconds, "durationSeconds", "Member must have value greater than or equal to 900"));
    }
    if seconds > most {
        return Err(constraint(seconds, "durationSeconds", &format!("Member must have value less than or equal to {most}")));
    }
    Ok(seconds)
}

/// AWS's sentence for a parameter that breaks its rule.
pub(super) fn constraint(value: impl std::fmt::Display, member: &str, rule: &str) -> AwsError {
    AwsError::validation(format!("1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {rule}"))
}

/// Makes credentials for `caller` and gives the `Credentials` of the reply. The key id is a function of who asked for
/// what and when, so that it does not depend on what others did before.
pub(super) fn issue(call: &mut Call, source: Source, caller: Caller, seconds: i64, mfa: Option<&Mfa>) -> Value {
    let seed = call.world.seed();
    let moment = call.now.as_nanosecond().to_string();
    let who = format!("{:?} {:?} {:?}", caller.account, caller.principal, call.access_key_id);
    let mut attempt = 0u32;
    let id = loop {
        let id = ids::unique(seed, "ASIA", &[&who, &moment, &attempt.to_string()]);
        if call.world.credential(&id).is_none() {
            break id;
        }
        attempt += 1;
    };
    let secret = ids::secret(seed, &id);
    let token = format!("{}{}", ids::hexadecimal(seed, 64, &["token", &id]), ids::hexadecimal(seed, 64, &["more", &id]));
    let expires = call.now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(jiff::Timestamp::MAX);
    let credentials = json!({
        "AccessKeyId": id,
        "SecretAccessKey": secret,
        "SessionToken": token,
        "Expiration": iso(expires),
    });
    call.world.insert_credential(
        id,
        Credential {
            secret,
            session_token: Some(token),
            source,
            caller,
            active: true,
            created: call.now,
            expires: Some(expires),
            mfa_at: mfa.map(|_| call.now),
            used: None,
        },
    );
    credentials
}
