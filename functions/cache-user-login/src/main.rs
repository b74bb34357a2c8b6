//! Keeps the newest version of each login document: `cdc.mongodb.users.login` → DynamoDB, one conditional put a record.
//!
//! Reads changes of documents; each put is guarded by its own condition; writes items, tombstones, and dead letters.

use std::process::ExitCode;
use std::sync::Arc;

use aws_config::BehaviorVersion;
use cache_user_login::config::Config;
use cache_user_login::handler::CacheLogins;
use cache_user_login::table::DynamoDbLogins;
use dead_letters_sqs::SqsDeadLetters;
use event_functions::HostError;
use event_runtime::{NoClaims, Processor, Settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    event_functions::start(Config::from_env, serve).await
}

async fn serve(config: Config) -> Result<(), HostError> {
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
    let logins = DynamoDbLogins::new(dynamodb, &config.logins_table, config.tombstone_retention);
    let dead_letters = SqsDeadLetters::new(aws_sdk_sqs::Client::new(&aws), &config.consumer.dead_letter_queue_url)
        .with_bucket(aws_sdk_s3::Client::new(&aws), config.consumer.dead_letter_bucket.clone());

    let registry = &config.consumer.registry;
    let handler = CacheLogins::new(&registry.schemas(&aws)?, registry.frames, logins, config.epoch);
    // A letter older than the tombstones would bring back a document that was deleted since.
    let settings = Settings { redrive_within: Some(config.tombstone_retention), ..config.consumer.settings() };
    let processor = Processor::new(handler, Arc::new(NoClaims), Arc::new(dead_letters), settings);
    event_functions::serve(processor, config.consumer.reporting()).await
}
