//! Virtual MFA devices: time-based codes (RFC 6238 with SHA-1 as authenticator apps have it, six digits, 30 s), each good once.

use super::ids;
use super::world::World;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha1::Sha1;

const WINDOW_SECONDS: i64 = 30;

/// What an authenticator is seeded with: 64 letters of Base32. `before`: how many devices of the serial number there were.
pub(crate) fn seed(world: &World, serial: &str, before: u64) -> String {
    let (seed, before) = (world.seed(), before.to_string());
    let half = |part| ids::unique(seed, "", &["mfa", part, serial, &before][..if before == "0" { 3 } else { 4 }]);
    format!("{}{}{}{}", half("1"), half("2"), half("3"), half("4")).chars().take(64).collect()
}

/// The 30 s window a moment lies in.
pub(crate) fn window(now: Timestamp) -> i64 {
    now.as_second().div_euclid(WINDOW_SECONDS)
}

/// The bytes that a seed in Base32 (RFC 4648) stands for.
fn key(seed: &str) -> Vec<u8> {
    let (mut key, mut bits, mut have) = (Vec::with_capacity(seed.len() * 5 / 8), 0u32, 0);
    for letter in seed.bytes() {
        let value = if letter.is_ascii_digit() { letter - b'2' + 26 } else { letter - b'A' };
        bits = bits << 5 | u32::from(value);
        have += 5;
        if have >= 8 {
            have -= 8;
            key.push((bits >> have & 0xff) as u8);
        }
    }
    key
}

/// The code that a device shows in a window.
pub(crate) fn code(world: &World, serial: &str, window: i64) -> String {
    let device = || world.extras(serial.split(':').nth(4)?)?.mfa_devices.get(serial);
    totp(&key(&seed(world, serial, device().map_or(0, |device| device.before))), window)
}

fn totp(key: &[u8], window: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("invariant: HMAC takes keys of any length");
    mac.update(&window.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash[19] & 15);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The seed of RFC 6238, appendix B, and the last six digits of its SHA-1 vectors.
    #[test]
    fn vectors_of_rfc_6238() {
        let key = key("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(key, b"12345678901234567890");
        let table = [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")];
        for (second, wanted) in table {
            assert_eq!(totp(&key, second / WINDOW_SECONDS), wanted);
        }
    }
}
