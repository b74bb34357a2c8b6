//! The real functions against an AWS emulator, a schema registry and injected faults.

mod queries;
mod rights;
mod scene;
mod synthetic;

pub use queries::{dynamodb, query, readme_queries};
pub use rights::{declared, manifest};
pub use scene::{Scene, created_accounts, events, recorded, sample};
pub use synthetic::{SyntheticError, write_customers};
