//! All integration tests in one binary: linking once is what keeps the suite quick.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod aws_target;
mod bad_input;
mod bad_script;
mod bad_state;
mod command_line;
mod completions;
mod conventions;
mod counting;
mod credentials;
mod debug_log;
mod editors;
mod error_pages;
mod exclusive;
mod hooks;
mod imports;
mod journal;
mod lease;
mod other_client;
mod preflight;
mod project;
mod proof;
mod proof_damage;
mod proof_disk;
mod proof_kill;
mod proof_start;
mod proxy;
mod rehearse;
mod resolve;
mod resume;
mod sandbox_sdk;
mod spine;
mod terminal;
