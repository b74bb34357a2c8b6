//! The check of a function's schemas.

use super::schemas::{self, Unreadable};
use crate::function::Function;

/// Reads every version in `events/schemas` of the topic that the function reads, as it does at the first record with it,
/// and returns how many that were. The folder is searched from the package of the running test upwards.
///
/// [`Function::test`] does this first, unless there is no such folder.
///
/// # Errors
/// Everything that the function cannot read, and schemas that are not there.
pub fn check_schemas(function: &Function) -> Result<usize, Unreadable> {
    schemas::check(function.name(), &function.readers())
}
