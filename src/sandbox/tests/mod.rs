//! Tests that drive the real wire.

mod client;
mod signing;
