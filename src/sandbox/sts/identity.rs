//! Who is calling.

use crate::access::Principal;
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use serde_json::{Value, json};

pub(crate) const OPERATIONS: &[Operation] = &[
    // works even under an explicit deny
    Operation { name: "GetCallerIdentity", needs: |_| Ok(Vec::new()), run: get_caller_identity },
    Operation { name: "GetAccessKeyInfo", needs: |_| Ok(vec![Need::on("*")]), run: get_access_key_info },
];

fn get_caller_identity(call: &mut Call) -> Result<Value, AwsError> {
    let account = call.account()?;
    let id = match &call.caller.principal {
        Principal::Root => account.id.clone(),
        Principal::User { name } => account.iam.users.get(name).map(|user| user.id.clone()).unwrap_or_default(),
        Principal::Session { role, session_name } => {
            let role = account.iam.roles.get(role).map(|role| role.id.as_str()).unwrap_or_default();
            format!("{role}:{session_name}")
        }
    };
    Ok(json!({ "UserId": id, "Account": account.id, "Arn": call.caller_arn() }))
}

fn get_access_key_info(call: &mut Call) -> Result<Value, AwsError> {
    let id = call.params.required("AccessKeyId")?;
    match call.world.credential(id) {
        Some(credential) => Ok(json!({ "Account": credential.caller.account })),
        None => Err(AwsError::validation(format!("Invalid access key id: {id}"))),
    }
}
