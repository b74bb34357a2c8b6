//! Counts how often a record's bytes are decoded: each side once, however many tries the record takes.

use std::collections::HashMap;
use std::io::Write;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use avro_decode::Limits;
use event_runtime::testing::Effort;
use event_runtime::{
    AvroReader, Blame, Disposition, Effect, Failed, Failure, Fault, Intent, Order, Outcome, RawRecord, RecordHandler,
    RetryPolicy, Settings,
};
use schema_registry::{FrameFormat, Frames, PlanCache, SchemaId, SchemaRef, testing::InMemorySchemas};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{World, event, outcome, record};

const ID: u32 = 2;
const GUID: Uuid = Uuid::from_u128(7);
/// Few enough that their failures do not open the circuit.
const RECORDS: usize = 4;

/// A function as the real ones are: reads the value and then the key. It fails so many tries of each record, and then goes
/// through or gives the record up.
pub(crate) struct ReadsBoth {
    format: FrameFormat,
    keys: AvroReader<&'static str>,
    values: AvroReader<&'static str>,
    fails: usize,
    gives_up: bool,
    pub(crate) tries: Arc<Mutex<HashMap<String, usize>>>,
}

#[derive(Debug, thiserror::Error)]
#[error("not now")]
struct NotNow {
    for_good: bool,
}

impl Failure for NotNow {
    fn disposition(&self) -> Disposition {
        if self.for_good { Disposition::DeadLetter } else { Disposition::Retry { after: None } }
    }
    fn code(&self) -> &'static str {
        "not_now"
    }
    fn blame(&self) -> Blame {
        Blame::Record
    }
}

impl ReadsBoth {
    pub(crate) fn new(format: FrameFormat, fails: usize, gives_up: bool) -> Self {
        let registry = Arc::new(InMemorySchemas::default());
        let ids = [ID, ID + 1].map(|id| SchemaRef::Id(SchemaId(id)));
        for schema in ids.into_iter().chain([SchemaRef::Guid(GUID), SchemaRef::GlueVersion(GUID)]) {
            registry.put(schema, "\"string\"", &[]);
        }
        let plans = || PlanCache::new(Arc::clone(&registry) as _, Limits::default());
        ReadsBoth {
            format,
            keys: AvroReader::of_keys(format, plans()),
            values: AvroReader::of_values(format, plans()),
            fails,
            gives_up,
            tries: Arc::default(),
        }
    }
}

impl RecordHandler for ReadsBoth {
    type Read<'de> = (&'de str, &'de str);
    type Work = String;

    async fn read<'de>(&'de self, record: RawRecord<'de>) -> Result<Self::Read<'de>, Fault> {
        self.values.ready(&record).await?;
        let key_is_ready = self.keys.ready(&record).await;
        let value = self.values.read(&record)?.unwrap();
        key_is_ready?;
        Ok((self.keys.read(&record)?.unwrap(), value))
    }

    fn decide(&self, (key, value): Self::Read<'_>) -> Result<Intent<String>, Failed> {
        assert!(key.starts_with('k') && value.starts_with('v'), "{key} {value}");
        Ok(Intent::Conditional(key.to_owned()))
    }

    async fn perform(&self, key: String) -> Result<Effect, Failed> {
        let mut tries = self.tries.lock().unwrap();
        let tries = tries.entry(key).or_default();
        *tries += 1;
        match *tries <= self.fails {
            true => Err(NotNow { for_good: false }.into()),
            false if self.gives_up => Err(NotNow { for_good: true }.into()),
            false => Ok(Effect::Done),
        }
    }
}

/// Short text as a datum.
fn datum(text: &str) -> Vec<u8> {
    [&[2 * text.len() as u8], text.as_bytes()].concat()
}

/// A datum in its frame, and the header that names its schema.
fn framed(format: FrameFormat, datum: &[u8]) -> (Vec<u8>, Option<Vec<i8>>) {
    let guid = GUID.as_bytes().as_slice();
    match format {
        FrameFormat::Confluent | FrameFormat::Apicurio => ([&[0, 0, 0, 0, 2], datum].concat(), None),
        FrameFormat::ConfluentHeader => {
            (datum.to_vec(), Some([&[1], guid].concat().into_iter().map(|byte| byte as i8).collect()))
        }
        FrameFormat::Glue => {
            let mut stream = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
            stream.write_all(datum).unwrap();
            ([&[3, 5], guid, &stream.finish().unwrap()].concat(), None)
        }
        FrameFormat::Metadata => (datum.to_vec(), None),
    }
}

pub(crate) fn records(format: FrameFormat) -> Value {
    let records: Vec<_> = (0..RECORDS)
        .map(|n| {
            let (key, key_header) = framed(format, &datum(&format!("k{n}")));
            let (value, value_header) = framed(format, &datum(&format!("v{n}")));
            let headers = key_header.zip(value_header).map_or_else(Vec::new, |(key, value)| {
                vec![json!({"__key_schema_id": key}), json!({"__value_schema_id": value})]
            });
            let mut more = json!({ "headers": headers });
            if format == FrameFormat::Metadata {
                let metadata = json!({"dataFormat": "AVRO", "schemaId": ID.to_string()});
                more["keySchemaMetadata"] = metadata.clone();
                more["valueSchemaMetadata"] = metadata;
            }
            record(n, &key, &value, more)
        })
        .collect();
    event(&records)
}

/// What a batch takes, and how its records end.
async fn effort(handler: ReadsBoth, order: Order, event: &Value) -> (Effort, Outcome) {
    let retry = RetryPolicy { attempts: 3, ..RetryPolicy::default() };
    let frames = Frames::both(handler.format);
    let world = World::with(handler, Settings { order, frames, retry, ..Settings::default() });
    Effort::taken();
    let report = world.deliver(event).await;
    (Effort::taken(), outcome(&report))
}

const FORMATS: [FrameFormat; 5] = [
    FrameFormat::Confluent,
    FrameFormat::ConfluentHeader,
    FrameFormat::Apicurio,
    FrameFormat::Glue,
    FrameFormat::Metadata,
];
const BY_KEY: Order = Order::Key { in_flight: NonZeroUsize::MIN.saturating_add(3) };
const SIDES: usize = 2 * RECORDS;

#[tokio::test(start_paused = true)]
async fn each_side_is_decoded_split_and_inflated_once_per_record() {
    for format in FORMATS {
        let inflated = if format == FrameFormat::Glue { SIDES } else { 0 };
        let expected = Effort { base64: SIDES, frames: SIDES, inflated };
        for order in [Order::Partition, BY_KEY] {
            // At the first try; at the third; and not even then, with letters that name the schemas.
            for (fails, gives_up) in [(0, false), (2, false), (2, true)] {
                let handler = ReadsBoth::new(format, fails, gives_up);
                let (effort, outcome) = effort(handler, order, &records(format)).await;
                assert_eq!(outcome, if gives_up { Outcome::DeadLettered("not_now") } else { Outcome::Done });
                assert_eq!(effort, expected, "{format:?} {order:?} {fails} {gives_up}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_cannot_be_read_is_split_once_too() {
    let broken: Vec<_> = (0..RECORDS).map(|n| record(n, b"\x07k", b"\x07v", json!({}))).collect();
    for order in [Order::Partition, BY_KEY] {
        let handler = ReadsBoth::new(FrameFormat::Confluent, 0, false);
        let (effort, outcome) = effort(handler, order, &event(&broken)).await;
        assert_eq!(outcome, Outcome::DeadLettered("frame_unknown_magic"));
        assert_eq!(effort, Effort { base64: SIDES, frames: SIDES, inflated: 0 });
    }
}
