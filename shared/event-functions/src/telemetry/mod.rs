//! Writes structured logs and CloudWatch metrics, both as JSON lines on standard output.

mod logs;
mod metrics;

pub use logs::start_logging;
pub use metrics::{NAMESPACE, batch_metrics, schema_metrics, write_batch_metrics};
