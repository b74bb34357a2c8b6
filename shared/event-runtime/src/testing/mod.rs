//! In-memory ports for tests, and the contract suites that they share with the real adapters.

mod contracts;
mod long_error;
mod memory;

pub use contracts::{claims_contract, dead_letters_contract, sample_letter};
pub use long_error::LongError;
pub use memory::{ManualClock, MemoryClaims, MemoryDeadLetters, Resolution, StoredClaim, WriteFault};
