//! All integration tests in one binary: linking once is what keeps the suite quick.

mod imports;
mod sandbox_sdk;
