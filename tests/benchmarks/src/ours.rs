//! The crates of this workspace through their public interface.

use std::{marker::PhantomData, sync::Arc};

use avro_decode::{AvroType, Limits};
use futures_util::FutureExt;
use kafka_events::{Encoded, Entry, Event};
use schema_registry::{Body, Clues, FrameFormat, PlanCache, SchemaId, SchemaRef, split, testing::InMemorySchemas};

use crate::{Key, Told, Way, Workload};

/// Scanner, frames, plan cache, compiled plans; `T` reads the values.
pub struct Compiled<T: AvroType> {
    keys: PlanCache<Key<&'static str>>,
    values: PlanCache<T>,
    _reader: PhantomData<fn() -> T>,
}

impl<T: AvroType> Compiled<T> {
    /// With the workload's schemas fetched and compiled.
    pub fn new(workload: &Workload) -> Self {
        let registry = Arc::new(InMemorySchemas::default());
        let [key, value] = [&workload.key_schema, &workload.value_schema].map(|(id, text)| {
            let schema = SchemaRef::Id(SchemaId(*id));
            registry.put(schema, text.as_str(), &[]);
            schema
        });
        let keys = PlanCache::new(Arc::clone(&registry) as _, Limits::default());
        let values = PlanCache::new(registry, Limits::default());
        // A registry in memory answers at once.
        keys.plan(key).now_or_never().unwrap().unwrap();
        values.plan(value).now_or_never().unwrap().unwrap();
        Self { keys, values, _reader: PhantomData }
    }
}

impl<T: AvroType> Way for Compiled<T>
where
    for<'de> T::Of<'de>: Told,
{
    fn run(&self, event: &[u8], visit: &mut dyn FnMut(&dyn Told, &dyn Told)) {
        let event = Event::scan(event).unwrap();
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

#[inline]
fn decode<'p, 's, T: AvroType>(
    plans: &PlanCache<T>,
    encoded: Encoded<'_>,
    scratch: &'s mut Vec<u8>,
    place: &'p mut Option<T::Of<'s>>,
) -> &'p T::Of<'s> {
    let bytes = encoded.decode_into(scratch).unwrap();
    let frame = split(FrameFormat::Confluent, bytes, Clues::default()).unwrap();
    let plan = plans.known(frame.schema).unwrap().unwrap();
    let Body::Plain(body) = frame.body else { panic!("compressed") };
    plan.decode_into(body, place).unwrap()
}
