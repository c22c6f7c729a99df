//! Ids as functions of a seed and names, never of the order in which things arrive.

use sha2::{Digest, Sha256};

const UPPER: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LOWER: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The hash all ids are cut from: the parts are kept apart by their lengths.
pub(crate) fn digest(seed: u64, parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

fn letters(alphabet: &[u8; 32], bytes: &[u8], length: usize) -> String {
    bytes.iter().take(length).map(|byte| char::from(alphabet[usize::from(byte & 31)])).collect()
}

/// `AROA…`, `AIDA…`, `AGPA…`, `ANPA…`, `AKIA…`, `ASIA…`: the prefix and enough letters to make AWS's usual length
/// (21 for principals, 20 for keys).
pub(crate) fn unique(seed: u64, prefix: &str, parts: &[&str]) -> String {
    let length = if matches!(prefix, "AKIA" | "ASIA") { 16 } else { 17 };
    let hash = digest(seed, &[&[prefix], parts].concat());
    format!("{prefix}{}", letters(UPPER, &hash, length))
}

/// `length` lower-case letters and digits, at most 32, as in `o-…`, `ou-…`, `p-…`.
pub(crate) fn lower(seed: u64, length: usize, parts: &[&str]) -> String {
    letters(LOWER, &digest(seed, parts), length)
}

/// `length` hexadecimal digits, at most 64.
pub(crate) fn hexadecimal(seed: u64, length: usize, parts: &[&str]) -> String {
    let mut text = hex::encode(digest(seed, parts));
    text.truncate(length);
    text
}

/// Forty characters as a secret access key has.
pub(crate) fn secret(seed: u64, access_key_id: &str) -> String {
    let first = digest(seed, &["secret", access_key_id]);
    let second = digest(seed, &["secret more", access_key_id]);
    letters(UPPER, &first, 20) + letters(LOWER, &second, 20).as_str()
}

/// Twelve digits for an account. `taken` decides the (practically impossible) collision.
pub(crate) fn account(seed: u64, email: &str, taken: impl Fn(&str) -> bool) -> String {
    let email = email.to_ascii_lowercase();
    for attempt in 0u32.. {
        let hash = digest(seed, &["account", &email, &attempt.to_string()]);
        let mut number = 0u64;
        for byte in &hash[..8] {
            number = number << 8 | u64::from(*byte);
        }
        let id = format!("{:012}", 100_000_000_000 + number % 900_000_000_000);
        if !taken(&id) {
            return id;
        }
    }
    unreachable!("four thousand million account ids cannot all be taken")
}

/// A UUID-shaped request id; these may count.
pub(crate) fn request(seed: u64, count: u64) -> String {
    let text = hexadecimal(seed, 32, &["request", &count.to_string()]);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        assert_eq!(unique(1, "AROA", &["1", "role", "r"]).len(), 21);
        assert_eq!(unique(1, "AKIA", &["1", "user", "u"]).len(), 20);
        assert_eq!(secret(1, "AKIAX").len(), 40);
        assert_eq!(request(1, 7).len(), 36);
        let id = account(1, "A@example.com", |_| false);
        assert_eq!(id.len(), 12);
        assert!(id.bytes().all(|byte| byte.is_ascii_digit()));
        assert_eq!(id, account(1, "a@example.com", |_| false));
        assert_ne!(id, account(1, "a@example.com", |taken| taken == id));
        assert_ne!(id, account(2, "a@example.com", |_| false));
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(lower(1, 8, &["ab", "c"]), lower(1, 8, &["a", "bc"]));
    }
}
