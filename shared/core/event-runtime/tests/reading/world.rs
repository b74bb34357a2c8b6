//! A function that reads its records and does nothing, before a registry in memory.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use avro_decode::{AvroType, Limits, Value};
use event_runtime::testing::MemoryDeadLetters;
use event_runtime::{
    AvroReader, BatchReport, Deadline, Effect, Failed, Fault, Intent, Invocation, NoClaims, Outcome, Processor,
    RawRecord, RecordHandler, RetryPolicy, Settings,
};
use schema_registry::testing::InMemorySchemas;
use schema_registry::{CachePolicy, Frames, PlanCache, SchemaCache, SchemaId, SchemaRef, Schemas};
use serde_json::json;

/// The schema of keys.
pub(crate) const KEY: SchemaRef = SchemaRef::Id(SchemaId(1));
/// The schema of values.
pub(crate) const VALUE: SchemaRef = SchemaRef::Id(SchemaId(2));

/// A registry that has both.
pub(crate) fn registry() -> Arc<InMemorySchemas> {
    let registry = Arc::new(InMemorySchemas::default());
    fill(&registry);
    registry
}

/// Registers both.
pub(crate) fn fill(registry: &InMemorySchemas) {
    registry.put(KEY, r#"{"type":"record","name":"Key","fields":[{"name":"id","type":"string"}]}"#, &[]);
    registry.put(VALUE, "\"string\"", &[]);
}

/// Reads the key as `K` and the value as text, and remembers both as they print.
pub(crate) struct Reads<K: AvroType> {
    keys: AvroReader<K>,
    values: AvroReader<&'static str>,
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
}

impl<K: AvroType> Reads<K> {
    pub(crate) fn new(registry: &Arc<InMemorySchemas>, frames: Frames) -> Self {
        let schemas: Arc<dyn Schemas> = Arc::new(SchemaCache::new(Arc::clone(registry), CachePolicy::default()));
        Reads {
            keys: AvroReader::of_keys(frames.keys, PlanCache::new(Arc::clone(&schemas), Limits::default())),
            values: AvroReader::of_values(frames.values, PlanCache::new(schemas, Limits::default())),
            seen: Arc::default(),
        }
    }
}

impl<K: AvroType + 'static> RecordHandler for Reads<K>
where
    for<'de> K::Of<'de>: std::fmt::Debug + Send + Sync,
{
    type Read<'de> = (Option<K::Of<'de>>, Option<&'de str>);
    type Work = String;

    async fn read<'de>(&'de self, record: RawRecord<'de>) -> Result<Self::Read<'de>, Fault> {
        self.values.ready(&record).await?;
        self.keys.ready(&record).await?;
        Ok((self.keys.read(&record)?, self.values.read(&record)?))
    }

    fn decide(&self, (key, value): Self::Read<'_>) -> Result<Intent<String>, Failed> {
        Ok(Intent::Conditional(format!("{key:?} {value:?}")))
    }

    async fn perform(&self, seen: String) -> Result<Effect, Failed> {
        self.seen.lock().unwrap().push(seen);
        Ok(Effect::Done)
    }
}

/// A processor with its letters.
pub(crate) struct World<H> {
    pub(crate) letters: MemoryDeadLetters,
    pub(crate) processor: Processor<H>,
}

impl<H: RecordHandler> World<H> {
    pub(crate) fn of(handler: H) -> Self {
        // One try per delivery: the next delivery goes on waiting.
        let retry = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
        World::with(handler, Settings { retry, ..Settings::default() })
    }

    pub(crate) fn with(handler: H, settings: Settings) -> Self {
        let letters = MemoryDeadLetters::default();
        let processor = Processor::new(handler, Arc::new(NoClaims), Arc::new(letters.clone()), settings);
        World { letters, processor }
    }

    pub(crate) async fn deliver(&self, event: &serde_json::Value) -> BatchReport {
        let invocation = Invocation {
            request_id: "8476a536".to_owned(),
            function: "reads".to_owned(),
            function_version: "1".to_owned(),
            deadline: Deadline::within(Duration::from_secs(3_600)),
        };
        self.processor.process(event.to_string().as_bytes(), &invocation).await.unwrap()
    }
}

/// A record of these bytes, with more members.
pub(crate) fn record(offset: usize, key: &[u8], value: &[u8], more: serde_json::Value) -> serde_json::Value {
    let mut record = json!({"topic": "t", "partition": 0, "offset": offset, "timestamp": 1, "timestampType": "CREATE_TIME",
        "key": base64_simd::STANDARD.encode_to_string(key), "value": base64_simd::STANDARD.encode_to_string(value),
        "headers": []});
    record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    record
}

pub(crate) fn event(records: &[serde_json::Value]) -> serde_json::Value {
    json!({"eventSource": "aws:kafka", "records": {"t-0": records}})
}

/// The one outcome of a batch whose records all ended alike.
pub(crate) fn outcome(report: &BatchReport) -> Outcome {
    let outcomes: Vec<_> = report.outcomes.keys().collect();
    let [outcome] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    **outcome
}

/// A reader of any key.
pub(crate) type Any = Value<'static>;
