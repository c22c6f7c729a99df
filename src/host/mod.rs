//! Rhai.

mod engine;
mod limits;
mod object;
mod suggest;
mod values;
