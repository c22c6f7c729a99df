//! Arguments in, exit code out; nothing else ends the process.

use std::process::ExitCode;

fn main() -> ExitCode {
    runner::cli::run(std::env::args_os())
}
