//! What topics hold.

/// What a topic holds, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TopicKind<'a> {
    /// Events that a producer of our own publishes: `<domain>.<entity>.<event>`.
    DomainEvent {
        /// The area that publishes it, such as `support`.
        domain: &'a str,
        /// The thing that it is about, such as `ticket`.
        entity: &'a str,
        /// What happened to it, such as `updated`.
        event: &'a str,
    },
    /// Changed rows of a table: `cdc.<system>.<schema or database>.<table>`.
    Change {
        /// Which database.
        system: &'a str,
        /// PostgreSQL's schema, or MySQL's or MongoDB's database.
        container: &'a str,
        /// The table or collection.
        table: &'a str,
    },
    /// A connector's own topic.
    Helper {
        /// Which database.
        system: &'a str,
        /// What it is for.
        helper: Helper,
    },
}

/// A connector's own topics, in addition to the changes of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Helper {
    /// `__debezium-heartbeat.cdc.<system>`: keeps offsets moving while a database is quiet.
    Heartbeat,
    /// `cdc.<system>.transaction`: where transactions begin and end.
    Transaction,
    /// `cdc.<system>.message`: logical decoding messages of PostgreSQL.
    Message,
    /// `cdc.<system>`: statements that changed the schema, which MySQL's connector publishes for consumers.
    SchemaChanges,
    /// `cdc.<system>.schema-history`: the same, for the connector itself (`schema.history.internal.kafka.topic`).
    SchemaHistory,
}
