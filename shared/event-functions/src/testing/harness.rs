//! The harness of a function's own tests.

use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use environment::{Env, Problems};
use event_runtime::Clock;
use event_runtime::testing::MemoryClaims;
use serde::Serialize;
use serde_json::{Value, json};

use super::delivered::{Delivered, Letter};
use super::memory::Memory;
use super::recorded::Recorded;
use super::running::Running;
use super::schema_check::check_schemas;
use super::schemas::has_schemas;
use crate::function::Function;

/// A function in memory. It has no network, no process and no emulator.
pub struct Harness {
    running: Box<dyn Running>,
    memory: Memory,
    runtime: tokio::runtime::Runtime,
    offsets: Cell<i64>,
}

/// What every function on a topic needs, and no test cares about.
const SHARED: [(&str, &str); 3] = [
    ("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:9/dead-letters"),
    ("SCHEMA_REGISTRY_URL", "http://127.0.0.1:9"),
    ("CLAIMS_TABLE", "claims"),
];

impl Function {
    /// The function in memory, with these variables beside those that every consumer needs.
    ///
    /// Where there are schemas in `events/schemas`, it first checks that the function reads all versions of its topic's:
    /// see [`check_schemas`].
    ///
    /// # Panics
    /// When a variable is missing or wrong, when the wiring takes something with these variables that it does not take
    /// without them, and when the function cannot read some version of its schemas.
    pub fn test(&self, variables: &[(&str, &str)]) -> Harness {
        if self.checks_schemas() && has_schemas() {
            match check_schemas(self) {
                Ok(_) => {}
                Err(problems) => panic!("{problems}"),
            }
        }
        match self.try_test(variables) {
            Ok(harness) => harness,
            Err(problems) => panic!("{problems}"),
        }
    }

    /// The same without the check of schemas, for tests of variables.
    ///
    /// # Errors
    /// All problems of the variables.
    pub fn try_test(&self, variables: &[(&str, &str)]) -> Result<Harness, Problems> {
        let memory = Memory::new();
        let env = Env::from_pairs(SHARED.iter().chain(variables).copied());
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => panic!("no runtime: {error}"),
        };
        // Parts of a function may want a runtime when they are built.
        let running = runtime.block_on(async { self.in_memory(&env, &memory) })?;
        Ok(Harness { running, memory, runtime, offsets: Cell::new(0) })
    }
}

impl Harness {
    /// Delivers an event of an event source mapping: bytes of a file as [`serde_json::value::RawValue`], a
    /// [`serde_json::Value`], or `aws_lambda_events::kafka::KafkaEvent`.
    ///
    /// # Panics
    /// When it is not such an event.
    pub fn deliver(&self, event: &impl Serialize) -> Delivered {
        match serde_json::to_vec(event) {
            Ok(body) => self.deliver_bytes(&body),
            Err(error) => panic!("the event cannot be written as JSON: {error}"),
        }
    }

    /// The same from the event's bytes.
    pub fn deliver_bytes(&self, event: &[u8]) -> Delivered {
        Delivered::of(&self.runtime.block_on(self.running.deliver(event)))
    }

    /// Delivers all records of a recording in one batch, with the schemas that they were written with.
    pub fn deliver_recorded(&self, recorded: &Recorded) -> Delivered {
        self.schemas(&recorded.schemas());
        self.deliver(&recorded.event())
    }

    /// Puts a schema into the registry.
    pub fn schema(&self, id: u32, schema: &str) {
        use schema_registry::{SchemaId, SchemaRef};
        self.memory.registry.put(SchemaRef::Id(SchemaId(id)), schema, &[]);
    }

    /// Registers a schema under a subject, as its first version.
    pub fn subject(&self, subject: &str, id: u32, schema: &str) {
        self.memory.subjects.put(subject, id, schema);
    }

    /// Puts the schemas of a snapshot file into the registry: by number, by GUID, or by AWS Glue's version.
    ///
    /// # Panics
    /// When the text is not a snapshot of schemas.
    pub fn schemas(&self, snapshot: &str) {
        let snapshot = match schema_registries::Snapshot::parse(snapshot) {
            Ok(snapshot) => snapshot,
            Err(error) => panic!("the schemas cannot be read: {error}"),
        };
        for (id, schema) in snapshot {
            let references: Vec<_> = schema.references.iter().map(String::as_str).collect();
            self.memory.registry.put(id, schema.text.clone(), &references);
        }
    }

    /// Invokes a function that reads no topic.
    ///
    /// # Errors
    /// The code of its failure.
    pub fn invoke(&self, input: &Value) -> Result<Value, &'static str> {
        let answer = self.runtime.block_on(self.running.invoke(input.to_string().as_bytes()));
        answer.map_err(|fault| fault.code)
    }

    /// The item under a partition key in a table, as plain JSON.
    pub fn item(&self, table: &str, key: &str) -> Option<Value> {
        self.items(table).into_iter().find(|item| item["pk"] == key)
    }

    /// All items of a table, as plain JSON.
    pub fn items(&self, table: &str) -> Vec<Value> {
        self.memory.tables.items(table).iter().map(plain).collect()
    }

    /// The tables, to make their next writes fail.
    pub fn tables(&self) -> &dynamodb::testing::MemoryTables {
        &self.memory.tables
    }

    /// The claims of effects, to look at them, to take one beforehand, and to make the next writes fail.
    pub fn claims(&self) -> &MemoryClaims {
        &self.memory.claims
    }

    /// The dead letters.
    pub fn letters(&self) -> Vec<Letter> {
        self.memory.letters.letters().iter().map(Letter::from).collect()
    }

    /// Moves the clock that tombstones, retention and leases are counted by, and by which made-up records are timed.
    pub fn advance(&self, by: Duration) {
        self.memory.clock.advance(by);
    }

    /// Delivers one record whose row or data the test made up.
    pub(crate) fn make_up(
        &self,
        key: &str,
        headers: &BTreeMap<String, Vec<u8>>,
        made_up: Box<dyn Any + Send>,
    ) -> Delivered {
        let offset = self.offsets.replace(self.offsets.get() + 1);
        self.running.make_up(offset, made_up);
        let headers: Vec<_> = headers.iter().map(|(name, value)| json!({ name: value })).collect();
        let record = json!({
            "topic": "made-up", "partition": 0, "offset": offset, "timestamp": self.memory.clock.now().0,
            "timestampType": "CREATE_TIME", "key": base64_simd::STANDARD.encode_to_string(key), "value": "AA==",
            "headers": headers,
        });
        let event = json!({"eventSource": "aws:kafka", "records": {"made-up-0": [record]}}).to_string();
        Delivered::of(&self.runtime.block_on(self.running.deliver_made_up(event.as_bytes())))
    }
}

/// An item as plain JSON: numbers as numbers where they fit, bytes as their length.
fn plain(item: &dynamodb::Item) -> Value {
    Value::Object(item.iter().map(|(name, value)| (name.clone(), plain_value(value))).collect())
}

fn plain_value(value: &aws_sdk_dynamodb::types::AttributeValue) -> Value {
    use aws_sdk_dynamodb::types::AttributeValue;
    match value {
        AttributeValue::S(text) => json!(text),
        AttributeValue::N(number) => serde_json::from_str(number).unwrap_or_else(|_| json!(number)),
        AttributeValue::Bool(flag) => json!(flag),
        AttributeValue::B(bytes) => json!(bytes.as_ref()),
        AttributeValue::L(items) => Value::Array(items.iter().map(plain_value).collect()),
        AttributeValue::M(item) => plain(item),
        AttributeValue::Ss(texts) => json!(texts),
        AttributeValue::Ns(numbers) => json!(numbers),
        _ => Value::Null,
    }
}
