//! Debezium's change events: envelope, operations, row versions and semantic types.
