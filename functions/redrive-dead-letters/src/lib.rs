//! Sends dead-lettered records back: dead letters in SQS → the functions that gave them up, by invoking them.
//!
//! Reads the queue, and S3 for letters too large for it. The claims that the functions hold guard the effects. Writes the
//! claims that a person has decided about, and letters with their attempt counted. `event_functions::redrive` does the
//! work; this crate has its ports on AWS.

mod config;
mod lambda_invoker;
mod ports;
mod s3_objects;
mod sqs_queue;
mod task;
#[cfg(test)]
mod tests;

use std::convert::Infallible;

use event_functions::redrive::{Ports, Redrive};
use event_functions::{Aws, Function, Limits};

use crate::config::Config;
use crate::task::Redriving;
pub use lambda_invoker::LambdaInvoker;
pub use ports::Names;
pub use s3_objects::S3Objects;
pub use sqs_queue::SqsLetterQueue;

/// It waits for the functions that it invokes, so it gets the most time that Lambda gives.
const LIMITS: Limits = Limits { memory_mb: 256, timeout_seconds: 900 };

/// The function.
pub fn function() -> Function {
    function_with(ports::declared)
}

fn function_with(ports: impl Fn(&Config, &Aws<()>) -> Ports + 'static) -> Function {
    Function::new("redrive-dead-letters").limits(LIMITS).task().run_by(move |config: &Config, aws| {
        Ok::<_, Infallible>(Redriving::new(Redrive::new(ports(config, aws), config.invoke_timeout)))
    })
}
