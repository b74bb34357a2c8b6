//! Environment variables that functions share: those of every consumer, and those of the schema registry.

mod consumer;
mod drain_partitions;
mod registry;

use environment::{Env, Variable};

pub use consumer::Consumer;
pub use drain_partitions::read_drain;
pub use registry::{RegistryConfig, RegistryConfigError};

/// A function's own variables, for the table in its README: `all` without those that this crate's README lists for every
/// function. A variable that a function reads with a meaning of its own is its own.
pub fn own_variables(all: Vec<Variable>) -> Vec<Variable> {
    let shared = Env::describe(Consumer::read);
    all.into_iter().filter(|variable| !shared.contains(variable)).collect()
}

#[cfg(test)]
mod tests {
    use environment::{table, text};

    use super::*;

    const README: &str = include_str!("../../README.md");

    #[test]
    fn the_readme_lists_the_variables_of_the_registry() {
        let table = table(&Env::describe(RegistryConfig::read));
        assert!(README.contains(&table), "the README's table should be:\n{table}");
    }

    #[test]
    fn the_readme_lists_the_variables_of_every_consumer() {
        let registry = Env::describe(RegistryConfig::read);
        let mut variables = Env::describe(Consumer::read);
        variables.retain(|variable| !registry.contains(variable));
        let table = table(&variables);
        assert!(README.contains(&table), "the README's table should be:\n{table}");
    }

    #[test]
    fn a_variable_with_a_meaning_of_its_own_is_the_functions_own() {
        let own = own_variables(Env::describe(|env| {
            env.required("TABLE", "DynamoDB table of the rows.", text());
            env.optional("DEAD_LETTER_BUCKET", "S3 bucket for something else.", text());
            RegistryConfig::read(env);
            read_drain(env);
        }));
        assert_eq!(own.iter().map(|variable| variable.name).collect::<Vec<_>>(), ["TABLE", "DEAD_LETTER_BUCKET"]);
    }
}
