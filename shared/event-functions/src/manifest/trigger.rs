//! What triggers a function.

use serde::Serialize;

use super::limits::Batch;

/// What triggers a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trigger {
    /// Debezium's changes of a table or collection.
    Changes(Consumption),
    /// Domain events.
    Events(Consumption),
    /// Any records.
    Records(Consumption),
    /// A schedule or a person.
    Invocation,
}

/// How a function reads its topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consumption {
    /// The topic.
    pub topic: &'static str,
    /// How keys are written where no variable says otherwise: `avro` or `text`.
    pub key_format: &'static str,
    /// How values are written: `avro`.
    pub value_format: &'static str,
    /// What keeps an effect from happening twice: `conditional`, `claimed_park`, `claimed_repeat`.
    pub guard: &'static str,
    /// What keeps its order: each `key`, or the whole `partition`.
    pub order: &'static str,
    /// How old, in seconds, a dead letter may be that is redriven; absent: any age.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redrive_within_seconds: Option<u64>,
    /// What the mapping sends at once.
    pub batch: Batch,
    /// The variable with the milliseconds that one effect may take.
    pub effect_timeout: &'static str,
    /// The variable that has to agree with the mapping's `ReportBatchItemFailures`.
    pub partial_responses: &'static str,
}

impl Trigger {
    /// How it reads its topic, if it has one.
    pub fn consumption(&self) -> Option<&Consumption> {
        match self {
            Trigger::Changes(consumption) | Trigger::Events(consumption) | Trigger::Records(consumption) => {
                Some(consumption)
            }
            Trigger::Invocation => None,
        }
    }
}
