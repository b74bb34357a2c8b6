//! Compressed bodies count against the bytes in flight by their inflated size.

use std::future::Future;
use std::io::Write;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use avro_decode::Limits;
use event_runtime::{
    AvroReader, Blame, Disposition, Effect, Failed, Failure, Fault, Intent, Order, Outcome, RawRecord, RecordHandler,
    RetryPolicy, Settings,
};
use schema_registry::testing::InMemorySchemas;
use schema_registry::{FrameFormat, MAX_INFLATED_BYTES, PlanCache, SchemaRef};
use serde_json::json;
use uuid::Uuid;

use crate::world::{World, event, outcome, record};

const VERSION: Uuid = Uuid::from_u128(7);

/// Text of so many bytes, compressed, in Glue's frame.
fn compressed(length: usize) -> Vec<u8> {
    let mut stream = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    let mut zigzag = (length as u64) << 1;
    while zigzag >= 0x80 {
        stream.write_all(&[zigzag as u8 | 0x80]).unwrap();
        zigzag >>= 7;
    }
    stream.write_all(&[zigzag as u8]).unwrap();
    stream.write_all(&vec![b'a'; length]).unwrap();
    [vec![3, 5], VERSION.as_bytes().to_vec(), stream.finish().unwrap()].concat()
}

/// Reads values (and keys alike) as text of one length and takes a second over each; fails every other try where
/// `fails` is set.
struct Slow {
    length: usize,
    keys: Option<AvroReader<&'static str>>,
    values: AvroReader<&'static str>,
    fails: bool,
    tries: AtomicUsize,
    /// How many are being handled now, and the most at a time.
    together: Arc<(AtomicUsize, AtomicUsize)>,
}

#[derive(Debug, thiserror::Error)]
#[error("not now")]
struct NotNow;

impl Failure for NotNow {
    fn disposition(&self) -> Disposition {
        Disposition::Retry { after: None }
    }
    fn code(&self) -> &'static str {
        "not_now"
    }
    fn blame(&self) -> Blame {
        Blame::Deployment
    }
}

impl Slow {
    fn new(length: usize, keys_too: bool, fails: bool) -> Self {
        let registry = Arc::new(InMemorySchemas::default());
        registry.put(SchemaRef::GlueVersion(VERSION), "\"string\"", &[]);
        let plans = || PlanCache::new(Arc::clone(&registry) as _, Limits::default());
        Slow {
            length,
            keys: keys_too.then(|| AvroReader::of_keys(FrameFormat::Glue, plans())),
            values: AvroReader::of_values(FrameFormat::Glue, plans()),
            fails,
            tries: AtomicUsize::new(0),
            together: Arc::default(),
        }
    }
}

impl RecordHandler for Slow {
    type Read<'de> = &'de str;
    type Work = usize;

    async fn read<'de>(&'de self, record: RawRecord<'de>) -> Result<&'de str, Fault> {
        self.values.ready(&record).await?;
        if let Some(keys) = &self.keys {
            keys.ready(&record).await?;
            assert_eq!(keys.read(&record)?.unwrap().len(), self.length);
        }
        Ok(self.values.read(&record)?.unwrap())
    }

    fn decide(&self, text: Self::Read<'_>) -> Result<Intent<usize>, Failed> {
        Ok(Intent::Conditional(text.len()))
    }

    async fn perform(&self, length: usize) -> Result<Effect, Failed> {
        let (now, most) = &*self.together;
        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(1)).await;
        now.fetch_sub(1, Ordering::SeqCst);
        assert_eq!(length, self.length);
        if self.fails && self.tries.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
            return Err(NotNow.into());
        }
        Ok(Effect::Done)
    }
}

fn settings(bound: usize) -> Settings {
    Settings {
        order: Order::Key { in_flight: NonZeroUsize::new(64).unwrap() },
        max_bytes_in_flight: NonZeroUsize::new(bound).unwrap(),
        effect_timeout: Duration::from_secs(60),
        retry: RetryPolicy { attempts: 50, ..RetryPolicy::default() },
        ..Settings::default()
    }
}

/// The most that was allocated at a time while something ran, beyond what was there before; and what it returned.
fn most_memory<T>(run: impl Future<Output = T>) -> (usize, T) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let mut returned = None;
    let counted = allocation_counter::measure(|| returned = Some(runtime.block_on(run)));
    (usize::try_from(counted.bytes_max).unwrap(), returned.unwrap())
}

#[test]
fn memory_stays_near_the_bound_however_many_bodies_inflate() {
    const MIB: usize = 1 << 20;
    // The bound has room for two of each size, with the bytes that they were delivered in.
    let cases = [
        (MAX_INFLATED_BYTES - 4, 34 * MIB, 32, false, false),
        (MIB, 9 * MIB / 4, 6, false, true),
        (MIB, 9 * MIB / 4, 6, true, false),
    ];
    for (length, bound, count, keys_too, fails) in cases {
        let value = compressed(length);
        let records: Vec<_> = (0..count)
            .map(|offset| {
                let key = if keys_too { value.clone() } else { format!("k{offset}").into_bytes() };
                // A topic-partition of its own, so that nothing else keeps it apart from the others.
                (format!("t-{offset}"), json!([record(offset, &key, &value, json!({}))]))
            })
            .collect();
        let event = json!({"eventSource": "aws:kafka", "records": serde_json::Map::from_iter(records)});
        let handler = Slow::new(length, keys_too, fails);
        let together = Arc::clone(&handler.together);
        let world = World::with(handler, settings(bound));
        let (memory, report) = most_memory(world.deliver(&event));
        let together = together.1.load(Ordering::SeqCst);
        println!(
            "{count} records of {length} bytes, keys too: {keys_too}, failing: {fails}: {} KiB, {together} at a time",
            memory >> 10
        );
        assert_eq!(outcome(&report), Outcome::Done);
        // Beside the bound one body may be moving to a larger place, and the event is held as text and as bytes.
        assert!(memory < bound + length + MIB, "{memory}");
        assert_eq!(together, if keys_too { 1 } else { 2 }, "records that fit run side by side");
    }
}

#[test]
fn small_bodies_do_not_wait_for_the_room_of_large_ones() {
    let value = compressed(8_000);
    let handler = Slow::new(8_000, false, false);
    let together = Arc::clone(&handler.together);
    let records: Vec<_> = (0..32).map(|n| record(n, format!("k{n}").as_bytes(), &value, json!({}))).collect();
    let event = event(&records);
    let world = World::with(handler, settings(1 << 20));
    let (_, report) = most_memory(world.deliver(&event));
    assert_eq!(outcome(&report), Outcome::Done);
    assert_eq!(together.1.load(Ordering::SeqCst), 32);
}
