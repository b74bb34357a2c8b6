//! The variables that every function on a Kafka topic reads.

use std::num::NonZeroUsize;
use std::time::Duration;

use environment::Table;
use event_runtime::{Order, Reporting, Settings};

use super::dead_letter_queue::DeadLetterQueue;
use super::drain_partitions::DrainPartitions;
use super::registry::RegistryConfig;
use crate::Config;

/// The variable of the effect's timeout, by which a manifest says which one it is.
pub(crate) const EFFECT_TIMEOUT: &str = "EFFECT_TIMEOUT_MS";
/// The variable that has to agree with the event source mapping.
pub(crate) const PARTIAL_RESPONSES: &str = "PARTIAL_BATCH_RESPONSE";

/// What all functions on a Kafka topic share.
#[derive(Debug, Clone, Config)]
pub(crate) struct Consumer {
    /// Where dead letters go.
    #[env(flatten)]
    pub(crate) dead_letters: DeadLetterQueue,
    /// The schema registry, and how records name their schemas.
    #[env(flatten)]
    pub(crate) registry: RegistryConfig,
    /// How long one effect may take before it is tried again.
    #[env("EFFECT_TIMEOUT_MS", default = "10000", kind = milliseconds(500..=60_000))]
    pub(crate) effect_timeout: Duration,
    /// Whether the event source mapping has `ReportBatchItemFailures`. Never set `true` without it: AWS would ignore the
    /// reported records, and they would be lost.
    #[env("PARTIAL_BATCH_RESPONSE", default = "false")]
    partial_batch_response: bool,
    #[env(flatten)]
    drain: DrainPartitions,
}

/// What functions read whose records of different keys are processed side by side.
#[derive(Debug, Clone, Config)]
pub(crate) struct SideBySide {
    /// How many keys of a partition are processed at the same time. Records of one key stay in order.
    #[env("KEYS_IN_FLIGHT", default = "16", kind = number(1..=256_usize))]
    keys_in_flight: usize,
}

/// What functions read whose effects run under claims.
#[derive(Debug, Clone, Config)]
pub(crate) struct ClaimSettings {
    /// DynamoDB table of the claims.
    #[env("CLAIMS_TABLE", example = "claims")]
    pub(crate) table: Table,
    /// How much longer a claim's lease lasts, because clocks differ. At least a second: the lease begins before its claim
    /// is written, and an effect starts only if it can end within the lease.
    #[env("CLAIM_SKEW_MS", default = "5000", kind = milliseconds(LEAST_SKEW_MS..=60_000))]
    pub(crate) skew: Duration,
}

/// The smallest value that the processor accepts.
const LEAST_SKEW_MS: u64 = Settings::LEAST_LEASE_SKEW.as_millis() as u64;

impl Consumer {
    /// For a processor whose records keep their order by partition, or by key.
    pub(crate) fn settings(&self, side_by_side: Option<&SideBySide>) -> Settings {
        let order = side_by_side.map_or(Order::Partition, |read| Order::Key {
            in_flight: NonZeroUsize::new(read.keys_in_flight).unwrap_or(NonZeroUsize::MIN),
        });
        let (effect_timeout, drain) = (self.effect_timeout, self.drain.drain());
        Settings { effect_timeout, order, drain, frames: self.registry.frames, ..Settings::default() }
    }

    /// For the answer to the event source mapping.
    pub(crate) fn reporting(&self) -> Reporting {
        if self.partial_batch_response { Reporting::PartialBatch } else { Reporting::WholeBatch }
    }
}
