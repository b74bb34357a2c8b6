//! What every function is built with: its variables, Lambda invocations, logs and metrics. The only crate that knows the
//! Lambda runtime.
//!
//! [`serve`] gives each invocation to a [`Processor`](event_runtime::Processor) and answers the event source mapping. By default any record that
//! is still pending fails the invocation, and the mapping delivers the batch again. Only [`Reporting::PartialBatch`](event_runtime::Reporting::PartialBatch)
//! answers with `batchItemFailures`: without `ReportBatchItemFailures` in the mapping AWS ignores that answer, commits
//! the batch, and every record in it would be lost.
//!
//! A record that was sent again is answered by the name of its letter, `{"finished": …}`, or fails the invocation.
//!
//! [`serve_json`] is for invocations that are not a Kafka batch: a schedule, a command of an operator. [`start()`] is what each
//! function's `main` calls: it reads the configuration first.
//!
//! A function's own configuration holds a [`Consumer`] beside what only that function needs:
//!
//! ```
//! use event_functions::Consumer;
//! use environment::{Env, Problems, text};
//!
//! struct Config { table: String, consumer: Consumer }
//!
//! fn read(env: &Env) -> Result<Config, Problems> {
//!     env.read(|env| Config {
//!         table: env.required("TABLE", "DynamoDB table of the rows.", text().example("rows")),
//!         consumer: Consumer::read(env),
//!     })
//! }
//!
//! let queue = ("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:4566/000000000000/dead-letters");
//! let registry = ("SCHEMA_REGISTRY_URL", "http://127.0.0.1:8081");
//! assert!(read(&Env::from_pairs([("TABLE", "rows"), queue, registry])).is_ok());
//! assert_eq!(read(&Env::from_pairs([("TABLE", "rows")])).err().unwrap().iter().count(), 2);
//! ```

mod consumer;
mod drain;
mod invocation;
mod kafka;
mod raw_body;
mod registry;
mod start;
mod task;
pub mod telemetry;

pub use consumer::Consumer;
pub use drain::read_drain;
pub use kafka::serve;
pub use lambda_runtime::Error as HostError;
pub use registry::{RegistryConfig, RegistryConfigError};
pub use start::start;
pub use task::serve_json;
