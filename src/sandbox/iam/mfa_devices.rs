//! Virtual MFA devices: made, enabled for a user by two codes in a row, deactivated, deleted.

use super::entity::Entity;
use super::{names, quotas, tags, users};
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use crate::sandbox::service::{Need, Operation};
use crate::sandbox::world::MfaDevice;
use crate::sandbox::{mfa, wire};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateVirtualMFADevice", needs: create_needs, run: create },
    Operation { name: "ListVirtualMFADevices", needs: list_virtual_needs, run: list_virtual },
    Operation { name: "ListMFADeviceTags", needs: serial_needs, run: list_tags },
    Operation { name: "EnableMFADevice", needs: |call| Ok(vec![Entity::User.need(call)?]), run: enable },
    Operation { name: "ListMFADevices", needs: users::own_need, run: list },
    Operation { name: "DeactivateMFADevice", needs: users::own_need, run: deactivate },
    Operation { name: "DeleteVirtualMFADevice", needs: serial_needs, run: delete },
];

fn serial(call: &Call, path: &str, name: &str) -> String {
    call.iam_arn("mfa", path, name)
}

fn missing(serial: &str) -> AwsError {
    AwsError::no_such_entity(format!("MFA Device with serial number {serial} does not exist."))
}

fn device<'a>(call: &'a Call, serial: &str) -> Option<&'a MfaDevice> {
    call.world.extras(&call.caller.account)?.mfa_devices.get(serial)
}

fn create_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    let name = names::name(call, "VirtualMFADeviceName", 226)?;
    let arn = serial(call, &names::path(call)?, &name);
    let given = names::tags(call)?;
    let mut needs = vec![Need::on(arn.as_str()).request_tags(&given)];
    if !given.is_empty() {
        needs.push(Need::on(arn).action("iam:TagMFADevice").request_tags(&given));
    }
    Ok(needs)
}

fn create(call: &mut Call) -> Result<Value, AwsError> {
    let serial = serial(call, &names::path(call)?, call.params.required("VirtualMFADeviceName")?);
    if device(call, &serial).is_some() {
        return Err(AwsError::already_exists("MFA device already exists."));
    }
    let tags = names::tags(call)?;
    let made = MfaDevice { tags, before: call.world.count(&format!("mfa/{serial}")) - 1, ..MfaDevice::default() };
    let seed = base64(mfa::seed(call.world, &serial, made.before).as_bytes());
    let shown = json!({ "SerialNumber": serial, "Base32StringSeed": seed, "Tags": tags::show(&made.tags) });
    call.world.extras_mut(&call.caller.account).mfa_devices.insert(serial, made);
    Ok(json!({ "VirtualMFADevice": shown }))
}

/// Blobs travel as Base64 (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            if place <= chunk.len() {
                text.push(char::from(LETTERS[(bits >> (18 - 6 * place) & 63) as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

fn list_virtual_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    names::one_of(call, "AssignmentStatus", &["Assigned", "Unassigned", "Any"])?;
    Ok(vec![Need::on(serial(call, "/", ""))])
}

fn list_virtual(call: &mut Call) -> Result<Value, AwsError> {
    let status = call.params.text("AssignmentStatus").unwrap_or("Any");
    let iam = &call.account()?.iam;
    let devices = call.world.extras(&call.caller.account).into_iter().flat_map(|extras| &extras.mfa_devices);
    let wanted = devices.filter(|(_, device)| match status {
        "Assigned" => device.user.is_some(),
        "Unassigned" => device.user.is_none(),
        _ => true,
    });
    let items = wanted.map(|(serial, device)| {
        let user = device.user.as_ref().and_then(|name| Some(users::show(call, name, iam.users.get(name)?)));
        (serial.clone(), json!({ "SerialNumber": serial, "User": user, "EnableDate": device.enabled.map(wire::iso) }))
    });
    Ok(call.page(items)?.into_iam("VirtualMFADevices"))
}

/// Two codes of successive windows, none used before, not far from now: as AWS asks for.
fn window_of(call: &Call, serial: &str, last: Option<i64>) -> Result<i64, AwsError> {
    let (first, second) = (call.params.required("AuthenticationCode1")?, call.params.required("AuthenticationCode2")?);
    let present = mfa::window(call.now);
    let fits = |window: &i64| {
        last.is_none_or(|last| *window > last)
            && mfa::code(call.world, serial, *window) == first
            && mfa::code(call.world, serial, window + 1) == second
    };
    (present - 2..=present + 1)
        .find(fits)
        .map(|window| window + 1)
        .ok_or_else(|| AwsError::new("InvalidAuthenticationCode", 403, "Authentication code for device is not valid."))
}

fn enable(call: &mut Call) -> Result<Value, AwsError> {
    let user = Entity::User.found(call)?.name.to_owned();
    let serial = call.params.required("SerialNumber")?.to_owned();
    let found = device(call, &serial).ok_or_else(|| missing(&serial))?;
    if found.user.is_some() {
        return Err(AwsError::already_exists("MFA Device is already in use."));
    }
    let extras = call.world.extras(&call.caller.account);
    let have = extras.map_or(0, |extras| extras.mfa_devices.values().filter(|device| device.user.as_ref() == Some(&user)).count());
    quotas::room(have, quotas::MFA_DEVICES_PER_USER, "MFADevicesPerUser")?;
    let window = window_of(call, &serial, found.last_window)?;
    let now = call.now;
    if let Some(device) = call.world.extras_mut(&call.caller.account).mfa_devices.get_mut(&serial) {
        device.user = Some(user);
        device.enabled = Some(now);
        device.last_window = Some(window);
    }
    Ok(Value::Null)
}

fn list(call: &mut Call) -> Result<Value, AwsError> {
    let user = users::found(call)?;
    let devices = call.world.extras(&call.caller.account).into_iter().flat_map(|extras| &extras.mfa_devices);
    let items = devices.filter(|(_, device)| device.user.as_ref() == Some(&user)).map(|(serial, device)| {
        let enabled = wire::iso(device.enabled.unwrap_or(Timestamp::UNIX_EPOCH));
        (serial.clone(), json!({ "UserName": user, "SerialNumber": serial, "EnableDate": enabled }))
    });
    Ok(call.page(items)?.into_iam("MFADevices"))
}

fn deactivate(call: &mut Call) -> Result<Value, AwsError> {
    let user = users::found(call)?;
    let serial = call.params.required("SerialNumber")?.to_owned();
    device(call, &serial).filter(|device| device.user.as_ref() == Some(&user)).ok_or_else(|| missing(&serial))?;
    if let Some(device) = call.world.extras_mut(&call.caller.account).mfa_devices.get_mut(&serial) {
        device.user = None;
        device.enabled = None;
    }
    Ok(Value::Null)
}

fn serial_needs(call: &Call) -> Result<Vec<Need>, AwsError> {
    let serial = call.params.required("SerialNumber")?;
    names::length("SerialNumber", serial, 9, 256)?;
    Ok(vec![Need::on(serial)])
}

fn list_tags(call: &mut Call) -> Result<Value, AwsError> {
    let serial = call.params.required("SerialNumber")?;
    let found = device(call, serial).ok_or_else(|| missing(serial))?;
    tags::page(call, &found.tags)
}

fn delete(call: &mut Call) -> Result<Value, AwsError> {
    let serial = call.params.required("SerialNumber")?.to_owned();
    let found = device(call, &serial).ok_or_else(|| missing(&serial))?;
    if found.user.is_some() {
        return Err(AwsError::delete_conflict("Cannot delete entity, must deactivate MFA device first."));
    }
    call.world.extras_mut(&call.caller.account).mfa_devices.remove(&serial);
    Ok(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn vectors_of_rfc_4648() {
        let table =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy")];
        for (bytes, text) in table {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
