//! `runner` plays Rhai playbooks that bootstrap AWS organisations, one checkpointed step at a time.
//!
//! | folder | what lives there |
//! |---|---|
//! | `wiring` | the one place where parts are joined: target → sessions → (AWS or sandbox) → engine → host |
//! | `error`, `event`, `time` | errors, and the page that explains each; what happens in a run, as values; the only door to clock, sleep, randomness, ids |
//! | `cli` | one file per subcommand |
//! | `project` | `runner.toml`, targets, environments, parameters, discovery, the state directory |
//! | `host` | Rhai: engine and limits, module resolver, values, `parallel`, script errors, static walk |
//! | `step` | key, decide, journal, what a person decides, retry, waiting, lock, schedule |
//! | `primitive` | one file per operation a script can call |
//! | `aws` | sessions, clients, pacing, account creations under way, error classification, estate reader, smithy adapter |
//! | `estate`, `policy`, `access` | plain organisation and IAM data; policy documents; who may do what (all pure) |
//! | `sandbox` | an AWS that lives in this process |
//! | `preflight` | what a playbook needs held against what there is (pure) |
//! | `rehearsal` | how seeds went, and what must not happen in any of them (pure) |
//! | `report` | progress, recap, JSON |
//!
//! Allowed imports (held by `tests/imports.rs`): only `host` knows Rhai; only `aws` and `primitive` know the AWS SDK; `policy`,
//! `access` and `estate` know no tokio, file, clock or terminal; `step` knows no primitive by name and no SDK; `sandbox` and `aws`
//! do not know one another; only `cli` and `report` write to the terminal; only `time` reads clocks, sleeps or draws randomness.

pub mod access;
pub mod aws;
pub mod cli;
pub mod error;
pub mod estate;
pub mod event;
pub mod host;
pub mod policy;
pub mod preflight;
pub mod primitive;
pub mod project;
pub mod rehearsal;
pub mod report;
pub mod sandbox;
pub mod step;
pub mod time;
pub mod wiring;

#[cfg(test)]
#[path = "../tests/proof.rs"]
mod proof;
