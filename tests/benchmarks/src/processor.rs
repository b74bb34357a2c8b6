//! The processor, as deployed functions run it: a handler that reads keys and values, with records ordered by key.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use avro_decode::AvroType;
use event_runtime::{
    AvroReader, DeadLetter, DeadLetters, Deadline, Effect, Failed, Fault, Intent, Invocation, NoClaims, Order,
    Processor, RawRecord, RecordHandler, Settings, StoreError,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use schema_registry::Frames;

use crate::ours::{format, plans};
use crate::{Decoded, Key, Visitor, Way, Workload};

/// The whole path of a record up to the decision to skip it: no claim and no effect.
pub struct Processed<T: AvroType>(Arc<Readers<T>>);

struct Readers<T: AvroType> {
    frames: Frames,
    keys: AvroReader<Key<&'static str>>,
    values: AvroReader<T>,
}

impl<T: AvroType> Processed<T> {
    /// With the workload's schemas fetched and compiled.
    pub fn new(workload: &Workload) -> Self {
        let format = format(workload.framing);
        let (keys, values) = plans(workload);
        let (keys, values) = (AvroReader::of_keys(format, keys), AvroReader::of_values(format, values));
        Self(Arc::new(Readers { frames: Frames::both(format), keys, values }))
    }
}

impl<T: AvroType + 'static> Way for Processed<T>
where
    for<'de> T::Of<'de>: Decoded + Send,
{
    fn run(&self, event: &[u8], visit: Visitor) {
        let order = Order::Key { in_flight: NonZeroUsize::MIN.saturating_add(15) };
        let settings = Settings { order, frames: self.0.frames, ..Settings::default() };
        let handler = Visits { readers: Arc::clone(&self.0), visit: Mutex::new(visit) };
        let processor = Processor::new(handler, Arc::new(NoClaims), Arc::new(NoLetters), settings);
        let invocation = Invocation {
            request_id: "request".to_owned(),
            function: "benchmark".to_owned(),
            function_version: "1".to_owned(),
            deadline: Deadline::unknown(),
        };
        // Nothing is waited for: all schemas are known, and nothing but the batch is in flight.
        processor.process(event, &invocation).now_or_never().unwrap().unwrap();
    }
}

/// Hands each record over to the visitor, and skips it.
struct Visits<T: AvroType> {
    readers: Arc<Readers<T>>,
    visit: Mutex<Visitor>,
}

impl<T: AvroType + 'static> RecordHandler for Visits<T>
where
    for<'de> T::Of<'de>: Decoded + Send,
{
    type Read<'de> = (Key<&'de str>, T::Of<'de>);
    type Work = Infallible;

    async fn read<'de>(&'de self, record: RawRecord<'de>) -> Result<Self::Read<'de>, Fault> {
        let Readers { keys, values, .. } = &*self.readers;
        values.ready(&record).await?;
        keys.ready(&record).await?;
        let value = values.read(&record)?.unwrap();
        Ok((keys.read(&record)?.unwrap(), value))
    }

    fn decide(&self, (key, value): Self::Read<'_>) -> Result<Intent<Infallible>, Failed> {
        (self.visit.lock().unwrap())(&key, &value);
        Ok(Intent::Skip("visited"))
    }

    async fn perform(&self, work: Infallible) -> Result<Effect, Failed> {
        match work {}
    }
}

/// No record of a workload fails.
pub(crate) struct NoLetters;

impl DeadLetters for NoLetters {
    fn store<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), StoreError>> {
        panic!("{}", letter.error.code)
    }
}
