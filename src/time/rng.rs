//! Random numbers as functions of a seed and a name (SplitMix64, Steele, Lea and Flood 2014).

use sha2::{Digest, Sha256};

pub(super) struct Rng {
    state: u64,
}

impl Rng {
    /// The stream of one purpose of one branch: adding a branch or a purpose moves no other stream.
    pub(super) fn stream(seed: u64, path: &str, purpose: &str) -> Rng {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        hash.update(path.as_bytes());
        hash.update([0]);
        hash.update(purpose.as_bytes());
        let digest = hash.finalize();
        let state = digest.iter().take(8).fold(0_u64, |state, byte| (state << 8) | u64::from(*byte));
        Rng { state }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in `0..below` (`below` > 0), by the high half of a wide product.
    pub(super) fn below(&mut self, below: usize) -> usize {
        let wide = u128::from(self.next()) * below as u128;
        usize::try_from(wide >> 64).unwrap_or(0)
    }
}
