//! Sends dead-lettered records back to the function that gave them up: `redrive-core` on AWS, as a Lambda.

pub mod config;
pub mod handler;
mod lambda_invoker;
mod s3_objects;
mod sqs_queue;

pub use lambda_invoker::LambdaInvoker;
pub use s3_objects::S3Objects;
pub use sqs_queue::SqsLetterQueue;
