//! Where requests go: to AWS, to memory, or nowhere.

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use dead_letters_sqs::SqsDeadLetters;
use dynamodb::claims::{DynamoDbClaims, Options};
use dynamodb::{AppendOnlyTable, VersionedTable};
use environment::Table;
use event_runtime::{Claims, Clock, DeadLetters, SystemClock};
use schema_registries::{NewSchema, RegisteringSubjects};
use schema_registry::Subjects;

use super::no_subjects::NoSubjects;
#[cfg(feature = "testing")]
use crate::testing::memory::Memory;
use crate::variables::{DeadLetterQueue, RegistryConfig, RegistryConfigError};

/// Where requests go.
#[derive(Clone)]
pub(crate) enum World {
    /// Nowhere: only what is taken counts.
    Declaring,
    /// To AWS.
    Live(Box<SdkConfig>),
    /// To the harness.
    #[cfg(feature = "testing")]
    Memory(Memory),
}

impl World {
    /// For clients. Only a live one reaches anything.
    pub(crate) fn sdk(&self) -> SdkConfig {
        match self {
            World::Live(sdk) => SdkConfig::clone(sdk),
            World::Declaring => unreachable_sdk(),
            #[cfg(feature = "testing")]
            World::Memory(_) => unreachable_sdk(),
        }
    }

    pub(crate) fn is_declaring(&self) -> bool {
        matches!(self, World::Declaring)
    }

    pub(crate) fn versioned_table(&self, table: &Table) -> VersionedTable {
        match self {
            World::Live(_) | World::Declaring => VersionedTable::new(self.dynamodb(), table.name()),
            #[cfg(feature = "testing")]
            World::Memory(memory) => VersionedTable::in_memory(&memory.tables, table.name()),
        }
    }

    pub(crate) fn append_only_table(&self, table: &Table) -> AppendOnlyTable {
        match self {
            World::Live(_) | World::Declaring => AppendOnlyTable::new(self.dynamodb(), table.name()),
            #[cfg(feature = "testing")]
            World::Memory(memory) => AppendOnlyTable::in_memory(&memory.tables, table.name()),
        }
    }

    pub(crate) fn dead_letters(&self, queue: &DeadLetterQueue) -> Arc<dyn DeadLetters> {
        match self {
            World::Live(_) | World::Declaring => {
                let sdk = self.sdk();
                let letters = SqsDeadLetters::new(aws_sdk_sqs::Client::new(&sdk), queue.url());
                Arc::new(letters.with_bucket(aws_sdk_s3::Client::new(&sdk), queue.bucket()))
            }
            #[cfg(feature = "testing")]
            World::Memory(memory) => Arc::new(memory.letters.clone()),
        }
    }

    pub(crate) fn subjects(
        &self,
        registry: &RegistryConfig,
        register: Option<&str>,
    ) -> Result<Arc<dyn Subjects>, RegistryConfigError> {
        match self {
            World::Declaring => Ok(Arc::new(NoSubjects)),
            World::Live(_) => {
                let subjects = registry.confluent()?;
                Ok(match register {
                    None => Arc::new(subjects),
                    Some(schema) => {
                        tracing::warn!("the function registers its own schema, which is for development only");
                        let schema = NewSchema { schema: schema.to_owned(), references: Vec::new() };
                        Arc::new(RegisteringSubjects::new(subjects, schema))
                    }
                })
            }
            #[cfg(feature = "testing")]
            World::Memory(memory) => Ok(Arc::new(memory.subjects.clone())),
        }
    }

    /// The claims of a function. Finished ones are kept for ever, because a replay must not repeat their effect.
    pub(crate) fn claims(&self, function: &str, table: &Table) -> Arc<dyn Claims> {
        match self {
            World::Live(_) | World::Declaring => {
                let (table, function) = (table.name().to_owned(), function.to_owned());
                Arc::new(DynamoDbClaims::new(self.dynamodb(), Options { table, function, retain_done: None }))
            }
            #[cfg(feature = "testing")]
            World::Memory(memory) => Arc::new(memory.claims.clone()),
        }
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        match self {
            World::Live(_) | World::Declaring => Arc::new(SystemClock),
            #[cfg(feature = "testing")]
            World::Memory(memory) => Arc::new(memory.clock.clone()),
        }
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.sdk())
    }
}

/// A configuration without credentials: requests that are made with it fail before they are sent.
fn unreachable_sdk() -> SdkConfig {
    SdkConfig::builder().behavior_version(BehaviorVersion::latest()).region(Region::from_static("us-east-1")).build()
}
