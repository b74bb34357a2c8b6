//! The real processor in a hostile world, deterministic by seed.
//!
//! The event source delivers at least once: it repeats batches, delivers one batch to two workers at a time, and reads
//! partial responses either way that AWS's documentation allows. Workers die at any await point and their clocks
//! differ. Stores fail before or after they applied a write; the effect is throttled, rejected, or its answer is lost.
//! Then the faults end, what is owed is delivered until nothing is, and the books must balance.
//!
//! `SEEDS=2000 cargo test -p event-runtime --test simulation` runs more; `SEED=17` replays one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets a surprise must fail"
)]

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use event_runtime::testing::{MemoryClaims, MemoryDeadLetters};
use event_runtime::{
    Claim, ClaimKey, Claims, Clock, DeadLetter, DeadLetters, Deadline, Decision, Disposition, Effect, EffectId,
    Failure, Fault, Held, Intent, Invocation, LetterId, Order, Processor, RawRecord, RecordHandler, Reporting,
    Resolved, Settings, Settled, Stage, StoreError, UnixMillis,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::time::Instant;

const START: UnixMillis = UnixMillis(1_795_000_000_000);
const LANES: usize = 3;
const RECORDS: usize = 12;
const ACCOUNTS: u32 = 8;

/// How often each fault happens, in percent; zero once the world has calmed down.
#[derive(Clone, Copy, Default)]
struct Rates {
    store_fails: u32,
    answer_lost: u32,
    throttled: u32,
    effect_uncertain: u32,
    crash: u32,
    duplicate: u32,
}

impl Rates {
    fn of(rng: &mut fastrand::Rng) -> Self {
        let mut rate = || [0, 5, 30][rng.usize(..3)];
        Rates {
            store_fails: rate(),
            answer_lost: rate(),
            throttled: rate(),
            effect_uncertain: rate(),
            crash: rate(),
            duplicate: rate(),
        }
    }
}

#[derive(Clone)]
struct Weather(Arc<Mutex<(fastrand::Rng, Rates)>>);

impl Weather {
    fn strikes(&self, rate: impl Fn(&Rates) -> u32) -> bool {
        let (rng, rates) = &mut *self.0.lock().unwrap();
        rng.u32(..100) < rate(rates)
    }

    fn below(&self, limit: usize) -> usize {
        self.0.lock().unwrap().0.usize(..limit)
    }

    async fn passes(&self) {
        let latency = self.below(30) as u64;
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }

    /// A store's operation: it may fail without effect, or take effect and fail all the same.
    async fn store<T>(&self, operation: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.passes().await;
        if self.strikes(|rates| rates.store_fails) {
            return Err(store_error());
        }
        let result = operation.await;
        self.passes().await;
        if self.strikes(|rates| rates.answer_lost) { Err(store_error()) } else { result }
    }
}

fn store_error() -> StoreError {
    StoreError {
        store: "the store",
        operation: "answer",
        code: "unavailable",
        retry_after: None,
        cause: "weather".into(),
    }
}

struct WorkerClock {
    started: Instant,
    skew: Duration,
}

impl Clock for WorkerClock {
    fn now(&self) -> UnixMillis {
        START.plus(self.started.elapsed()).plus(self.skew)
    }
}

struct StormyClaims(MemoryClaims, Weather);

impl Claims for StormyClaims {
    fn claim<'a>(&'a self, effect: &'a EffectId, lease: Duration) -> BoxFuture<'a, Result<Claim, StoreError>> {
        self.1.store(self.0.claim(effect, lease)).boxed()
    }
    fn complete<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.1.store(self.0.complete(held)).boxed()
    }
    fn release<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.1.store(self.0.release(held)).boxed()
    }
    fn park<'a>(&'a self, held: &'a Held, letter: &'a LetterId) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.1.store(self.0.park(held, letter)).boxed()
    }
    fn resolve<'a>(
        &'a self,
        key: &'a ClaimKey,
        letter: &'a LetterId,
        decision: Decision,
        by: &'a str,
    ) -> BoxFuture<'a, Result<Resolved, StoreError>> {
        self.1.store(self.0.resolve(key, letter, decision, by)).boxed()
    }
}

struct StormyLetters(MemoryDeadLetters, Weather);

impl DeadLetters for StormyLetters {
    fn store<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), StoreError>> {
        self.1.store(self.0.store(letter)).boxed()
    }
}

/// What really happened, whatever anybody was told.
#[derive(Default)]
struct Truth {
    sent: BTreeMap<String, usize>,
    /// Conditional effects in the order in which they were applied: lane and key with the version, an offset.
    applied: Vec<((String, String), usize)>,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Says(&'static str);

impl Failure for Says {
    fn disposition(&self) -> Disposition {
        match self.0 {
            "throttled" => Disposition::Retry { after: None },
            "answer_lost" => Disposition::Uncertain,
            _ => Disposition::DeadLetter,
        }
    }
    fn code(&self) -> &'static str {
        self.0
    }
    fn blame(&self) -> event_runtime::Blame {
        event_runtime::Blame::Record
    }
}

struct World {
    truth: Arc<Mutex<Truth>>,
    weather: Weather,
}

struct Seen {
    verb: String,
    subject: String,
    lane: String,
    offset: usize,
}

impl RecordHandler for World {
    type Event<'de> = Seen;

    async fn decode<'de>(&'de self, record: RawRecord<'de>) -> Result<Seen, Fault> {
        let text = std::str::from_utf8(record.value.unwrap()).unwrap();
        let (verb, subject) = text.split_once(':').unwrap();
        if verb == "garbage" {
            return Err(Fault::new(Stage::Decode, Says("garbage")));
        }
        if self.weather.strikes(|rates| rates.throttled) {
            return Err(Fault::new(Stage::Decode, Says("throttled")));
        }
        let lane = format!("topic-{}", record.partition);
        Ok(Seen { verb: verb.to_owned(), subject: subject.to_owned(), lane, offset: record.offset as usize })
    }

    fn intent(&self, seen: &Self::Event<'_>) -> Result<Intent, Fault> {
        match seen.verb.as_str() {
            "skip" => Ok(Intent::Skip("on_purpose")),
            "version" => Ok(Intent::Conditional),
            _ => Ok(Intent::Claimed(ClaimKey::new("welcome", &seen.subject)?.into())),
        }
    }

    async fn handle(&self, seen: &Self::Event<'_>) -> Result<Effect, Fault> {
        self.weather.passes().await;
        if self.weather.strikes(|rates| rates.throttled) {
            return Err(Says("throttled").into());
        }
        if seen.verb == "reject" {
            return Err(Says("rejected").into());
        }
        if seen.verb == "send" {
            if self.weather.strikes(|rates| rates.effect_uncertain) {
                if self.weather.below(2) == 0 {
                    *self.truth.lock().unwrap().sent.entry(seen.subject.clone()).or_default() += 1;
                }
                return Err(Says("answer_lost").into());
            }
            *self.truth.lock().unwrap().sent.entry(seen.subject.clone()).or_default() += 1;
            self.weather.passes().await;
            return Ok(Effect::Done);
        }
        let key = (seen.lane.clone(), seen.subject.clone());
        let mut truth = self.truth.lock().unwrap();
        let newest = truth.applied.iter().rev().find(|(applied, _)| *applied == key).map(|(_, version)| *version);
        if newest >= Some(seen.offset) {
            return Ok(Effect::Duplicate);
        }
        truth.applied.push((key, seen.offset));
        Ok(Effect::Done)
    }
}

/// Drops a future after so many polls: a worker that dies at an await point.
async fn die_after<T>(polls: Option<usize>, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let left = Cell::new(polls);
    std::future::poll_fn(move |cx| {
        match left.get() {
            Some(0) => return Poll::Ready(None),
            Some(polls) => left.set(Some(polls - 1)),
            None => {}
        }
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

/// How AWS may act on a partial batch response; its documentation allows both.
#[derive(Clone, Copy, PartialEq)]
enum Reading {
    OnlyTheListed,
    FromTheLowest,
}

struct Scenario {
    log: Vec<Vec<String>>,
    reporting: Reporting,
    reading: Reading,
    order: Order,
    batch_size: usize,
}

impl Scenario {
    fn of(rng: &mut fastrand::Rng) -> Self {
        let value = |rng: &mut fastrand::Rng| match rng.u32(..10) {
            0 => "skip:x".to_owned(),
            1 => "garbage:x".to_owned(),
            2 => format!("reject:r{}", rng.u32(..3)),
            3..=5 => format!("version:k{}", rng.u32(..3)),
            _ => format!("send:a{}", rng.u32(..ACCOUNTS)),
        };
        Scenario {
            log: (0..LANES).map(|_| (0..RECORDS).map(|_| value(rng)).collect()).collect(),
            reporting: if rng.bool() { Reporting::PartialBatch } else { Reporting::WholeBatch },
            reading: if rng.bool() { Reading::OnlyTheListed } else { Reading::FromTheLowest },
            order: if rng.bool() { Order::Partition } else { Order::Key { in_flight: 3.try_into().unwrap() } },
            batch_size: rng.usize(1..=RECORDS),
        }
    }

    /// The records of a lane that an event carries.
    fn records(&self, lane: usize, offsets: &BTreeSet<usize>) -> Value {
        let record = |offset: &usize| {
            let value = &self.log[lane][*offset];
            let key = value.split_once(':').unwrap().1;
            json!({"topic": "topic", "partition": lane, "offset": offset, "timestamp": START.0,
                   "key": base64_simd::STANDARD.encode_to_string(key),
                   "value": base64_simd::STANDARD.encode_to_string(value), "headers": []})
        };
        offsets.iter().map(record).collect()
    }
}

/// One run; the error says which book does not balance.
async fn simulate(seed: u64) -> Result<(), String> {
    fastrand::seed(seed);
    let mut rng = fastrand::Rng::with_seed(seed);
    let scenario = Scenario::of(&mut rng);
    let rates = Rates::of(&mut rng);
    let weather = Weather(Arc::new(Mutex::new((rng, rates))));
    let started = Instant::now();
    let truth = Arc::new(Mutex::new(Truth::default()));
    // Each store of claims reads its worker's clock; the lease's margin must cover the difference.
    let shared = MemoryClaims::new(Arc::new(WorkerClock { started, skew: Duration::ZERO }));
    let letters = MemoryDeadLetters::default();
    let worker = |skew_ms: u64| {
        let clock: Arc<dyn Clock> = Arc::new(WorkerClock { started, skew: Duration::from_millis(skew_ms) });
        let claims = StormyClaims(shared.with_clock(clock.clone()), weather.clone());
        let stored = StormyLetters(letters.clone(), weather.clone());
        let settings = Settings {
            effect_timeout: Duration::from_secs(2),
            lease_skew: Duration::from_secs(2),
            order: scenario.order,
            ..Settings::default()
        };
        let handler = World { truth: Arc::clone(&truth), weather: weather.clone() };
        Processor::new(handler, Arc::new(claims), Arc::new(stored), settings).with_clock(clock)
    };
    let workers = [worker(0), worker(1500)];

    let mut owed: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); LANES];
    let mut next = [0; LANES];
    let mut deliveries = 0;
    loop {
        for lane in 0..LANES {
            if owed[lane].is_empty() {
                let end = (next[lane] + scenario.batch_size).min(RECORDS);
                owed[lane] = (next[lane]..end).collect();
                next[lane] = end;
            }
        }
        if owed.iter().all(BTreeSet::is_empty) {
            break;
        }
        deliveries += 1;
        if deliveries > 40 {
            weather.0.lock().unwrap().1 = Rates::default();
        }
        if deliveries > 200 {
            return Err(format!("still owed after {deliveries} deliveries: {owed:?}"));
        }

        let lanes: serde_json::Map<_, _> = (0..LANES)
            .filter(|lane| !owed[*lane].is_empty())
            .map(|lane| (format!("topic-{lane}"), scenario.records(lane, &owed[lane])))
            .collect();
        let body = json!({"eventSource": "aws:kafka", "eventSourceArn": "arn", "records": lanes}).to_string();
        let invoke = |worker: usize| {
            let crash = weather.strikes(|rates| rates.crash).then(|| weather.below(60));
            let (processor, body) = (&workers[worker], body.as_bytes());
            let invocation = Invocation {
                request_id: deliveries.to_string(),
                function: "simulated".to_owned(),
                function_version: "1".to_owned(),
                deadline: Deadline::within(Duration::from_secs(30)),
            };
            async move {
                let report = die_after(crash, processor.process(body, &invocation)).await?;
                Some(report.unwrap().answer(scenario.reporting))
            }
        };
        let first = deliveries % 2;
        let answer = if weather.strikes(|rates| rates.duplicate) {
            // A rebalance: another worker gets the same batch while the first is at it.
            let (answer, _) = tokio::join!(invoke(first), invoke(1 - first));
            answer
        } else {
            invoke(first).await
        };
        let repeated = weather.strikes(|rates| rates.duplicate);
        match answer {
            Some(Ok(response)) if !repeated => {
                for (lane, owed) in owed.iter_mut().enumerate() {
                    let listed: BTreeSet<usize> = response
                        .failures
                        .iter()
                        .filter(|failure| failure.item.partition == format!("topic-{lane}"))
                        .map(|failure| failure.item.offset as usize)
                        .collect();
                    *owed = match (scenario.reading, listed.first()) {
                        (Reading::FromTheLowest, Some(lowest)) => owed.split_off(lowest),
                        (Reading::OnlyTheListed, _) | (_, None) => listed,
                    };
                }
            }
            // Dead, failed, or delivered again all the same: everything is still owed.
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    balance(&scenario, &truth.lock().unwrap(), &letters.letters())
}

fn balance(scenario: &Scenario, truth: &Truth, letters: &[DeadLetter]) -> Result<(), String> {
    let parked: BTreeSet<&str> = letters.iter().filter_map(|letter| letter.claim.as_deref()).collect();
    for (lane, values) in scenario.log.iter().enumerate() {
        for (offset, value) in values.iter().enumerate() {
            let (verb, subject) = value.split_once(':').unwrap();
            let letter = letters
                .iter()
                .any(|letter| letter.place.offset == Some(offset as i64) && letter.place.partition as usize == lane);
            let sent = truth.sent.get(subject).copied().unwrap_or_default();
            let claim = format!("welcome:{subject}");
            match verb {
                "send" if sent > 1 => return Err(format!("{value} took effect {sent} times")),
                "send" if sent == 0 && !parked.contains(&*claim) => return Err(format!("{value} is lost")),
                "reject" if !parked.contains(&*claim) => return Err(format!("{value} has no letter")),
                "garbage" if !letter => return Err(format!("{value} at {lane}@{offset} has no letter")),
                "skip" if letter => return Err(format!("{value} was parked")),
                "version" => {
                    let key = (format!("topic-{lane}"), subject.to_owned());
                    let times = truth.applied.iter().filter(|applied| **applied == (key.clone(), offset)).count();
                    if times != 1 {
                        return Err(format!("{value} at {lane}@{offset} was applied {times} times: order was lost"));
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}

#[test]
fn the_books_balance_whatever_the_weather() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seeds = match number("SEED") {
        Some(seed) => seed..=seed,
        None => 1..=number("SEEDS").unwrap_or(400),
    };
    let started = std::time::Instant::now();
    let mut violations = 0;
    for seed in seeds.clone() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        if let Err(violation) = runtime.block_on(simulate(seed)) {
            violations += 1;
            println!("seed {seed}: {violation}");
        }
    }
    let count = seeds.end() - seeds.start() + 1;
    let records = count as usize * LANES * RECORDS;
    println!("{count} seeds, {records} records, {violations} violations, {:.1} s", started.elapsed().as_secs_f64());
    assert_eq!(violations, 0);
}
