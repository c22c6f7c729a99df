//! How much of a proof is done: in CI a stride through its places, whose offset comes from a seed that is printed, so that time covers
//! them all; with `RUNNER_TESTS=long` every one. `cargo test proof -- --nocapture` prints the figures.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;
use std::time::SystemTime;

/// The places of `count` to try, in order: all of them, or about `in_ci`.
pub(crate) fn stride(name: &str, count: usize, in_ci: usize) -> Vec<usize> {
    if long() || count <= in_ci {
        println!("proof: {name}: all {count} places");
        return (0..count).collect();
    }
    println!("proof: {name}: {in_ci} of {count} places, RUNNER_SEED={}; RUNNER_TESTS=long for all", seed());
    spread(seed(), name, count, in_ci)
}

fn spread(seed: u64, name: &str, count: usize, parts: usize) -> Vec<usize> {
    let mut hasher = DefaultHasher::new();
    (seed, name).hash(&mut hasher);
    let offset = usize::try_from(hasher.finish() % count as u64).expect("less than the count");
    (0..parts).map(|part| (part * count + offset) / parts).collect()
}

/// Whether every place is tried, however long it takes.
fn long() -> bool {
    std::env::var("RUNNER_TESTS").is_ok_and(|tests| tests == "long")
}

/// `RUNNER_SEED`, else the time.
pub(crate) fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| {
        let given = std::env::var("RUNNER_SEED").ok().map(|seed| seed.parse().expect("RUNNER_SEED is a number"));
        given.unwrap_or_else(|| SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    })
}

#[test]
fn a_stride_is_spread_over_all_places() {
    let mut met = [false; 443];
    for seed in 0..400 {
        let places = spread(seed, "a name", 443, 20);
        assert!(places.len() == 20 && places[0] < 23 && places[19] > 419, "{places:?}");
        assert!(places.windows(2).all(|pair| (22..=23).contains(&(pair[1] - pair[0]))), "{places:?}");
        for place in places {
            met[place] = true;
        }
    }
    assert!(met.iter().all(|met| *met), "time covers them all");
}
