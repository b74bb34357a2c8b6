//! The real functions against an AWS emulator, a schema registry and injected faults.

mod synthetic;

pub use synthetic::{SyntheticError, write_customers};
