//! What the command `schemas` does: decodes recorded topics and runs schema resolution cases over avro-decode.

mod compare;
mod recording;
mod rendering;
mod resolution;

pub use compare::differences;
pub use recording::{Decoded, Recording, RecordingError};
pub use rendering::render;
pub use resolution::{Case, CasesError, Outcome, read_cases};
