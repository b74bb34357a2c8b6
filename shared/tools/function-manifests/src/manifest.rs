//! What a function declares, field by field as its file has it; `functions/function.schema.json` describes each.

use serde::Deserialize;

/// What a function declares.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionManifest {
    /// Where its JSON Schema is.
    #[serde(rename = "$schema")]
    pub schema: String,
    /// The function.
    pub function: String,
    /// What triggers it.
    pub trigger: Trigger,
    /// What an invocation needs.
    pub limits: Limits,
    /// The variables that it reads.
    pub variables: Vec<Variable>,
    /// The tables that it uses.
    pub tables: Vec<Table>,
    /// What else it does in its account.
    pub actions: Vec<Actions>,
}

/// What triggers a function.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Consumption {
    /// The topic.
    pub topic: String,
    /// How keys are written: `avro` or `text`.
    pub key_format: String,
    /// How values are written: `avro`.
    pub value_format: String,
    /// What keeps an effect from happening twice.
    pub guard: Guard,
    /// What keeps its order.
    pub order: Order,
    /// How old, in seconds, a dead letter may be that is redriven; `None`: any age.
    #[serde(default)]
    pub redrive_within_seconds: Option<u64>,
    /// What the mapping sends at once.
    pub batch: Batch,
    /// The variable with the milliseconds that one effect may take.
    pub effect_timeout: String,
    /// The variable that has to agree with the mapping's `ReportBatchItemFailures`.
    pub partial_responses: String,
}

/// What keeps an effect from happening twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// Its own condition.
    Conditional,
    /// A claim; an uncertain effect waits for a person.
    ClaimedPark,
    /// A claim; an uncertain effect is repeated.
    ClaimedRepeat,
}

/// What keeps its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The records of each key.
    Key,
    /// All records of a partition.
    Partition,
}

/// What the event source mapping sends at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Records.
    pub records: u32,
    /// Seconds for which it waits for that many.
    pub window_seconds: u32,
}

/// What an invocation needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Memory in MB.
    pub memory_mb: u32,
    /// Seconds until Lambda ends it.
    pub timeout_seconds: u32,
}

/// One variable.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub meaning: String,
    /// What it may contain, in words.
    pub kind: String,
    /// Whether it must be set, in all cases.
    pub required: bool,
    /// When it must be set, in words, where that depends on others.
    #[serde(default)]
    pub required_when: Option<String>,
    /// Its default.
    #[serde(default)]
    pub default: Option<String>,
    /// A value that it could have.
    pub example: String,
    /// Its value on a laptop, where the example of a required one, or the default, will not do.
    #[serde(default)]
    pub local: Option<String>,
    /// Whether its value must not be shown.
    pub secret: bool,
    /// The kind of resource that fills it: `table`, `queue`, `bucket`, `topic`, `secret`.
    #[serde(default)]
    pub resource: Option<String>,
}

/// A table whose keys are text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The variable that names it.
    pub variable: String,
    /// What an environment calls it after its own prefix.
    pub name: String,
    /// Its partition key.
    pub partition_key: String,
    /// Its sort key.
    #[serde(default)]
    pub sort_key: Option<String>,
    /// Its TTL attribute.
    #[serde(default)]
    pub ttl: Option<String>,
    /// Its global secondary indexes, each with all attributes.
    pub indexes: Vec<Index>,
    /// The attributes that say whom an item is about.
    pub person: Vec<String>,
    /// The actions of IAM that the function takes on it.
    pub actions: Vec<String>,
}

/// A global secondary index, with text keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// The attribute that is its partition key.
    pub partition_key: String,
    /// The attribute that is its sort key.
    pub sort_key: String,
}

/// Actions of IAM on a resource.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actions {
    /// The actions: `ses:SendEmail`.
    pub actions: Vec<String>,
    /// The resource: a variable in braces where one names it, `identity/${EMAIL_SENDER}`.
    pub resource: String,
    /// The only case in which they are taken.
    #[serde(default)]
    pub when: Option<When>,
}

/// A variable has a value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The variable.
    pub variable: String,
    /// The value.
    pub is: String,
}

impl FunctionManifest {
    /// How it reads its topic, if it has one.
    pub fn consumption(&self) -> Option<&Consumption> {
        match &self.trigger {
            Trigger::Changes(consumption) | Trigger::Events(consumption) | Trigger::Records(consumption) => {
                Some(consumption)
            }
            Trigger::Invocation => None,
        }
    }

    /// The topic that it reads, if it reads one.
    pub fn topic(&self) -> Option<&str> {
        self.consumption().map(|consumption| consumption.topic.as_str())
    }

    /// A variable that it reads.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }
}

impl Actions {
    /// The variable that the resource is or ends with: `EMAIL_SENDER` of `identity/${EMAIL_SENDER}`.
    pub fn variable(&self) -> Option<&str> {
        let (_, rest) = self.resource.split_once("${")?;
        rest.split_once('}').map(|(variable, _)| variable)
    }
}
