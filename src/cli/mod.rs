//! The command line, thin: read the arguments, call the house, show the result. One file per subcommand.

mod app;
mod args;
mod check;
mod completions;
mod confirmation;
mod context;
mod definitions;
mod explain;
mod given;
mod history;
mod hooks;
mod interrupt;
mod journal;
mod list;
mod log;
mod man;
mod new;
mod output;
mod play;
mod preflight;
mod prompts;
mod prune;
mod rehearse;
mod resolve;
mod resume;
mod runs;
mod sandbox;
mod schema;
mod show;
mod unlock;

pub use app::run;
