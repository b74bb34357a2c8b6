//! Reads the structure of this repository: crates by folder, sections of the manifest, modules and their circles.
//!
//! The tests hold it to the rules of `ARCHITECTURE.md`; `make structure` prints it.
#![allow(clippy::expect_used, clippy::panic, reason = "a reader of our own repository that meets a surprise must fail")]

mod code;
mod crates;
mod functions;
mod modules;
mod sections;
mod structure;

pub use code::{Code, Counting};
pub use crates::{Crate, Wing, crates, root, sources};
pub use functions::{FunctionSize, SharedLines, function_sizes, shared_lines};
pub use modules::{Circle, Modules};
pub use sections::{Section, sections};
pub use structure::Structure;
