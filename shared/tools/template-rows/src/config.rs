//! The function's configuration, read from the environment; every bad variable is reported at once.

use debezium::types::{Placeholder, UNAVAILABLE_VALUE};
use environment::{Env, Kind, Problems, Reader, Variable, number, parsed, text};
use event_functions::Consumer;

/// The function's configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// DynamoDB table of the rows.
    pub table: String,
    /// The epoch of every version: a higher one wins.
    pub epoch: u64,
    /// What the connector writes in place of a column that an update did not touch.
    pub placeholder: Placeholder,
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
            table: env.required("TEMPLATE_ROWS_TABLE", doc::TABLE, text().example("template-rows")),
            epoch: env.default("TEMPLATE_ROWS_EPOCH", doc::EPOCH, number(0..=1_000_000_000_u64), "0"),
            placeholder: env.default("UNAVAILABLE_VALUE", doc::PLACEHOLDER, placeholder(), UNAVAILABLE_VALUE),
            consumer: Consumer::read(env),
        }
    }
}

fn placeholder() -> Kind<Placeholder> {
    parsed("single-line text, or hex: and bytes", UNAVAILABLE_VALUE, Placeholder::default, |value| {
        if value.contains(char::is_control) {
            return Err("contains a control character or a line break".to_owned());
        }
        Placeholder::parse(value).map_err(|error| error.to_string())
    })
}

/// What the variables mean, for error texts and for the README.
mod doc {
    pub(super) const TABLE: &str = "DynamoDB table of the rows.";
    pub(super) const EPOCH: &str = "Raise it by one after the database was restored or failed over: its log positions \
        start over then, and a higher epoch wins.";
    pub(super) const PLACEHOLDER: &str = "The connector's `unavailable.value.placeholder`: what stands in place of a \
        column that an update left alone.";
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
