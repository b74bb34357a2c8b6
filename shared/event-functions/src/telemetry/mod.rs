//! Writes structured logs and CloudWatch metrics, both as JSON lines on standard output.

mod logs;
mod metrics;

pub(crate) use logs::start_logging;
pub use metrics::batch_metrics;
pub(crate) use metrics::write_batch_metrics;
