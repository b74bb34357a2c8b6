//! A mapping's settings in AWS's words: read from a template or from flags, over what a function declares; checked as AWS
//! checks them.

mod checked;
mod declared;
mod file;
mod given;
mod problem;
mod properties;
mod terraform;

pub use checked::{Access, DestinationArn, MappingSettings};
pub use declared::{Declared, DeclaredError, Filled};
pub use file::{FileError, read_file};
pub use given::{Given, Value};
pub use problem::{Problem, Problems};
