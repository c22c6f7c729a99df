//! Playbooks played on a sandbox in simulated time.

mod errors;
mod language;
mod owned;
mod play;
mod playbooks;
mod stage;
