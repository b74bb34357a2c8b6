//! The function's configuration, read from the environment; every bad variable is reported at once.

use std::time::Duration;

use environment::{Env, Problems, Reader, Variable, number, text};
use event_functions::Consumer;

/// The function's configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// DynamoDB table of the logins.
    pub logins_table: String,
    /// How long the version of a deleted document is kept.
    pub tombstone_retention: Duration,
    /// The epoch of every version: a higher one wins.
    pub epoch: u64,
    /// The settings that every consumer has.
    pub consumer: Consumer,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Config {
    /// Reads the configuration.
    ///
    /// # Errors
    ///
    /// Every variable that is missing or wrong, at once.
    pub fn from_env(env: &Env) -> Result<Self, Problems> {
        env.read(Config::read)
    }

    /// Every variable that the function reads, for its README.
    pub fn variables() -> Vec<Variable> {
        Env::describe(Config::read)
    }

    fn read(env: &mut Reader<'_>) -> Self {
        Config {
            logins_table: env.required("LOGINS_TABLE", doc::TABLE, text().example("logins")),
            tombstone_retention: DAY * env.default("TOMBSTONE_DAYS", doc::TOMBSTONE, number(1..=3650_u32), "30"),
            epoch: env.default("LOGINS_EPOCH", doc::EPOCH, number(0..=1_000_000_000_u64), "0"),
            consumer: Consumer::read(env),
        }
    }
}

/// What the variables mean, for error texts and for the README.
mod doc {
    pub(super) const TABLE: &str = "DynamoDB table of the logins.";
    pub(super) const TOMBSTONE: &str = "How many days a deleted document's version is remembered. Longer than any late \
        change may arrive: the topic's retention, or the time that MongoDB's oplog reaches back. A redrive of an older \
        record is refused.";
    pub(super) const EPOCH: &str = "Raise it by one after MongoDB was restored or replaced, or its oplog did not reach \
        back far enough: versions of a higher epoch win, so a new snapshot sets everything right.";
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 3] = [
        ("LOGINS_TABLE", "logins"),
        ("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:4566/000000000000/dead-letters"),
        ("SCHEMA_REGISTRY_URL", "http://127.0.0.1:8081"),
    ];

    #[test]
    fn the_required_variables_are_enough() {
        let config = Config::from_env(&Env::from_pairs(GOOD)).unwrap();
        assert_eq!((config.tombstone_retention, config.epoch), (30 * DAY, 0));
        assert_eq!(config.consumer.keys_in_flight.get(), 16);
        assert!(!config.consumer.partial_batch_response);
    }

    #[test]
    fn every_bad_variable_is_named_at_once() {
        let bad = Config::variables().into_iter().map(|variable| (variable.name, "\u{7}"));
        let problems = Config::from_env(&Env::from_pairs(bad)).unwrap_err();
        let named = problems.iter().map(|problem| problem.variable()).collect::<Vec<_>>();
        assert_eq!(named, Config::variables().iter().map(|variable| variable.name).collect::<Vec<_>>());
    }

    #[test]
    fn the_readme_lists_the_functions_own_variables() {
        let table = environment::table(&event_functions::own_variables(Config::variables()));
        assert!(include_str!("../README.md").contains(&table), "the README's table should be:\n{table}");
    }
}
