//! The function's configuration, read from the environment; every bad variable is reported at once.

use environment::{Env, Problems, Reader, Variable, number, text};
use event_functions::Consumer;

/// The function's configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// DynamoDB table of the documents.
    pub table: String,
    /// The epoch of every version: a higher one wins.
    pub epoch: u64,
    /// The settings that every consumer has.
    pub consumer: Consumer,
}

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
            table: env.required("TEMPLATE_DOCUMENTS_TABLE", doc::TABLE, text().example("template-documents")),
            epoch: env.default("TEMPLATE_DOCUMENTS_EPOCH", doc::EPOCH, number(0..=1_000_000_000_u64), "0"),
            consumer: Consumer::read(env),
        }
    }
}

/// What the variables mean, for error texts and for the README.
mod doc {
    pub(super) const TABLE: &str = "DynamoDB table of the documents.";
    pub(super) const EPOCH: &str = "Raise it by one after MongoDB was restored or replaced: its versions start over \
        then, and a higher epoch wins.";
}

#[cfg(test)]
mod tests {
    use super::*;

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
