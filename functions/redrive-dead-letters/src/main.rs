//! Sends dead-lettered records back: dead letters in SQS → the functions that gave them up, by invoking them.
//!
//! Reads the queue, and S3 for letters too large for it. The claims that the functions hold guard the effects. Writes the
//! claims that a person has decided about, and letters with their attempt counted.

use std::process::ExitCode;

use aws_config::BehaviorVersion;
use event_functions::HostError;
use redrive_dead_letters::config::Config;
use redrive_dead_letters::handler::handle;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    event_functions::start(Config::from_env, serve).await
}

async fn serve(config: Config) -> Result<(), HostError> {
    let redrive = config.redrive(&aws_config::load_defaults(BehaviorVersion::latest()).await);
    event_functions::serve_json(move |request, invocation| handle(redrive.clone(), request, invocation)).await
}
