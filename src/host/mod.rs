//! Rhai: a playbook is loaded with its modules (`playbook`, `confine`), looked at without running (`walk`, `captures`, `describe`),
//! and played (`run`) on an engine with limits (`engine`, `limits`) whose functions (`functions`, `parallel`, `primitives`) hand objects
//! (`object`, `values`) back and forth. What goes wrong comes out in our words (`errors`, `suggest`, `vocabulary`). The script reference (`reference`) and definitions for editors (`definitions`) are made here, too.

mod branch;
mod captures;
mod confine;
mod definitions;
mod describe;
mod engine;
mod errors;
mod functions;
mod labels;
mod limits;
mod object;
mod owned;
mod parallel;
mod playbook;
mod primitives;
mod reference;
mod resolver;
mod run;
mod suggest;
mod values;
mod vocabulary;
mod walk;

#[cfg(test)]
mod tests;

pub use definitions::definitions;
pub use describe::{Description, describe};
pub use playbook::{Playbook, standard_modules};
pub use reference::reference;
pub use run::{Deps, play, play_through};
pub use walk::check;
