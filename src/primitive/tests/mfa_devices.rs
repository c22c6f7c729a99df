//! A virtual MFA device: made once, whatever happens to the call, and its seed in one file alone.

use super::world::{World, cloud, code, fault, question};
use crate::sandbox::Settings;
use crate::sandbox::faults::Kind;
use crate::step::{Resolution, StepError};
use crate::time::Time;
use hmac::{Hmac, KeyInit, Mac};
use jiff::SignedDuration;
use serde_json::{Value, json};
use sha1::Sha1;

fn play(world: &World) -> Result<Value, StepError> {
    world.org("create_virtual_mfa_device", json!({"name": "ana-phone"}))
}

fn file(world: &World) -> String {
    format!("mfa-{}-ana-phone", world.sandbox.management_account())
}

fn serial(world: &World) -> String {
    format!("arn:aws:iam::{}:mfa/ana-phone", world.sandbox.management_account())
}

/// The seed in the file.
fn seed(world: &World) -> String {
    let text = world.secrets.read(&file(world)).expect("readable").expect("a file");
    let line = text.lines().find_map(|line| line.strip_prefix("otpauth://totp/")).expect("a line");
    let start = format!("ana-phone@{}?secret=", world.sandbox.management_account());
    line.strip_prefix(&start).and_then(|rest| rest.strip_suffix("&issuer=AWS")).expect("a seed").to_owned()
}

/// The code that an authenticator shows of a seed (RFC 6238).
fn shown(seed: &str, now: jiff::Timestamp) -> String {
    let (mut key, mut bits, mut have) = (Vec::new(), 0_u64, 0);
    for letter in seed.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).expect("Base32");
        (bits, have) = (bits << 5 | value as u64, have + 5);
        if have >= 8 {
            have -= 8;
            key.push((bits >> have).to_le_bytes()[0]);
        }
    }
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).expect("a key");
    mac.update(&(now.as_second() / 30).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    let number = hash[at..at + 4].iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// One device, whose seed in the file is the one that AWS knows, and stands nowhere else.
fn assert_one(world: &World, what: &str) {
    let (seed, now) = (seed(world), world.time.now());
    assert_eq!(shown(&seed, now), world.sandbox.mfa_code(&serial(world), now), "{what}");
    let written = format!("{}{}", world.written(), world.events());
    assert!(written.contains("ana-phone") && !written.contains(&seed), "{what}");
}

/// Enables the device for a user, by two codes of its seed as AWS knows it; beside the run, whose process may be dead.
fn enable(world: &World) {
    let time = Time::simulated_from(9, world.time.now() + SignedDuration::from_secs(1));
    let (cloud, _) = cloud(&world.sandbox, &time, |_| {});
    let work = async {
        let iam = cloud.own_session().await.expect("a session").iam().await.expect("a client");
        iam.create_user().user_name("ana").send().await.expect("a user");
        let now = time.now();
        let code = |seconds| world.sandbox.mfa_code(&serial(world), now + SignedDuration::from_secs(seconds));
        let call = iam.enable_mfa_device().user_name("ana").serial_number(serial(world));
        call.authentication_code1(code(0)).authentication_code2(code(30)).send().await.expect("enabled");
    };
    time.block_on(work).expect("not stopped");
}

#[test]
fn a_device_is_made_once_and_its_seed_stands_in_its_file() {
    let world = World::new(Settings::default());
    let made = play(&world).unwrap();
    assert_eq!(world.changes(), ["CreateVirtualMFADevice"]);
    let account = world.sandbox.management_account();
    let wanted = json!({"kind": "mfa_device", "serial": serial(&world), "name": "ana-phone", "account": account, "file": file(&world)});
    assert_eq!(made, wanted);
    assert_one(&world, "a play");
    enable(&world);
    let again = world.play();
    assert_eq!((play(&again).unwrap(), again.changes()), (wanted, vec![]));
}

#[test]
fn a_device_whose_reply_is_lost_is_removed_and_made_again() {
    let lost = ["CreateVirtualMFADevice", "DeleteVirtualMFADevice", "CreateVirtualMFADevice"];
    let not_made = ["CreateVirtualMFADevice", "CreateVirtualMFADevice"];
    for (kind, wanted) in [
        (Kind::LostReply, &lost as &[&str]),
        (Kind::ErrorAfter { status: 500 }, &lost),
        // The second delivery says that there is one.
        (Kind::Duplicate, &lost),
        (Kind::DropRequest, &not_made),
        (Kind::Throttle, &not_made),
    ] {
        let world = World::new(fault("CreateVirtualMFADevice", 1, kind.clone()));
        play(&world).unwrap();
        assert_eq!(world.changes(), wanted, "{kind:?}");
        assert_one(&world, &format!("{kind:?}"));
    }
}

/// Killed at an entry of its journal from the intent on, where the reply is lost.
fn killed(kind: Kind, entry: u64) -> Option<World> {
    let world = World::new(fault("CreateVirtualMFADevice", 1, kind));
    world.time.crash_at(entry);
    (!world.crashing("create_virtual_mfa_device", json!({"name": "ana-phone"}))).then_some(world)
}

#[test]
fn killed_at_any_entry_and_resumed_there_is_one_device() {
    for kind in [Kind::LostReply, Kind::DropRequest] {
        let mut entry = 0;
        while let Some(world) = killed(kind.clone(), entry) {
            let resumed = world.resume();
            play(&resumed).unwrap();
            assert_one(&resumed, &format!("{kind:?}, killed at {entry}"));
            entry += 1;
        }
        assert!(entry > 4, "{entry}");
    }
}

#[test]
fn a_device_in_use_is_never_removed() {
    let world = killed(Kind::LostReply, 1).unwrap();
    enable(&world);
    let resumed = world.resume();
    let asked = question(play(&resumed));
    assert!(asked.message.contains("device-unclear"), "{}", asked.message);
    assert_eq!(resumed.changes(), [""; 0]);
    resumed.resolve("ana-phone", Resolution::Retry);
    assert_eq!(question(play(&resumed.resume())).code, "device-unclear");
}

#[test]
fn a_device_of_somebody_else_is_never_removed() {
    // It is made while our request is under way and gets lost.
    let world = killed(Kind::DropRequest, 1).unwrap();
    let time = Time::simulated_from(9, world.time.now() + SignedDuration::from_secs(1));
    let (cloud, _) = cloud(&world.sandbox, &time, |_| {});
    let work = async {
        let iam = cloud.own_session().await.expect("a session").iam().await.expect("a client");
        iam.create_virtual_mfa_device().virtual_mfa_device_name("ana-phone").send().await.expect("a device");
    };
    time.block_on(work).expect("not stopped");
    let resumed = world.resume();
    assert_eq!(code(play(&resumed)), "device-without-file");
    assert_eq!(resumed.changes(), [""; 0]);
}

#[test]
fn a_device_whose_file_was_moved_before_the_run_went_on_stays() {
    let world = killed(Kind::LostReply, 1).unwrap();
    world.secrets.remove(&file(&world)).unwrap();
    let resumed = world.resume();
    assert_eq!(code(play(&resumed)), "device-without-file");
    assert_eq!(resumed.changes(), [""; 0]);
}

#[test]
fn a_file_that_is_gone_is_no_reason_for_another_device() {
    let world = World::new(Settings::default());
    play(&world).unwrap();
    world.secrets.remove(&file(&world)).unwrap();
    let again = world.play();
    assert_eq!(code(play(&again)), "device-without-file");
    assert_eq!(again.changes(), [""; 0]);
}
