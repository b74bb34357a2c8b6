//! The configuration of the Lambda, from its environment variables; the command fills it from its options.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use dead_letters_sqs::SqsDeadLetters;
use dynamodb::claims::{DynamoDbClaims, Options};
use environment::{Env, Problems, Reader, Variable, milliseconds, text, url};
use event_runtime::{Claims, SystemClock};
use redrive_core::{Ports, Redrive};

use crate::lambda_invoker::LambdaInvoker;
use crate::s3_objects::S3Objects;
use crate::sqs_queue::SqsLetterQueue;

/// The names of everything that a run works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// SQS queue of the dead letters.
    pub dead_letter_queue_url: String,
    /// S3 bucket of letters too large for the queue.
    pub dead_letter_bucket: Option<String>,
    /// DynamoDB table of the claims.
    pub claims_table: Option<String>,
    /// How long one invocation may take.
    pub invoke_timeout: Duration,
}

impl Config {
    /// Reads the configuration.
    ///
    /// # Errors
    ///
    /// Every variable that is missing or wrong, at once.
    pub fn from_env(env: &Env) -> Result<Self, Problems> {
        env.read(Config::read)
    }

    /// Every variable that the function reads, for its README.
    pub fn variables() -> Vec<Variable> {
        Env::describe(Config::read)
    }

    fn read(env: &mut Reader<'_>) -> Self {
        Config {
            dead_letter_queue_url: env.required("DEAD_LETTER_QUEUE_URL", doc::QUEUE, url().example(EXAMPLE_QUEUE)),
            dead_letter_bucket: env.optional("DEAD_LETTER_BUCKET", doc::BUCKET, text().example("dead-letters")),
            claims_table: env.optional("CLAIMS_TABLE", doc::CLAIMS, text().example("welcome-email-claims")),
            invoke_timeout: env.default("INVOKE_TIMEOUT_MS", doc::TIMEOUT, milliseconds(1_000..=900_000), "60000"),
        }
    }

    /// A redrive with the adapters for AWS.
    pub fn redrive(&self, aws: &SdkConfig) -> Redrive {
        let sqs = aws_sdk_sqs::Client::new(aws);
        let s3 = aws_sdk_s3::Client::new(aws);
        let dead_letters = SqsDeadLetters::new(sqs.clone(), &self.dead_letter_queue_url)
            .with_bucket(s3.clone(), self.dead_letter_bucket.clone());
        let claims = self.claims_table.clone().map(|table| {
            // The redrive resolves claims and takes none, so it needs no retention of its own.
            let options = Options { table, function: env!("CARGO_PKG_NAME").to_owned(), retain_done: None };
            Arc::new(DynamoDbClaims::new(aws_sdk_dynamodb::Client::new(aws), options)) as Arc<dyn Claims>
        });
        let ports = Ports {
            queue: Arc::new(SqsLetterQueue::new(sqs, &self.dead_letter_queue_url)),
            dead_letters: Arc::new(dead_letters),
            objects: Arc::new(S3Objects::new(s3)),
            invoker: Arc::new(LambdaInvoker::new(aws, self.invoke_timeout)),
            claims,
            clock: Arc::new(SystemClock),
        };
        Redrive::new(ports, self.invoke_timeout)
    }
}

const EXAMPLE_QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/welcome-email-dead-letters";

/// The descriptions of the variables, for error texts and for the README.
mod doc {
    pub(super) const QUEUE: &str = "SQS queue of the dead letters.";
    pub(super) const BUCKET: &str =
        "S3 bucket for letters too large for the queue, written when their attempt is counted.";
    pub(super) const CLAIMS: &str = "DynamoDB table of the claims of the functions whose letters are in the queue. \
        Without it, letters with a claim are refused.";
    pub(super) const TIMEOUT: &str = "How long one invocation may take: at least the timeout of the functions. \
        This function needs that time and 10 s for each letter, so its own timeout has to be longer.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_the_only_required_variable() {
        let queue = "http://127.0.0.1:4566/000000000000/dead-letters";
        let config = Config::from_env(&Env::from_pairs([("DEAD_LETTER_QUEUE_URL", queue)])).unwrap();
        assert_eq!((config.claims_table, config.dead_letter_bucket), (None, None));
        assert_eq!(config.invoke_timeout, Duration::from_secs(60));
    }

    #[test]
    fn every_bad_variable_is_named_at_once() {
        let bad = Config::variables().into_iter().map(|variable| (variable.name, "\u{7}"));
        let problems = Config::from_env(&Env::from_pairs(bad)).unwrap_err();
        let named = problems.iter().map(|problem| problem.variable()).collect::<Vec<_>>();
        assert_eq!(named, Config::variables().iter().map(|variable| variable.name).collect::<Vec<_>>());
    }

    #[test]
    fn the_readme_lists_the_variables() {
        assert!(include_str!("../README.md").contains(&environment::table(&Config::variables())));
    }
}
