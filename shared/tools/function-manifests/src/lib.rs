//! Reads what functions declare (`functions/<function>/function.json`), which each of them prints when it is run with
//! `--manifest`.
//!
//! Everything that prepares a place for functions reads it here: the local stack, the catalogue, checks, the local event
//! source mapping. Terraform reads the same files.
//!
//! ```
//! use std::path::Path;
//!
//! # let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../functions"));
//! let functions = function_manifests::read_all(folder)?;
//! let readers = functions.iter().filter(|function| function.topic() == Some("user.profile.updated"));
//! assert_eq!(readers.map(|function| function.function.as_str()).collect::<Vec<_>>(), ["audit-profile-update"]);
//! # Ok::<(), function_manifests::ManifestError>(())
//! ```

mod error;
mod manifest;
mod read;

pub use error::ManifestError;
pub use manifest::{
    Actions, Batch, Consumption, FunctionManifest, Guard, Index, Limits, Order, Table, Trigger, Variable, When,
};
pub use read::{FILE, parse, read, read_all};
