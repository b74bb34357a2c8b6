//! The variables that every function on a Kafka topic reads.

use std::num::NonZeroUsize;
use std::time::Duration;

use environment::{Reader, boolean, milliseconds, number, text, url};
use event_runtime::{Drain, Order, Reporting, Settings};

use super::drain_partitions::read_drain;
use super::registry::RegistryConfig;

/// The configuration that all functions on a Kafka topic share.
#[derive(Debug, Clone)]
pub struct Consumer {
    /// SQS queue for dead letters.
    pub dead_letter_queue_url: String,
    /// S3 bucket for dead letters that are too large for the queue.
    pub dead_letter_bucket: Option<String>,
    /// The schema registry, and how records name their schemas.
    pub registry: RegistryConfig,
    /// How long one effect may take.
    pub effect_timeout: Duration,
    /// How many keys of a partition are processed at the same time.
    pub keys_in_flight: NonZeroUsize,
    /// Whether the mapping has `ReportBatchItemFailures`.
    pub partial_batch_response: bool,
    /// Partitions whose flood guard is off.
    pub drain: Drain,
}

impl Consumer {
    /// Reads the variables.
    pub fn read(env: &mut Reader<'_>) -> Self {
        let dead_letter_queue_url =
            env.required("DEAD_LETTER_QUEUE_URL", doc::QUEUE, url().example(doc::EXAMPLE_QUEUE));
        let dead_letter_bucket = env.optional("DEAD_LETTER_BUCKET", doc::BUCKET, text().example("dead-letters"));
        let registry = RegistryConfig::read(env);
        let keys = env.default("KEYS_IN_FLIGHT", doc::KEYS, number(1..=256_usize), "16");
        Consumer {
            dead_letter_queue_url,
            dead_letter_bucket,
            registry,
            effect_timeout: env.default("EFFECT_TIMEOUT_MS", doc::TIMEOUT, milliseconds(500..=60_000), "10000"),
            keys_in_flight: NonZeroUsize::new(keys).unwrap_or(NonZeroUsize::MIN),
            partial_batch_response: env.default("PARTIAL_BATCH_RESPONSE", doc::PARTIAL, boolean(), "false"),
            drain: read_drain(env),
        }
    }

    /// For a processor whose records keep their order by key.
    pub fn settings(&self) -> Settings {
        Settings {
            effect_timeout: self.effect_timeout,
            order: Order::Key { in_flight: self.keys_in_flight },
            drain: self.drain.clone(),
            ..Settings::default()
        }
    }

    /// For the answer to the event source mapping.
    pub fn reporting(&self) -> Reporting {
        if self.partial_batch_response { Reporting::PartialBatch } else { Reporting::WholeBatch }
    }
}

/// What the variables mean, for problems and for READMEs.
mod doc {
    pub(super) const EXAMPLE_QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/dead-letters";
    pub(super) const QUEUE: &str = "SQS queue for dead letters.";
    pub(super) const BUCKET: &str = "S3 bucket for dead letters that are too large for the queue (1 MiB). \
        Without it such a record stays pending and stops its partition.";
    pub(super) const TIMEOUT: &str = "How long one effect may take before it is tried again.";
    pub(super) const KEYS: &str = "How many keys of a partition are processed at the same time. Records of one key stay in \
        order.";
    pub(super) const PARTIAL: &str = "Whether the event source mapping has `ReportBatchItemFailures`. \
        Never set `true` without it: AWS would ignore the reported records, and they would be lost.";
}
