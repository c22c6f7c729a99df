//! Virtual MFA devices: time-based codes (RFC 6238 with SHA-256, six digits, 30 s), each good once.

use super::ids;
use super::world::World;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

const WINDOW_SECONDS: i64 = 30;

/// What an authenticator would be seeded with: 64 letters of Base32.
pub(crate) fn seed(world: &World, serial: &str) -> String {
    let seed = world.seed();
    let half = |part| ids::unique(seed, "", &["mfa", part, serial]);
    format!("{}{}{}{}", half("1"), half("2"), half("3"), half("4")).chars().take(64).collect()
}

/// The 30 s window a moment lies in.
pub(crate) fn window(now: Timestamp) -> i64 {
    now.as_second().div_euclid(WINDOW_SECONDS)
}

/// The code that a device shows in a window.
pub(crate) fn code(world: &World, serial: &str, window: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(seed(world, serial).as_bytes()).expect("invariant: HMAC takes keys of any length");
    mac.update(&window.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash[31] & 15);
    let number = hash[offset..offset + 4].iter().fold(0u32, |number, byte| number << 8 | u32::from(*byte));
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

/// The window whose code this is: the present one or a neighbour, later than the last one used. The caller notes it as
/// the device's `last_window`, for a code works once.
pub(crate) fn accepts(world: &World, account: &str, serial: &str, given: &str, now: Timestamp) -> Option<i64> {
    let device = world.extras(account)?.mfa_devices.get(serial)?;
    let present = window(now);
    (present - 1..=present + 1)
        .filter(|window| device.last_window.is_none_or(|last| *window > last))
        .find(|window| code(world, serial, *window) == given)
}
