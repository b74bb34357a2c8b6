//! One Lambda invocation: raw body, deadline, request id. The only crate that knows the Lambda runtime.
//!
//! [`serve`] gives each invocation to a [`Processor`](event_runtime::Processor) and answers the event source mapping. By default any record that
//! is still owed fails the invocation, and the mapping delivers the batch again. Only [`Reporting::PartialBatch`](event_runtime::Reporting::PartialBatch)
//! answers with `batchItemFailures`: without `ReportBatchItemFailures` in the mapping AWS ignores that answer, commits
//! the batch, and every record in it would be lost.
//!
//! A record that was sent again is answered by the name of its letter, `{"finished": …}`, or fails the invocation.
//!
//! [`serve_json`] is for invocations that are no Kafka batch: a schedule, a command of an operator. [`start()`] is what each
//! function's `main` calls: it reads the configuration first.

mod invocation;
mod kafka;
mod raw_body;
mod start;
mod task;

pub use kafka::serve;
pub use lambda_runtime::Error as HostError;
pub use start::start;
pub use task::serve_json;
