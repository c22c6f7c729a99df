//! Rhai.

mod engine;
mod limits;
