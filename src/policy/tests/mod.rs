//! Tables and properties over whole documents.

mod canonical;
mod evaluation;
mod malformed;
mod oracles;
mod properties;
