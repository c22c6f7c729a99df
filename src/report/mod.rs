//! Progress, recap and JSON: what a person or a program reads of a run. Everything that comes from AWS or a user goes through `plain`.

mod bars;
mod counts;
mod error;
mod explain;
mod json;
mod lines;
mod outputs;
mod paint;
mod plain;
mod preflight;
mod recap;
mod rehearsal;
mod reporter;
mod screen;
mod step_line;
mod survey;
mod table;
mod tally;
mod terminal;
mod wrap;

pub use explain::explain;
pub use json::{FORMAT, version};
pub use outputs::{output, outputs};
pub use paint::{ColorChoice, Paint};
pub use plain::{plain, plain_lines};
pub use preflight::{fits, preflight, preflight_document};
pub use recap::{End, shell_word};
pub use rehearsal::{RehearsalReport, Rehearsed};
pub use reporter::{Output, Progress, Reporter, Settings, command, print_document, show_error};
pub use step_line::{status, took};
pub use table::table;
pub use tally::{Problem, Tally};
pub use terminal::{print, print_error};
pub use wrap::wrapped;
