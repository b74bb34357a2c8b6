//! The processor, as deployed functions run it: a handler that reads keys and values, with records ordered by key.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use avro_decode::AvroType;
use event_runtime::{
    AvroReader, DeadLetter, DeadLetters, Deadline, Effect, Fault, Intent, Invocation, NoClaims, Order, Processor,
    RawRecord, RecordHandler, Settings, StoreError,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use schema_registry::KeyFormat;

use crate::ours::{format, plans};
use crate::{Decoded, Key, Visitor, Way, Workload};

/// The whole path of a record up to the decision to skip it: no claim and no effect.
pub struct Processed<T: AvroType> {
    format: KeyFormat,
    keys: AvroReader<Key<&'static str>>,
    values: AvroReader<T>,
}

impl<T: AvroType> Processed<T> {
    /// With the workload's schemas fetched and compiled.
    pub fn new(workload: &Workload) -> Self {
        let format = format(workload.framing);
        let (keys, values) = plans(workload);
        let (keys, values) = (AvroReader::of_keys(format, keys), AvroReader::of_values(format, values));
        Self { format: format.into(), keys, values }
    }
}

impl<T: AvroType> Way for Processed<T>
where
    for<'de> T::Of<'de>: Decoded + Send + Sync,
{
    fn run(&self, event: &[u8], visit: &mut Visitor<'_>) {
        let order = Order::Key { in_flight: NonZeroUsize::MIN.saturating_add(15) };
        let settings = Settings { order, ..Settings::default() };
        let handler = Visits { way: self, visit: Mutex::new(visit) };
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
struct Visits<'v, 'c, T: AvroType> {
    way: &'v Processed<T>,
    visit: Mutex<&'v mut Visitor<'c>>,
}

impl<T: AvroType> RecordHandler for Visits<'_, '_, T>
where
    for<'de> T::Of<'de>: Decoded + Send + Sync,
{
    type Event<'de> = (Key<&'de str>, T::Of<'de>);

    async fn decode<'de>(&'de self, record: RawRecord<'de>) -> Result<Self::Event<'de>, Fault> {
        self.way.values.ready(&record).await?;
        self.way.keys.ready(&record).await?;
        let value = self.way.values.read(&record)?.unwrap();
        Ok((self.way.keys.read(&record)?.unwrap(), value))
    }

    fn order_key<'k>(&self, key: &'k [u8]) -> &'k [u8] {
        self.way.format.order_key(key)
    }

    fn intent(&self, (key, value): &Self::Event<'_>) -> Result<Intent, Fault> {
        (self.visit.lock().unwrap())(key, value);
        Ok(Intent::Skip("visited"))
    }

    async fn handle(&self, _: &Self::Event<'_>) -> Result<Effect, Fault> {
        panic!("every record is skipped")
    }
}

/// No record of a workload fails.
struct NoLetters;

impl DeadLetters for NoLetters {
    fn store<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), StoreError>> {
        panic!("{}", letter.error.code)
    }
}
