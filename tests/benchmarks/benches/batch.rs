//! `cargo bench -p benchmarks --bench batch`: one batch of 5,000 records through the processor, whose stores and
//! effects take 5 ms each; measures the cost of order, and the DynamoDB writes per record.
//!
//! `in flight` is the most that were in flight at a time, as counted: however many keys a function lets run side by
//! side, the processor has a bound of its own.
//!
//! The last row is what the door costs: a batch of changes whose newest versions are kept in a table in memory, which
//! takes no time of its own, through a function of the door and through a handler of records written by hand.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark that meets a surprise must stop")]
#![allow(clippy::print_stdout, reason = "its report")]

use std::env;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use benchmarks::{ByHand, Framing, KeepsNewest, ThroughDoor, Workload, accounts};
use event_runtime::testing::{HookedClaims, MemoryClaims, MemoryDeadLetters};
use event_runtime::{
    ClaimKey, Deadline, Effect, Failed, Fault, Intent, Invocation, Order, Processor, RawRecord, RecordHandler,
    Settings, SystemClock,
};
use schema_registry::{Frames, KeyFormat};

const RECORDS: usize = 5_000;
const KEYS: usize = 500;
const LATENCY: Duration = Duration::from_millis(5);

/// Calls to stores and effects. A record makes one at a time, so as many calls under way as this counts are as many
/// records in flight.
#[derive(Default)]
struct Calls {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Calls {
    async fn take_their_time(&self) {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        tokio::time::sleep(LATENCY).await;
        self.now.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An effect that takes [`LATENCY`]: a mail under a claim, or one conditional write.
struct Function {
    claimed: bool,
    calls: Arc<Calls>,
    conditional_writes: Arc<AtomicUsize>,
}

impl RecordHandler for Function {
    type Read<'de> = i64;
    type Work = ();

    async fn read<'de>(&'de self, record: RawRecord<'de>) -> Result<i64, Fault> {
        Ok(record.offset + i64::from(record.partition) * RECORDS as i64)
    }

    fn decide(&self, record: i64) -> Result<Intent<()>, Failed> {
        if self.claimed {
            Ok(Intent::Claimed(ClaimKey::new("mail", &record.to_string())?.into(), ()))
        } else {
            Ok(Intent::Conditional(()))
        }
    }

    async fn perform(&self, (): ()) -> Result<Effect, Failed> {
        self.calls.take_their_time().await;
        if !self.claimed {
            self.conditional_writes.fetch_add(1, Ordering::Relaxed);
        }
        Ok(Effect::Done)
    }
}

/// A way to run the batch.
struct Way {
    name: &'static str,
    partitions: usize,
    order: Order,
    /// Records in flight; `None` leaves it at the processor's own bound.
    bound: Option<usize>,
}

impl Way {
    fn settings(&self) -> Settings {
        let usual = Settings::default();
        let bound = self.bound.and_then(NonZeroUsize::new).unwrap_or(usual.max_records_in_flight);
        // Their keys are plain text.
        let frames = Frames { keys: KeyFormat::Text, ..usual.frames };
        Settings { order: self.order, frames, max_records_in_flight: bound, ..usual }
    }
}

fn ways() -> Vec<Way> {
    let by_key = |in_flight| Order::Key { in_flight: NonZeroUsize::new(in_flight).unwrap() };
    let way = |name, partitions, order| Way { name, partitions, order, bound: None };
    vec![
        way("one partition, in sequence", 1, Order::Partition),
        way("10 partitions side by side", 10, Order::Partition),
        way("one partition, by key, 4 in flight", 1, by_key(4)),
        way("one partition, by key, 16 in flight", 1, by_key(16)),
        way("one partition, by key, 64 in flight", 1, by_key(64)),
        way("10 partitions, by key, 16 in flight each", 10, by_key(16)),
        Way { bound: Some(160), ..way("the same, and room for 160 records", 10, by_key(16)) },
    ]
}

fn event(partitions: usize, records: usize) -> String {
    let record = |partition: usize, offset: usize| {
        let key = base64_simd::STANDARD.encode_to_string(format!("account-{}", offset % KEYS));
        let value = base64_simd::STANDARD.encode_to_string([b'v'; 600]);
        format!(
            r#"{{"topic":"t","partition":{partition},"offset":{offset},"timestamp":1795000000000,"timestampType":"CREATE_TIME","key":"{key}","value":"{value}","headers":[]}}"#
        )
    };
    let partition = |partition| {
        let records: Vec<_> = (0..records / partitions).map(|offset| record(partition, offset)).collect();
        format!(r#""t-{partition}":[{}]"#, records.join(","))
    };
    let partitions: Vec<_> = (0..partitions).map(partition).collect();
    format!(r#"{{"eventSource":"aws:kafka","eventSourceArn":"arn","records":{{{}}}}}"#, partitions.join(","))
}

struct Measured {
    time: Duration,
    in_flight: usize,
    peak: u64,
    writes: f64,
    writes_again: f64,
}

fn measure(way: &Way, claimed: bool, records: usize) -> Measured {
    let event = event(way.partitions, records);
    let timed = deliver(way, claimed, &event, records, false);
    let mut counted = Delivered::default();
    // Once more in paused time, for the counts.
    let allocated = allocation_counter::measure(|| counted = deliver(way, claimed, &event, records, true));
    let per_record = |writes: usize| writes as f64 / records as f64;
    Measured {
        time: timed.time,
        in_flight: timed.in_flight,
        peak: allocated.bytes_max,
        writes: per_record(counted.writes),
        writes_again: per_record(counted.writes_again),
    }
}

#[derive(Default)]
struct Delivered {
    time: Duration,
    in_flight: usize,
    writes: usize,
    writes_again: usize,
}

/// Delivers the event, and in paused time once more.
fn deliver(way: &Way, claimed: bool, event: &str, records: usize, paused: bool) -> Delivered {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(paused).build().unwrap();
    let claims = MemoryClaims::new(Arc::new(SystemClock));
    let conditional_writes = Arc::new(AtomicUsize::new(0));
    let calls = Arc::new(Calls::default());
    let function = Function { claimed, calls: Arc::clone(&calls), conditional_writes: Arc::clone(&conditional_writes) };
    // The claims table answers after `LATENCY`.
    let slow = HookedClaims::new(claims.clone()).before({
        let calls = Arc::clone(&calls);
        move |_, _| {
            let calls = Arc::clone(&calls);
            async move { calls.take_their_time().await }
        }
    });
    let processor = Processor::new(function, Arc::new(slow), Arc::new(MemoryDeadLetters::default()), way.settings());
    let invocation = Invocation {
        request_id: "bench".to_owned(),
        function: "bench".to_owned(),
        function_version: "1".to_owned(),
        deadline: Deadline::unknown(),
    };
    let written = || claims.writes() + conditional_writes.load(Ordering::Relaxed);
    let started = Instant::now();
    let report = runtime.block_on(processor.process(event.as_bytes(), &invocation)).unwrap();
    let time = started.elapsed();
    assert_eq!((report.records(), report.unfinished_records()), (records, 0));
    let first = written();
    if paused {
        let again = runtime.block_on(processor.process(event.as_bytes(), &invocation)).unwrap();
        assert_eq!((again.records(), again.unfinished_records()), (records, 0));
    }
    let in_flight = calls.most.load(Ordering::Relaxed);
    Delivered { time, in_flight, writes: first, writes_again: written() - first }
}

/// The best of some deliveries each way, in turns, each to an empty table.
fn best_of<const N: usize>(workload: &Workload, runs: usize, ways: [fn(&Workload) -> Duration; N]) -> [Duration; N] {
    let mut best = [Duration::MAX; N];
    for _ in 0..runs {
        for (best, way) in best.iter_mut().zip(ways) {
            *best = way(workload).min(*best);
        }
    }
    best
}

fn time<K: KeepsNewest>(workload: &Workload) -> Duration {
    let function = K::new(workload);
    let started = Instant::now();
    let written = function.deliver(&workload.event);
    let time = started.elapsed();
    assert_eq!(written, workload.records);
    time
}

/// What the door costs on top of a handler written by hand.
fn print_door(quick: bool) {
    let workload = accounts(if quick { 300_000 } else { 5_000_000 }, Framing::Prefix);
    let runs = if quick { 1 } else { 20 };
    let [hand, door] = best_of(&workload, runs, [time::<ByHand>, time::<ThroughDoor>]);
    let per_record = |time: Duration| time.as_secs_f64() * 1e6 / workload.records as f64;
    println!(
        "\n{} changes, newest versions kept in memory, best of {runs}: by hand {:.2} µs a record, through the door {:.2} µs, \
         {:.2}x",
        workload.records,
        per_record(hand),
        per_record(door),
        door.as_secs_f64() / hand.as_secs_f64(),
    );
}

fn main() {
    let quick = env::args().any(|argument| argument == "--test");
    let records = if quick { 500 } else { RECORDS };
    println!(
        "{records} records of {KEYS} keys in one batch; claims table, queue and effect take {} ms each",
        LATENCY.as_millis()
    );
    for (claimed, effect) in [(true, "an effect under a claim"), (false, "a conditional effect")] {
        println!(
            "\n{effect:<42} {:>8} {:>10} {:>6} {:>9} {:>9} {:>13} {:>15}",
            "time", "records/s", "ratio", "in flight", "peak", "writes/record", "delivered again"
        );
        let mut sequence = None;
        for way in ways() {
            let Measured { time, in_flight, peak, writes, writes_again } = measure(&way, claimed, records);
            let ratio = sequence.get_or_insert(time).as_secs_f64() / time.as_secs_f64();
            println!(
                "{:<42} {:>6.2} s {:>10.0} {:>5.1}x {in_flight:>9} {:>5.1} MiB {writes:>13.2} {writes_again:>15.2}",
                way.name,
                time.as_secs_f64(),
                records as f64 / time.as_secs_f64(),
                ratio,
                peak as f64 / (1024.0 * 1024.0),
            );
        }
    }
    println!(
        "\nThe processor's own bound is {} records in flight, across all partitions. Peak: memory that the batch took on top \
         of its event.",
        Settings::default().max_records_in_flight
    );
    print_door(quick);
}
