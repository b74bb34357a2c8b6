//! Everything that a function talks to, in memory.

use std::sync::Arc;

use dynamodb::testing::MemoryTables;
use event_runtime::testing::{ManualClock, MemoryClaims, MemoryDeadLetters};
use event_runtime::{Clock, SystemClock};
use schema_registry::Schemas;
use schema_registry::testing::InMemorySchemas;

use super::subjects::MemorySubjects;

/// Everything that a function talks to. Clones share it.
#[derive(Clone)]
pub(crate) struct Memory {
    pub(crate) tables: MemoryTables,
    pub(crate) letters: MemoryDeadLetters,
    pub(crate) claims: MemoryClaims,
    pub(crate) registry: Arc<InMemorySchemas>,
    pub(crate) subjects: MemorySubjects,
    pub(crate) clock: ManualClock,
}

impl Memory {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::at(SystemClock.now());
        Memory {
            tables: MemoryTables::default(),
            letters: MemoryDeadLetters::default(),
            claims: MemoryClaims::new(Arc::new(clock.clone())),
            registry: Arc::default(),
            subjects: MemorySubjects::default(),
            clock,
        }
    }

    pub(crate) fn schemas(&self) -> Arc<dyn Schemas> {
        Arc::clone(&self.registry) as Arc<dyn Schemas>
    }
}
