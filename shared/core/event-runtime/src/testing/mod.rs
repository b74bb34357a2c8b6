//! In-memory ports for tests, and the contract suites that they share with the real adapters.

mod contracts;
mod earlier_version;
mod hooked_claims;
mod in_memory;
mod long_error;
mod memory_claims;
mod stored_claims;

use std::sync::Arc;

use crate::claims::Claims;
use crate::renamed_claims::RenamedClaims;

pub use crate::effort::Effort;
pub use contracts::{claims_contract, dead_letters_contract, sample_letter};
pub use earlier_version::EarlierClaims;
pub use hooked_claims::HookedClaims;
pub use in_memory::{ManualClock, MemoryDeadLetters, WriteFault};
pub use long_error::LongError;
pub use memory_claims::{Landed, MemoryClaims};
pub use stored_claims::{Resolution, Sent, StoredClaim};

/// Claims as the processor sees them: an effect that an earlier version claimed by another name is claimed by both.
pub fn both_names(claims: Arc<dyn Claims>) -> Arc<dyn Claims> {
    Arc::new(RenamedClaims(claims))
}
