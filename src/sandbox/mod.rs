//! An AWS that lives in this process.
