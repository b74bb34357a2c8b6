//! The variables that functions on a Kafka topic have in common, and what they mean for the runtime.
//!
//! A function's own configuration holds a [`Consumer`] beside what only that function needs:
//!
//! ```
//! use consumer_config::Consumer;
//! use env_config::{Env, Problems, text};
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

pub use consumer::Consumer;
pub use drain::read_drain;
