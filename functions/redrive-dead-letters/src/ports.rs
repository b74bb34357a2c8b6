//! The ports of a redrive on AWS: for the function, which declares what it takes, and for the command.

use std::sync::Arc;
use std::time::Duration;

use dead_letters_sqs::SqsDeadLetters;
use dynamodb::attribute::{EXPIRES_AT, KEY};
use dynamodb::claims::{DynamoDbClaims, Options};
use event_functions::letters::Claims;
use event_functions::redrive::{Ports, Redrive};
use event_functions::{Aws, SdkConfig, SystemClock, Table, TableUse};

use crate::config::Config;
use crate::lambda_invoker::LambdaInvoker;
use crate::s3_objects::S3Objects;
use crate::sqs_queue::SqsLetterQueue;

const ON_QUEUE: &[&str] = &["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage"];

/// The ports of the function.
pub(crate) fn declared(config: &Config, aws: &Aws<()>) -> Ports {
    let letters = &config.letters;
    let queue = aws.client(ON_QUEUE, letters.url(), |sdk| queue(sdk, letters.url()));
    // The buckets of on-failure destinations are named by requests: their rights are granted by hand.
    let bucket = format!("{}/*", letters.bucket().unwrap_or_default());
    let objects = aws.client(&["s3:GetObject"], bucket, objects);
    let timeout = config.invoke_timeout;
    Ports {
        queue: Arc::new(queue),
        dead_letters: aws.dead_letters_in(letters),
        objects: Arc::new(objects),
        invoker: Arc::new(aws.client(&["lambda:InvokeFunction"], "function:*", |sdk| LambdaInvoker::new(sdk, timeout))),
        claims: config.claims.as_ref().map(|table| aws.table(claims_table(table), |sdk| claims(sdk, table.name()))),
        clock: aws.clock(),
    }
}

/// The redrive resolves claims and takes none.
fn claims_table(table: &Table) -> TableUse {
    TableUse {
        variable: table.variable(),
        partition_key: KEY,
        sort_key: None,
        ttl: Some(EXPIRES_AT),
        indexes: Vec::new(),
        person: &[],
        actions: &["dynamodb:UpdateItem"],
    }
}

/// What the command works with, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// URL of the SQS queue of the dead letters.
    pub queue_url: String,
    /// S3 bucket of letters too large for the queue.
    pub bucket: Option<String>,
    /// DynamoDB table of the claims.
    pub claims_table: Option<String>,
}

impl Names {
    /// A redrive that waits at most `invoke_timeout` for each invocation.
    pub fn redrive(&self, sdk: &SdkConfig, invoke_timeout: Duration) -> Redrive {
        let letters = SqsDeadLetters::new(aws_sdk_sqs::Client::new(sdk), &self.queue_url);
        let ports = Ports {
            queue: Arc::new(queue(sdk, &self.queue_url)),
            dead_letters: Arc::new(letters.with_bucket(aws_sdk_s3::Client::new(sdk), self.bucket.clone())),
            objects: Arc::new(objects(sdk)),
            invoker: Arc::new(LambdaInvoker::new(sdk, invoke_timeout)),
            claims: self.claims_table.as_deref().map(|table| claims(sdk, table)),
            clock: Arc::new(SystemClock),
        };
        Redrive::new(ports, invoke_timeout)
    }
}

fn queue(sdk: &SdkConfig, url: &str) -> SqsLetterQueue {
    SqsLetterQueue::new(aws_sdk_sqs::Client::new(sdk), url)
}

fn objects(sdk: &SdkConfig) -> S3Objects {
    S3Objects::new(aws_sdk_s3::Client::new(sdk))
}

fn claims(sdk: &SdkConfig, table: &str) -> Arc<dyn Claims> {
    // Without a retention: only who takes claims needs one.
    let options = Options { table: table.to_owned(), function: env!("CARGO_PKG_NAME").to_owned(), retain_done: None };
    Arc::new(DynamoDbClaims::new(aws_sdk_dynamodb::Client::new(sdk), options))
}
