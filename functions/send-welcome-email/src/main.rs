//! Sends one welcome email to each new account: `cdc.postgres.public.accounts` → claim in DynamoDB → SES v2.
//!
//! Reads row changes, guards each mail with a claim under the account's id, and writes the claim, the mail and dead letters.

use std::process::ExitCode;
use std::sync::Arc;

use aws_config::BehaviorVersion;
use dead_letters_sqs::SqsDeadLetters;
use dynamodb::claims::DynamoDbClaims;
use event_functions::HostError;
use event_runtime::{Processor, Settings, WhenUncertain};
use send_welcome_email::config::Config;
use send_welcome_email::handler::WelcomeNewAccounts;
use send_welcome_email::mailer::Outbox;
use send_welcome_email::ses::SesMailer;

/// Names this function in its claims and in its mails' tags.
const FUNCTION: &str = env!("CARGO_PKG_NAME");

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    event_functions::start(Config::from_env, serve).await
}

async fn serve(config: Config) -> Result<(), HostError> {
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let claims = DynamoDbClaims::new(aws_sdk_dynamodb::Client::new(&aws), config.claims(FUNCTION));
    let dead_letters = SqsDeadLetters::new(aws_sdk_sqs::Client::new(&aws), &config.dead_letter_queue_url)
        .with_bucket(aws_sdk_s3::Client::new(&aws), config.dead_letter_bucket.clone());
    let schemas = config.registry.schemas(&aws)?;
    let mailer = SesMailer::new(&aws, config.ses(FUNCTION));
    let outbox = Outbox::new(config.sending, config.mode.clone(), config.rate_limit(), mailer);

    let frames = config.registry.frames;
    let handler = WelcomeNewAccounts::new(&schemas, frames, outbox, config.sender.brand(), config.start_time);
    let settings = Settings {
        // A second welcome mail is worse than one that a person has to look into.
        uncertain: WhenUncertain::Park,
        ..config.settings()
    };
    let processor = Processor::new(handler, Arc::new(claims), Arc::new(dead_letters), settings);
    event_functions::serve(processor, config.reporting()).await
}
