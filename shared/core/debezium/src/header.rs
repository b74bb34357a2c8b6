//! Names of the headers that Debezium sets.

/// On the `c` that a changed primary key leaves: JSON text of the old key. Such a `c` is not a new row.
pub const OLD_KEY: &str = "__debezium.oldkey";
/// On the `d` and the tombstone that a changed primary key leaves: JSON text of the new key.
pub const NEW_KEY: &str = "__debezium.newkey";
