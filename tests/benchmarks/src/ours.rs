//! Our scanner, frames and plans through their public interface, without the processor.

use std::{marker::PhantomData, sync::Arc};

use avro_decode::{AvroType, Limits};
use futures_util::FutureExt;
use kafka_events::{Encoded, Entry, Event};
use schema_registry::{
    Body, FrameFormat, KEY_SCHEMA_HEADER, PlanCache, SchemaHints, VALUE_SCHEMA_HEADER, split, testing::InMemorySchemas,
};

use crate::{Decoded, Framing, Key, Visitor, Way, Workload};

/// Scanner, frames, plan cache, compiled plans; `T` reads the values.
pub struct Compiled<T: AvroType> {
    framing: Framing,
    keys: PlanCache<Key<&'static str>>,
    values: PlanCache<T>,
    _reader: PhantomData<fn() -> T>,
}

impl<T: AvroType> Compiled<T> {
    /// With the workload's schemas fetched and compiled.
    pub fn new(workload: &Workload) -> Self {
        let (keys, values) = plans(workload);
        Self { framing: workload.framing, keys, values, _reader: PhantomData }
    }
}

/// The plans of a workload, with its schemas fetched and compiled.
pub(crate) fn plans<T: AvroType>(workload: &Workload) -> (PlanCache<Key<&'static str>>, PlanCache<T>) {
    let registry = Arc::new(InMemorySchemas::default());
    let [key, value] = [&workload.key_schema, &workload.value_schema].map(|(schema, text)| {
        registry.put(*schema, text.as_str(), &[]);
        *schema
    });
    let keys = PlanCache::new(Arc::clone(&registry) as _, Limits::default());
    let values = PlanCache::new(registry, Limits::default());
    // A registry in memory answers at once.
    keys.plan(key).now_or_never().unwrap().unwrap();
    values.plan(value).now_or_never().unwrap().unwrap();
    (keys, values)
}

impl<T: AvroType> Way for Compiled<T>
where
    for<'de> T::Of<'de>: Decoded,
{
    fn run(&self, event: &[u8], mut visit: Visitor) {
        let event = Event::scan(event).unwrap();
        if self.framing != Framing::Prefix {
            return self.run_framed(&event, visit);
        }
        let (mut key_scratch, mut value_scratch) = (Vec::new(), Vec::new());
        for entry in event.partitions.iter().flat_map(|partition| &partition.records) {
            let Entry::Record(record) = entry else { panic!("malformed") };
            let (mut key, mut value) = (None, None);
            let key = decode(&self.keys, record.key.unwrap(), &mut key_scratch, &mut key);
            let value = decode(&self.values, record.value.unwrap(), &mut value_scratch, &mut value);
            visit(key, value);
        }
    }
}

impl<T: AvroType> Compiled<T>
where
    for<'de> T::Of<'de>: Decoded,
{
    /// Frames with the id in a header, or with compressed bodies.
    fn run_framed(&self, event: &Event<'_>, mut visit: Visitor) {
        let format = format(self.framing);
        let (mut key_scratch, mut value_scratch) = (Vec::new(), Vec::new());
        for entry in event.partitions.iter().flat_map(|partition| &partition.records) {
            let Entry::Record(record) = entry else { panic!("malformed") };
            let header = |name| format.looks_at_headers().then(|| record.headers.get_last(name).unwrap()).flatten();
            let (key_header, value_header) = (header(KEY_SCHEMA_HEADER), header(VALUE_SCHEMA_HEADER));
            let hints = |header| SchemaHints { header, metadata_id: None };
            let key = record.key.unwrap().decode_into(&mut key_scratch).unwrap();
            let key = split(format, key, hints(key_header.as_deref())).unwrap();
            let value = record.value.unwrap().decode_into(&mut value_scratch).unwrap();
            let value = split(format, value, hints(value_header.as_deref())).unwrap();
            let (key_body, value_body) = (key.body.inflate().unwrap(), value.body.inflate().unwrap());
            let key = self.keys.known(key.schema).unwrap().unwrap().decode(&key_body).unwrap();
            let value = self.values.known(value.schema).unwrap().unwrap().decode(&value_body).unwrap();
            visit(&key, &value);
        }
    }
}

/// The format by which frames of this kind are read.
pub(crate) fn format(framing: Framing) -> FrameFormat {
    match framing {
        Framing::Prefix => FrameFormat::Confluent,
        Framing::Header => FrameFormat::ConfluentHeader,
        Framing::GlueZlib => FrameFormat::Glue,
    }
}

#[inline]
fn decode<'p, 's, T: AvroType>(
    plans: &PlanCache<T>,
    encoded: Encoded<'_>,
    scratch: &'s mut Vec<u8>,
    place: &'p mut Option<T::Of<'s>>,
) -> &'p T::Of<'s> {
    let bytes = encoded.decode_into(scratch).unwrap();
    let frame = split(FrameFormat::Confluent, bytes, SchemaHints::default()).unwrap();
    let plan = plans.known(frame.schema).unwrap().unwrap();
    let Body::Plain(body) = frame.body else { panic!("compressed") };
    plan.decode_into(body, place).unwrap()
}
