//! Real time: a tokio runtime, the system's clock and its randomness.

use std::hash::{BuildHasher, RandomState};
use std::io;

pub(super) struct Real {
    pub(super) runtime: tokio::runtime::Runtime,
}

impl Real {
    pub(super) fn new() -> io::Result<Real> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        Ok(Real { runtime })
    }

    /// The standard library keys its hash maps from the system's randomness: unpredictable enough for jitter and ids, not for secrets.
    pub(super) fn random() -> u64 {
        RandomState::new().hash_one(0_u8)
    }
}
