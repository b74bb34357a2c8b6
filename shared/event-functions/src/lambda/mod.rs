//! Lambda invocations: Kafka batches, and everything else as JSON.

mod invocation;
mod kafka_batches;
mod raw_body;
mod tasks;

pub(crate) use kafka_batches::serve;
pub use lambda_runtime::Error as HostError;
pub(crate) use tasks::serve_task;
