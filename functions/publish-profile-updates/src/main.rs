//! Publishes changed profiles: a schedule → an external REST API → `user.profile.updated` in Kafka.
//!
//! Reads the API's feed of changes from a cursor in DynamoDB, under a lease; writes events, moves the
//! cursor when Kafka has acknowledged them, and dead-letters items that cannot be published. A redriven item is published by
//! itself.

use std::process::ExitCode;
use std::sync::Arc;

use aws_config::BehaviorVersion;
use dead_letters_sqs::SqsDeadLetters;
use event_functions::HostError;
use event_runtime::Invocation;
use kafka_producer::TraceParent;
use publish_profile_updates::config::Config;
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    event_functions::start(Config::from_env, serve).await
}

async fn serve(config: Config) -> Result<(), HostError> {
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let dead_letters = SqsDeadLetters::new(aws_sdk_sqs::Client::new(&aws), &config.dead_letter_queue_url)
        .with_bucket(aws_sdk_s3::Client::new(&aws), config.dead_letter_bucket.clone());
    let publisher = Arc::new(config.publisher(&aws, Arc::new(dead_letters))?);

    event_functions::serve_json(move |event: Box<RawValue>, invocation: Invocation| {
        let publisher = Arc::clone(&publisher);
        async move { publisher.answer(&event, &invocation, trace()).await }
    })
    .await
}

/// Lambda sets this variable to the trace of each invocation.
fn trace() -> TraceParent {
    let xray = std::env::var("_X_AMZN_TRACE_ID").ok();
    xray.as_deref().and_then(TraceParent::from_xray).unwrap_or_else(TraceParent::begin)
}
