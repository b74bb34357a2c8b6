//! Kinds of registries.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RegistryKind {
    Confluent,
    Glue,
}
