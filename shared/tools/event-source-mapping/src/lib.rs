//! A Kafka event source mapping that runs anywhere: it reads topics, invokes a Lambda function with batches, retries,
//! splits and commits as AWS documents it.
//!
//! [`machine`] has the rules, without I/O and without a clock.

pub mod machine;
