//! GetSessionToken: a user's own rights for a time, with or without MFA.

use super::session::{duration, given, issue, spend};
use crate::access::{Caller, Principal};
use crate::sandbox::authorise::denied;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use crate::sandbox::wire::Protocol;
use crate::sandbox::world::Source;
use serde_json::{Value, json};

pub(crate) const OPERATIONS: &[Operation] = &[
    // needs no permission, though it can be denied
    Operation { name: "GetSessionToken", needs: |_| Ok(vec![Need::on("*")]), run: get_session_token },
];

fn get_session_token(call: &mut Call) -> Result<Value, AwsError> {
    if call.source != Source::LongTerm {
        return Err(denied(Protocol::Query, "Cannot call GetSessionToken with session credentials"));
    }
    let (default, most) = match call.caller.principal {
        Principal::Root => (3_600, 3_600),
        Principal::User { .. } | Principal::Session { .. } => (43_200, 129_600),
    };
    let seconds = duration(call, default, most)?;
    let mfa = given(call)?;
    spend(call, mfa.as_ref());
    let caller = Caller { mfa: Some(mfa.is_some()), ..call.caller.clone() };
    Ok(json!({ "Credentials": issue(call, Source::SessionToken, caller, seconds, mfa.as_ref()) }))
}
