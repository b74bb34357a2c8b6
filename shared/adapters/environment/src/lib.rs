//! Reads configuration from environment variables and reports all problems together.
//!
//! A function's configuration is one struct, filled by one closure. Problems are collected while it runs, so that the person
//! who deploys the function sees the whole list at once and not one problem per attempt. The same closure runs without an
//! environment ([`Env::declare`]) and then says which variables there are: manifests and the tables in READMEs are made of it.
//!
//! ```
//! use std::time::Duration;
//! use environment::{Env, milliseconds, number, one_of, text};
//!
//! #[derive(Debug, Clone, PartialEq)]
//! enum Mode { Live, Log }
//!
//! struct Config { table: String, mode: Mode, rate: u32, timeout: Duration, footer: Option<String> }
//!
//! fn read(env: Env) -> Result<Config, environment::Problems> {
//!     env.read(|env| Config {
//!         table: env.required("CLAIMS_TABLE", "Table of claims.", text().example("claims")),
//!         mode: env.required("MODE", "What becomes of a mail.", one_of([("live", Mode::Live), ("log", Mode::Log)])),
//!         rate: env.default("RATE_PER_SECOND", "Mails a second.", number(1..=500), "10"),
//!         timeout: env.default("TIMEOUT_MS", "How long one mail may take.", milliseconds(1..=60_000), "10000"),
//!         footer: env.optional("FOOTER", "Last line of a mail.", text()),
//!     })
//! }
//!
//! let config = read(Env::from_pairs([("CLAIMS_TABLE", "claims"), ("MODE", "log")])).unwrap();
//! assert_eq!((config.rate, config.timeout, config.mode), (10, Duration::from_secs(10), Mode::Log));
//! assert_eq!((config.table.as_str(), config.footer), ("claims", None));
//!
//! let problems = read(Env::from_pairs([("MODE", "lief"), ("RATE_PER_SECOND", "0")])).err().unwrap();
//! assert_eq!(problems.iter().map(|p| p.variable()).collect::<Vec<_>>(), ["CLAIMS_TABLE", "MODE", "RATE_PER_SECOND"]);
//! ```

mod configuration;
mod env;
mod kind;
mod kinds;
mod problem;
mod reader;
mod resource;
mod secrets;
mod variable;

pub use configuration::{Configuration, FromVariable};
pub use env::Env;
pub use kind::{Kind, list, parsed};
pub use kinds::{boolean, milliseconds, number, one_of, secret, stored_secret, text, time, topic, url};
pub use problem::{Problem, Problems};
pub use reader::{Attempt, Reader};
pub use resource::{Bucket, Queue, Table, bucket, queue, table};
pub use secrets::{FetchError, Secret, SecretArn, SecretError, SecretSource, Secrets, SecretsError};
pub use variable::{Necessity, Resource, Variable, markdown};
