//! In-memory ports for tests, and the contract suites that they share with the real adapters.

mod claims;
mod contracts;
mod earlier;
mod long_error;
mod memory;
mod stored;

use std::sync::Arc;

use crate::claims::Claims;
use crate::former_name::BothNames;

pub use crate::effort::Effort;
pub use claims::{Landed, MemoryClaims};
pub use contracts::{claims_contract, dead_letters_contract, sample_letter};
pub use earlier::EarlierClaims;
pub use long_error::LongError;
pub use memory::{ManualClock, MemoryDeadLetters, WriteFault};
pub use stored::{Resolution, Sent, StoredClaim};

/// Claims as the processor sees them: an effect that an earlier version claimed by another name is claimed by both.
pub fn both_names(claims: Arc<dyn Claims>) -> Arc<dyn Claims> {
    Arc::new(BothNames(claims))
}
