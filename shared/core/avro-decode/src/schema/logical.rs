//! Logical types as data.

/// The logical types that change how this crate reads a value; an unknown or invalid one is ignored, as the
/// specification asks ("Logical Types").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Logical {
    Decimal {
        precision: u32,
        scale: u32,
    },
    /// A decimal whose precision and scale contradict each other: by the specification plain bytes or a plain fixed. Kafka
    /// Connect writes these for columns like `numeric(3,5)`, with the actual scale in a parameter of its own.
    OddDecimal {
        scale: Option<i32>,
    },
    Uuid,
    Date,
    Time(Unit),
    Timestamp(Unit),
    LocalTimestamp(Unit),
    Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Millis,
    Micros,
    Nanos,
}

impl Logical {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Logical::Decimal { .. } | Logical::OddDecimal { .. } => "decimal",
            Logical::Uuid => "uuid",
            Logical::Date => "date",
            Logical::Time(Unit::Millis) => "time-millis",
            Logical::Time(_) => "time-micros",
            Logical::Timestamp(Unit::Millis) => "timestamp-millis",
            Logical::Timestamp(Unit::Micros) => "timestamp-micros",
            Logical::Timestamp(Unit::Nanos) => "timestamp-nanos",
            Logical::LocalTimestamp(Unit::Millis) => "local-timestamp-millis",
            Logical::LocalTimestamp(Unit::Micros) => "local-timestamp-micros",
            Logical::LocalTimestamp(Unit::Nanos) => "local-timestamp-nanos",
            Logical::Duration => "duration",
        }
    }
}
