//! What every flow of the demonstration runs in.

use std::path::Path;

use local_stack::{Stack, WatchedFunctions};

/// What every flow is shown in.
pub(crate) struct Setting<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) functions: &'a WatchedFunctions,
    /// Where to put what came out.
    pub(crate) folder: &'a Path,
}
