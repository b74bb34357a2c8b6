//! Everything a laptop needs in place of AWS.
mod process;
pub use process::{Process, Program, StartError};
