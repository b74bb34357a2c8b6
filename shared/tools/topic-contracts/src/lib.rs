//! Reads the contracts of topics (`events/topics/<topic>.json`), and compares them with what a cluster has.
//!
//! The catalogue, the checks of contracts and schemas, and the plan of what to change in a cluster read them here. The
//! demonstration takes partitions, and the tests of functions the subjects, from the same files without this crate.
//!
//! ```
//! use std::path::Path;
//! use topic_contracts::{Allowed, Plan, Topics};
//!
//! # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../events/topics");
//! let topics = Topics::read(Path::new(folder))?;
//! let profiles = &topics.contracts[&"user.profile.updated".parse()?];
//! assert_eq!((profiles.owner.as_str(), profiles.partitions), ("profiles", 3));
//!
//! let empty_cluster = Default::default();
//! let plan = Plan::compare(&topics.by_name(), &empty_cluster, Allowed::default());
//! assert_eq!(plan.changes.len(), topics.contracts.len());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod change;
mod config;
mod contract;
mod error;
mod files;
mod names;
mod plan;
mod rules;
mod service;
mod topics;

pub use change::{Change, Refusal, Step};
pub use config::{CleanupPolicy, TimestampType, TopicConfig};
pub use contract::{Key, KeyFormat, Kind, Producer, Strategy, TopicContract, Value, ValueFormat};
pub use error::{TopicsError, Violation};
pub use names::{environment_names, naming_rules};
pub use plan::{Allowed, Plan, TopicState};
pub use service::Service;
pub use topics::Topics;
