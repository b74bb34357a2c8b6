//! Writes logs in JSON, one line per event.

use tracing_subscriber::EnvFilter;

/// Starts logging in JSON to standard output at the level of `AWS_LAMBDA_LOG_LEVEL` (Lambda's own setting) or
/// `RUST_LOG`, `info` without either. Later calls change nothing.
pub(crate) fn start_logging() {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"].into_iter().find_map(|name| std::env::var(name).ok());
    let filter = level.and_then(|level| EnvFilter::try_new(level.to_lowercase()).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new("info"));
    let started = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_env_filter(filter)
        .try_init();
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}
