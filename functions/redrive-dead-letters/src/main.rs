//! Brings parked records back: dead letters in SQS → the functions that gave them up, by invoking them.
//!
//! Reads the queue, and S3 for what is too large for it; guards by the claims that the functions themselves hold; writes
//! claims that a person has decided about, and counted attempts.

use std::process::ExitCode;

use aws_config::BehaviorVersion;
use event_functions::HostError;
use event_runtime::Invocation;
use redrive_core::{Entry, Foreign, Progress, Request};
use redrive_dead_letters::config::Config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    event_functions::start(Config::from_env, serve).await
}

async fn serve(config: Config) -> Result<(), HostError> {
    let redrive = config.redrive(&aws_config::load_defaults(BehaviorVersion::latest()).await);
    event_functions::serve_json(move |request: Request, invocation: Invocation| {
        let redrive = redrive.clone().until(invocation.deadline);
        async move { redrive.run(&request, &LogLines).await }
    })
    .await
}

/// One line for each letter that was settled.
struct LogLines;

impl Progress for LogLines {
    fn collected(&self, messages: usize) {
        tracing::debug!(messages, "collected");
    }

    fn settled(&self, number: usize, total: usize, entry: &Entry) {
        let Entry { id, function, topic, partition, offset, code, .. } = entry;
        let fate = entry.fate.name();
        tracing::info!(
            number,
            total,
            letter = id,
            function,
            topic,
            partition,
            offset,
            error_code = code,
            fate,
            "letter"
        );
    }

    fn foreign(&self, foreign: &Foreign) {
        tracing::warn!(message = foreign.message_id, reason = foreign.reason, "neither a letter nor a document");
    }
}
