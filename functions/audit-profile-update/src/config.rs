//! The function's configuration, read from the environment; every bad variable is reported at once.

use std::time::Duration;

use environment::{Env, Problems, Reader, Variable, number, text};
use event_functions::Consumer;

/// The function's configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// DynamoDB table of the audit log.
    pub audit_table: String,
    /// How long an entry is kept after its change; `None` for ever.
    pub retention: Option<Duration>,
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
        let days = number(1..=36_500_u32).example("3650");
        Config {
            audit_table: env.required("AUDIT_TABLE", doc::TABLE, text().example("profile-audit")),
            retention: env.optional("AUDIT_RETENTION_DAYS", doc::RETENTION, days).map(|days| DAY * days),
            consumer: Consumer::read(env),
        }
    }
}

/// What the variables mean, for error texts and for the README.
mod doc {
    pub(super) const TABLE: &str = "DynamoDB table of the audit log.";
    pub(super) const RETENTION: &str = "How many days after its change an entry may be deleted; without it, never. \
        Longer than the topic's retention.";
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 3] = [
        ("AUDIT_TABLE", "audit"),
        ("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:4566/000000000000/dead-letters"),
        ("SCHEMA_REGISTRY_URL", "http://127.0.0.1:8081"),
    ];

    #[test]
    fn without_a_retention_entries_are_kept_for_ever() {
        assert_eq!(Config::from_env(&Env::from_pairs(GOOD)).unwrap().retention, None);
        let config = Config::from_env(&Env::from_pairs(GOOD.into_iter().chain([("AUDIT_RETENTION_DAYS", "2")])));
        assert_eq!(config.unwrap().retention, Some(2 * DAY));
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
