//! The real functions against an AWS emulator, a schema registry and injected faults.

mod scene;
mod synthetic;
mod tables;

pub use scene::{Scene, created_accounts, events, recorded, sample};
pub use synthetic::{SyntheticError, write_customers};
pub use tables::{dynamodb, query, readme_queries};
