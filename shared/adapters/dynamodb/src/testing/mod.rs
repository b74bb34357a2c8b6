//! Tables in memory for tests, and the contract suite that they share with DynamoDB.

mod append_contract;
mod place;
mod rows_contract;

pub use crate::memory::MemoryTables;
pub use append_contract::append_contract;
pub use place::Place;
pub use rows_contract::rows_contract;
