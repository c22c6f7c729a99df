//! Console passwords of users. The passwords themselves are checked and forgotten.

use super::{names, password_policy, users};
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use crate::sandbox::wire;
use crate::sandbox::world::LoginProfile;
use serde_json::{Value, json};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateLoginProfile", needs: create_need, run: create },
    Operation { name: "GetLoginProfile", needs: users::own_need, run: get },
    Operation { name: "UpdateLoginProfile", needs: write_need, run: update },
    Operation { name: "DeleteLoginProfile", needs: users::own_need, run: delete },
];

fn write_need(call: &Call) -> Result<Vec<Need>, AwsError> {
    if let Some(password) = call.params.text("Password") {
        names::length("Password", password, 1, 128)?;
    }
    call.params.flag("PasswordResetRequired")?;
    users::own_need(call)
}

fn create_need(call: &Call) -> Result<Vec<Need>, AwsError> {
    call.params.required("Password")?;
    write_need(call)
}

fn profile<'a>(call: &'a Call, user: &str) -> Result<&'a LoginProfile, AwsError> {
    let extras = call.world.extras(&call.caller.account);
    extras
        .and_then(|extras| extras.login_profiles.get(user))
        .ok_or_else(|| AwsError::no_such_entity(format!("Login Profile for User {user} cannot be found.")))
}

fn show(user: &str, profile: &LoginProfile) -> Value {
    json!({ "LoginProfile": {
        "UserName": user,
        "CreateDate": wire::iso(profile.created),
        "PasswordResetRequired": profile.reset_required,
    }})
}

fn create(call: &mut Call) -> Result<Value, AwsError> {
    let user = users::found(call)?;
    if profile(call, &user).is_ok() {
        return Err(AwsError::already_exists(format!("Login Profile for user {user} already exists.")));
    }
    password_policy::check(call, call.params.required("Password")?)?;
    let reset_required = call.params.flag("PasswordResetRequired")?.unwrap_or(false);
    let profile = LoginProfile { created: call.now, reset_required };
    let result = show(&user, &profile);
    call.world.extras_mut(&call.caller.account).login_profiles.insert(user, profile);
    Ok(result)
}

fn get(call: &mut Call) -> Result<Value, AwsError> {
    let user = users::found(call)?;
    Ok(show(&user, profile(call, &user)?))
}

fn update(call: &mut Call) -> Result<Value, AwsError> {
    let user = users::found(call)?;
    profile(call, &user)?;
    if let Some(password) = call.params.text("Password") {
        password_policy::check(call, password)?;
    }
    let reset_required = call.params.flag("PasswordResetRequired")?;
    if let (Some(profile), Some(required)) = (call.world.extras_mut(&call.caller.account).login_profiles.get_mut(&user), reset_required) {
        profile.reset_required = required;
    }
    Ok(Value::Null)
}

fn delete(call: &mut Call) -> Result<Value, AwsError> {
    let user = users::found(call)?;
    profile(call, &user)?;
    call.world.extras_mut(&call.caller.account).login_profiles.remove(&user);
    Ok(Value::Null)
}
