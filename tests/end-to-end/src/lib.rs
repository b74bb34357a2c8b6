//! The real functions against an AWS emulator, a schema registry and injected faults.

mod scene;
mod synthetic;

pub use scene::{Scene, created_accounts, recorded, sample};
pub use synthetic::{SyntheticError, write_customers};
