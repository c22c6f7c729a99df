//! The engine over a toy world on simulated time.

mod crash;
mod resolve;
mod resume;
mod single;
mod toy;
