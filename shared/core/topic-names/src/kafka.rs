//! What Kafka itself takes as a topic's name.

/// Kafka's own limit, in characters: the name becomes the name of a folder.
pub(crate) const MAX_LENGTH: usize = 249;

/// Whether Kafka takes a name.
pub(crate) fn kafka_takes(name: &str) -> bool {
    (1..=MAX_LENGTH).contains(&name.len()) && name.chars().all(takes) && !matches!(name, "." | "..")
}

/// Whether Kafka takes a character in a topic's name.
pub(crate) fn takes(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-')
}

/// The name as metrics write it, where `.` and `_` are the same: Kafka refuses a second topic whose name differs only there.
pub(crate) fn in_metrics(name: &str) -> String {
    name.replace('.', "_")
}
