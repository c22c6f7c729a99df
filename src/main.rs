//! Arguments in, exit code out; nothing else ends the process.

fn main() {}
