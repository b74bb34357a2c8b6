//! Appends each event once: `user.profile.updated` → a log in DynamoDB, one conditional transaction a record.
//!
//! Reads domain events; each append is guarded by its own condition; writes entries, their ids, and dead letters.

use std::process::ExitCode;
use std::sync::Arc;

use aws_config::BehaviorVersion;
use dead_letters_sqs::SqsDeadLetters;
use dynamodb::AppendOnlyTable;
use event_functions::HostError;
use event_runtime::{NoClaims, Processor};
use template_events::config::Config;
use template_events::handler::LogEvents;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    event_functions::start(Config::from_env, serve).await
}

async fn serve(config: Config) -> Result<(), HostError> {
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let log = AppendOnlyTable::new(aws_sdk_dynamodb::Client::new(&aws), &config.table);
    let dead_letters = SqsDeadLetters::new(aws_sdk_sqs::Client::new(&aws), &config.consumer.dead_letter_queue_url)
        .with_bucket(aws_sdk_s3::Client::new(&aws), config.consumer.dead_letter_bucket.clone());

    let registry = &config.consumer.registry;
    let handler = LogEvents::new(&registry.schemas(&aws)?, registry.frames.values, log);
    let settings = config.consumer.settings();
    let processor = Processor::new(handler, Arc::new(NoClaims), Arc::new(dead_letters), settings);
    event_functions::serve(processor, config.consumer.reporting()).await
}
