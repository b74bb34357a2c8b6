//! Writes each profile update once: `user.profile.updated` → append-only audit log in DynamoDB.
//!
//! Reads domain events; each append is guarded by its own condition; writes entries, their ids, and dead letters.

use std::process::ExitCode;
use std::sync::Arc;

use audit_profile_update::audit_log::DynamoDbLog;
use audit_profile_update::config::Config;
use audit_profile_update::handler::AuditUpdates;
use aws_config::BehaviorVersion;
use dead_letters_sqs::SqsDeadLetters;
use event_functions::HostError;
use event_runtime::{NoClaims, Processor};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    event_functions::start(Config::from_env, serve).await
}

async fn serve(config: Config) -> Result<(), HostError> {
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let log = DynamoDbLog::new(aws_sdk_dynamodb::Client::new(&aws), &config.audit_table, config.retention);
    let dead_letters = SqsDeadLetters::new(aws_sdk_sqs::Client::new(&aws), &config.consumer.dead_letter_queue_url)
        .with_bucket(aws_sdk_s3::Client::new(&aws), config.consumer.dead_letter_bucket.clone());

    let registry = &config.consumer.registry;
    let handler = AuditUpdates::new(&registry.schemas(&aws)?, registry.frames.values, log, config.retention);
    let settings = config.consumer.settings();
    let processor = Processor::new(handler, Arc::new(NoClaims), Arc::new(dead_letters), settings);
    event_functions::serve(processor, config.consumer.reporting()).await
}
