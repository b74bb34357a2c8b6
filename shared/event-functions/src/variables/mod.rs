//! Environment variables that functions share: this crate's README lists them.

mod consumer;
mod days;
mod dead_letter_queue;
mod drain_partitions;
mod newest_versions;
mod registry;
mod retention;

#[cfg(any(test, feature = "testing"))]
use environment::{Configuration, Env, Variable};

pub(crate) use consumer::{ClaimSettings, Consumer, EFFECT_TIMEOUT, PARTIAL_RESPONSES, SideBySide};
pub use dead_letter_queue::DeadLetterQueue;
pub(crate) use newest_versions::NewestVersions;
pub use registry::{RegistryConfig, RegistryConfigError};
pub(crate) use retention::Retention;

/// The variables that this crate's README lists, by its sections.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn shared() -> [Vec<Variable>; 5] {
    let registry = Env::describe(RegistryConfig::read);
    let mut consumers = Env::describe(Consumer::read);
    consumers.retain(|variable| !registry.contains(variable));
    consumers.extend(Env::describe(SideBySide::read));
    let [claims, newest, appended] =
        [Env::describe(ClaimSettings::read), Env::describe(NewestVersions::read), Env::describe(Retention::read)];
    [consumers, claims, newest, appended, registry]
}

#[cfg(test)]
mod tests {
    use environment::markdown;

    const README: &str = include_str!("../../README.md");

    #[test]
    fn the_readme_lists_the_variables_that_functions_share() {
        let tables = super::shared().map(|section| markdown(&section));
        let missing: Vec<_> = tables.iter().filter(|table| !README.contains(*table)).cloned().collect();
        assert!(missing.is_empty(), "the README's tables should be:\n{}", missing.join("\n"));
    }
}
