//! `create_virtual_mfa_device`: an MFA device that no user has yet, whose seed is kept in one file.

use super::arguments::device_name;
use super::contract::{Argument, Planned, Primitive, Receiver, Spec, bind};
use super::create_account_request::OWNERSHIP_TAG;
use super::iam;
use super::kept::{Begun, Kept, SecretFile};
use super::unknown::Unknown;
use crate::aws::Session;
use crate::estate::Tags;
use crate::step::{Attempt, Class, Failure, FailureClass, Freshness, Resolution, Settled, Then, Way};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DOC: &str = r#"`session.create_virtual_mfa_device(name)`

Makes a virtual MFA device. AWS shows its seed once: that is written as an `otpauth://totp/…` line to the file `.runner/TARGET/credentials/mfa-ACCOUNT-NAME` (0600), for an
authenticator, and to no other place. Enabling it for a user takes two codes of the one who holds it: `aws iam enable-mfa-device`.

Nothing changes while the device is there and the file has its seed, enabled or not. A device whose reply was lost is of no use to anybody: it is known by its
tag `runner:step`, and while nobody has enabled it, it is removed and made again. Returns `#{kind, serial, name, account, file}`; the seed is only in the file.

```rhai
let org = organization();
let device = org.create_virtual_mfa_device("ana-phone");
output("device", device.serial);
```

Errors: `device-gone`, `device-unclear`, `device-without-file`, `name`, `secret-file`, and AWS's own (`LimitExceeded`).
"#;

pub(super) const SPEC: Spec = Spec {
    name: "create_virtual_mfa_device",
    receiver: Receiver::Session,
    positional: &["name"],
    options: &[],
    doc: DOC,
    actions: &[
        "iam:ListVirtualMFADevices",
        "iam:ListMFADeviceTags",
        "iam:CreateVirtualMFADevice",
        "iam:TagMFADevice",
        "iam:DeleteVirtualMFADevice",
    ],
    bind: bind::<CreateVirtualMfaDevice>,
};

pub(super) struct CreateVirtualMfaDevice;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    name: String,
}

impl Args {
    fn serial(&self, session: &Session) -> String {
        iam::arn(session, "mfa", "/", &self.name)
    }

    fn file<'s>(&self, session: &'s Session) -> SecretFile<'s> {
        let name = format!("mfa-{}-{}", session.account_id(), self.name);
        SecretFile::new(session, name, format!("The seed of the MFA device {}", self.serial(session)), label_in)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    kept: Kept,
    device: Option<Device>,
    /// Where a person finds the file.
    path: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Device {
    /// With the tag of the step that made it, if that was asked for.
    Unassigned { owner: Option<String> },
    /// A user has enabled it, so that somebody has its seed.
    Assigned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Detail {
    /// One whose seed is lost.
    DeleteVirtualMFADevice,
    CreateVirtualMFADevice,
}

impl Primitive for CreateVirtualMfaDevice {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::CreateBlind;
    const CASE_FOLDED: bool = false;
    type Args = Args;
    type Found = Found;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        device_name("name", &args.name)
    }

    fn identity(args: &Args) -> String {
        args.name.clone()
    }

    async fn look(session: &Session, args: &Args, _: Freshness) -> Result<Option<Found>, Failure> {
        let file = args.file(session);
        let (kept, path) = (file.kept()?, file.path());
        let mut device = device(session, &args.serial(session)).await?;
        if let (Kept::Begun(_), Some(Device::Unassigned { owner })) = (&kept, &mut device) {
            *owner = owner_of(session, &args.serial(session)).await?;
        }
        Ok(Some(Found { kept, device, path }))
    }

    fn changes(args: &Args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
        let Some(Found { kept, device, path }) = found else { return Ok(Vec::new()) };
        let create = || Planned::new("CreateVirtualMFADevice", Class::CreateBlind, Detail::CreateVirtualMFADevice);
        match (kept, device) {
            (Kept::Whole(_), Some(_)) => Ok(Vec::new()),
            (Kept::Whole(_), None) => Err(gone(&args.name, path)),
            (Kept::Nothing, Some(_)) => Err(without_file(&args.name, path)),
            (Kept::Begun(_), Some(Device::Assigned)) => Err(unclear(&args.name)),
            (Kept::Begun(begun), Some(Device::Unassigned { owner })) if owner.is_none() || *owner != begun.owner => {
                Err(without_file(&args.name, path))
            }
            (Kept::Begun(_), Some(Device::Unassigned { .. })) => {
                let text = format!("`{}`, whose seed was lost", args.name);
                let delete = Planned::new("DeleteVirtualMFADevice", Class::Converge, Detail::DeleteVirtualMFADevice).because(text);
                Ok(vec![delete, create()])
            }
            (Kept::Nothing | Kept::Begun(_), None) => Ok(vec![create()]),
        }
    }

    async fn apply(session: &Session, args: &Args, detail: &Detail, attempt: &dyn Attempt) -> Result<(), Failure> {
        match detail {
            Detail::CreateVirtualMFADevice => create(session, args, attempt.ownership()).await,
            Detail::DeleteVirtualMFADevice => {
                let call = session.iam().await?.delete_virtual_mfa_device().serial_number(args.serial(session));
                match session.send("iam:DeleteVirtualMFADevice", call.send()).await {
                    Err(failure) if failure.code != "NoSuchEntity" => Err(failure),
                    _ => Ok(()),
                }
            }
        }
    }

    /// The device was made if its seed was kept. Else one that nobody has the seed of may be there, which the next look has removed.
    async fn settle(session: &Session, args: &Args, detail: &Detail, unknown: Unknown<'_>) -> Result<Settled, Failure> {
        if *detail == Detail::DeleteVirtualMFADevice {
            // A repeat is harmless.
            return Ok(Settled::NotHappened);
        }
        let (file, serial) = (args.file(session), args.serial(session));
        // Where there is no file, the call never left, or somebody has moved it since: the next look tells.
        if let Kept::Whole(_) = file.kept()? {
            return Ok(Settled::Happened);
        }
        let mut found = device(session, &serial).await?;
        if found.is_none() {
            // A list may lag behind: absence is believed when it is seen twice, the second time a while after the call.
            unknown.attempt.wait(unknown.until_second_look(session), "looking once more for the device").await?;
            found = device(session, &serial).await?;
        }
        if found == Some(Device::Assigned) {
            let removed = "the device is removed, or its seed is in the file".to_owned();
            return Err(unclear(&args.name).way(Way::Resolve(removed, Resolution::Retry)));
        }
        Ok(Settled::NotHappened)
    }

    async fn adopt(session: &Session, args: &Args, _: &Detail, id: &str) -> Result<(), Failure> {
        let path = args.file(session).path();
        Err(Failure::needs_you(
            "not-adoptable",
            format!("the seed of `{id}` cannot be had any more, so that the device cannot be taken over"),
        )
        .way(Way::After(format!("if you have the seed, write it to `{path}` as an otpauth:// line"))))
    }

    fn output(session: &Session, args: &Args, found: &Found) -> Value {
        let (serial, account) = (args.serial(session), session.account_id());
        json!({ "kind": "mfa_device", "serial": serial, "name": args.name, "account": account, "file": found.path })
    }
}

/// Whether the device is there: on one of the pages of all of the account's.
async fn device(session: &Session, serial: &str) -> Result<Option<Device>, Failure> {
    let client = session.iam().await?;
    let mut marker = None;
    loop {
        let call = client.list_virtual_mfa_devices().set_marker(marker);
        let page = session.read("iam:ListVirtualMFADevices", call.send()).await?;
        if let Some(device) = page.virtual_mfa_devices.iter().find(|device| device.serial_number == serial) {
            return Ok(Some(if device.user.is_some() || device.enable_date.is_some() {
                Device::Assigned
            } else {
                Device::Unassigned { owner: None }
            }));
        }
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            return Ok(None);
        }
    }
}

/// The step that made the device, by the tag that came with its creation.
async fn owner_of(session: &Session, serial: &str) -> Result<Option<String>, Failure> {
    let client = session.iam().await?;
    let reply = session.read("iam:ListMFADeviceTags", client.list_mfa_device_tags().serial_number(serial).max_items(100).send()).await?;
    Ok(reply.tags.into_iter().find(|tag| tag.key == OWNERSHIP_TAG).map(|tag| tag.value))
}

async fn create(session: &Session, args: &Args, owner: String) -> Result<(), Failure> {
    let file = args.file(session);
    let kept = file.kept()?;
    let owner = if let Kept::Begun(Begun { owner: Some(owner), .. }) = &kept {
        // An earlier request of ours may still be found to have made one.
        owner.clone()
    } else {
        // Of this file alone, so that a device of another machine's is not taken for it. IAM quotas: 256 characters a value.
        let owner: String = owner.chars().take(239).collect();
        format!("{owner} {:016x}", session.cloud().time().draw("mfa-device"))
    };
    let tags = iam::tags(&Tags::from([(OWNERSHIP_TAG.to_owned(), owner.clone())]))?;
    let begun = Begun { owner: Some(owner), ..Begun::at(session.cloud().time().now()) };
    let first = kept == Kept::Nothing;
    file.begin(&begun)?;
    let call = session.iam().await?.create_virtual_mfa_device().virtual_mfa_device_name(&args.name).set_tags(Some(tags));
    let reply = match session.send("iam:CreateVirtualMFADevice", call.send()).await {
        Ok(reply) => reply,
        Err(failure) => return Err(file.not_made(first, failure)?),
    };
    let seed = reply.virtual_mfa_device.and_then(|device| String::from_utf8(device.base32_string_seed?.into_inner()).ok());
    let Some(seed) = seed else {
        return Err(Failure::new(FailureClass::Unknown, "reply-unreadable", "CreateVirtualMFADevice: the reply has no seed"));
    };
    file.finish(begun, args.serial(session), &line(&args.name, session.account_id(), &seed))
}

/// As AWS's own QR code has it ("VirtualMFADevice" in the IAM API reference), and the issuer that authenticators show.
fn line(name: &str, account: &str, seed: &str) -> String {
    format!("otpauth://totp/{name}@{account}?secret={seed}&issuer=AWS\n")
}

/// What an authenticator shows, of a text that has a seed.
fn label_in(text: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.trim().strip_prefix("otpauth://totp/"))?;
    let (label, rest) = line.split_once('?')?;
    rest.split('&').find_map(|part| part.strip_prefix("secret=")).filter(|seed| !seed.is_empty()).map(|_| label.to_owned())
}

fn gone(name: &str, path: &str) -> Failure {
    Failure::fatal("device-gone", format!("`{path}` has the seed of the MFA device `{name}`, but there is no such device"))
        .then(Then::Look)
        .way(Way::Again("if it was made a moment ago, AWS may not list it yet".to_owned()))
        .way(Way::After(format!("if it was removed, move `{path}` away, and another one is made")))
}

fn without_file(name: &str, path: &str) -> Failure {
    let message = format!(
        "there is an MFA device `{name}`, and `{path}` does not have its seed\n\
         AWS shows a seed only once, so that it cannot be had any more; nothing was made."
    );
    Failure::fatal("device-without-file", message)
        .way(Way::After(format!("if the file was moved, move it back to `{path}`")))
        .way(Way::After("if nobody uses the device, remove it (aws iam delete-virtual-mfa-device)".to_owned()))
        .way(Way::Change("another name".to_owned()))
}

fn unclear(name: &str) -> Failure {
    let message = format!(
        "the reply was lost when the MFA device `{name}` was to be made, and there is one now that a user has enabled\n\
         So somebody has its seed, which the one we asked for cannot have; a device in use is never removed."
    );
    Failure::needs_you("device-unclear", message).way(Way::After(
        "deactivate and remove it, if it is not wanted (aws iam deactivate-mfa-device, delete-virtual-mfa-device)".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::testing::checked;

    #[test]
    fn only_a_device_that_nobody_uses_is_removed() {
        let args = checked::<CreateVirtualMfaDevice>(json!({"name": "ana-phone"})).unwrap();
        let begun = || Kept::Begun(Begun { owner: Some("us".into()), ..Begun::at(jiff::Timestamp::UNIX_EPOCH) });
        let made_by = |owner: &str| Some(Device::Unassigned { owner: Some(owner.into()) });
        let unassigned = || Some(Device::Unassigned { owner: None });
        for (kept, device, wanted) in [
            (Kept::Nothing, None, "CreateVirtualMFADevice"),
            (Kept::Nothing, unassigned(), "device-without-file"),
            (Kept::Whole("x".into()), unassigned(), ""),
            (Kept::Whole("x".into()), Some(Device::Assigned), ""),
            (Kept::Whole("x".into()), None, "device-gone"),
            (begun(), None, "CreateVirtualMFADevice"),
            (begun(), unassigned(), "device-without-file"),
            (begun(), made_by("them"), "device-without-file"),
            (begun(), made_by("us"), "DeleteVirtualMFADevice CreateVirtualMFADevice"),
            (begun(), Some(Device::Assigned), "device-unclear"),
        ] {
            let found = Found { kept, device, path: "credentials/mfa-1-ana-phone".into() };
            let made = match CreateVirtualMfaDevice::changes(&args, Some(&found)) {
                Ok(changes) => changes.iter().map(|change| change.call).collect::<Vec<_>>().join(" "),
                Err(failure) => failure.code,
            };
            assert_eq!(made, wanted, "{found:?}");
        }
    }

    #[test]
    fn a_seed_is_an_otpauth_line() {
        assert_eq!(label_in(&line("ana", "111122223333", "ABC")).as_deref(), Some("ana@111122223333"));
        for text in ["", "otpauth://totp/ana@1", "otpauth://totp/ana@1?secret=", "otpauth://totp/ana@1?issuer=AWS"] {
            assert_eq!(label_in(text), None, "{text}");
        }
    }
}
