//! `runner.toml`, targets, environments, parameters, discovery and the state directory.

mod config;
mod discover;
pub mod params;
mod secrets;
mod state;
mod target;

pub(crate) use config::nearest;
pub use config::{Config, Environment, Hooks, SCHEMA};
pub use discover::{FILE, Project};
pub use secrets::SecretFiles;
pub use state::{State, private_file, unwritable};
pub use target::{Aws, FurtherAccount, Sandbox, SourceIdentity, Target, TargetKind};
