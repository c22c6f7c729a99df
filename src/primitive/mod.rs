//! One file per operation a script can call.
