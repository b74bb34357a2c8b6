//! Brings parked records back into the function that gave them up: `redrive-core` on AWS, as a Lambda.

pub mod config;
mod lambda;
mod s3;
mod sqs;

pub use lambda::LambdaInvoker;
pub use s3::S3Objects;
pub use sqs::SqsLetterQueue;
