//! Everything that a deployed function has in common with the others: variables, Lambda invocations, logs and metrics.
//!
//! No other crate knows the Lambda runtime.
//!
//! - [`start()`] is what a function's `main` calls. It starts logging, reads the configuration and serves invocations.
//! - [`serve`] gives the Kafka batches of an event source mapping to a [`Processor`](event_runtime::Processor).
//! - [`serve_json`] serves invocations that are not Kafka batches: schedules, and commands of an operator.
//! - [`Consumer`] reads the variables that all functions on a topic share, [`RegistryConfig`] those of the schema registry.
//!   This crate's README lists both.
//! - [`telemetry`] writes JSON logs and CloudWatch metrics to standard output.
//!
//! A function's own configuration contains a [`Consumer`] beside what only that function needs:
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

mod lambda;
mod start;
pub mod telemetry;
mod variables;

pub use lambda::{HostError, serve, serve_json};
pub use start::start;
pub use variables::{Consumer, RegistryConfig, RegistryConfigError, own_variables, read_drain};
