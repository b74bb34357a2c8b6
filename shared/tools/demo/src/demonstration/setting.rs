//! The stack and the functions that every flow of the demonstration uses.

use std::path::Path;

use local_stack::{Stack, WatchedFunctions};

/// The stack and the functions of a demonstration.
pub(crate) struct Setting<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) functions: &'a WatchedFunctions,
    /// The folder for the results.
    pub(crate) folder: &'a Path,
}
