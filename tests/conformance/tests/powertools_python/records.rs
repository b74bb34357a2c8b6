//! Records in memory as a source of the mapping, and running the mapping on them.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use event_source_mapping::machine::{Rules, TopicPartition};
use event_source_mapping::{
    Cluster, EventHead, Filter, Invocation, KafkaRecord, LambdaFunction, Mapping, OnFailure, Progress, Source,
    SourceError, SourceEvent,
};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::invoke_api::{NAME, PythonFunction};

/// Topic-partitions with their records, all there from the start; ends behind the last one.
struct Log {
    events: VecDeque<SourceEvent>,
    commits: Mutex<BTreeMap<String, i64>>,
}

impl Log {
    fn of(records: Vec<KafkaRecord>) -> Self {
        let places: BTreeMap<_, _> = records.iter().map(|record| (record.at.clone(), ())).collect();
        let mut events: VecDeque<_> = places.into_keys().map(SourceEvent::Assigned).collect();
        events.push_back(SourceEvent::Records(records));
        Log { events, commits: Mutex::default() }
    }
}

impl Source for Log {
    async fn next(&mut self) -> Option<SourceEvent> {
        self.events.pop_front()
    }

    fn commit(&self, at: &TopicPartition, offset: i64) -> BoxFuture<'static, Result<(), SourceError>> {
        let earlier = self.commits.lock().unwrap().insert(at.to_string(), offset);
        assert!(earlier.is_none_or(|earlier| earlier < offset), "{at}: {offset} after {earlier:?}");
        Box::pin(async { Ok(()) })
    }

    async fn set_paused(&self, _: &TopicPartition, _: bool) {}
}

/// What a mapping did with the records.
pub(crate) struct Run {
    /// The committed offset of each topic-partition.
    pub(crate) committed: BTreeMap<String, i64>,
    /// How each invocation ended.
    pub(crate) outcomes: Vec<Invocation>,
    /// Why responses could not be used.
    pub(crate) unusable: Vec<String>,
    /// Records that the mapping gave up.
    pub(crate) given_up: Vec<(String, i64)>,
    /// What the handler wrote down.
    pub(crate) seen: Vec<Value>,
    /// What the function printed.
    pub(crate) output: String,
}

impl Run {
    /// The topic-partition and offset of the records of each invocation.
    pub(crate) fn deliveries(&self) -> Vec<Vec<(&str, i64)>> {
        self.seen.iter().map(|line| line["records"].as_array().unwrap().iter().map(place).collect()).collect()
    }
}

fn place(record: &Value) -> (&str, i64) {
    (record["name"].as_str().unwrap(), record["offset"].as_i64().unwrap())
}

/// Retries without a pause, and without a window.
pub(crate) fn rules() -> Rules {
    Rules { window: Duration::ZERO, first_pause: Duration::ZERO, longest_pause: Duration::ZERO, ..Rules::default() }
}

pub(crate) fn msk() -> Cluster {
    Cluster::Msk { arn: "arn:aws:kafka:us-east-1:000000000000:cluster/shop/1".to_owned() }
}

/// Runs a mapping until all records are finished.
pub(crate) async fn run(handler: &str, rules: Rules, cluster: Cluster, records: Vec<KafkaRecord>) -> Run {
    run_with_timeout(handler, Duration::from_secs(60), rules, cluster, records).await
}

pub(crate) async fn run_with_timeout(
    handler: &str,
    timeout: Duration,
    rules: Rules,
    cluster: Cluster,
    records: Vec<KafkaRecord>,
) -> Run {
    let function = PythonFunction::start(handler, timeout).await;
    let mapping = Mapping {
        rules,
        filter: Filter::default(),
        head: EventHead { cluster, bootstrap_servers: "one:9092,two:9092".to_owned() },
        target: Arc::new(LambdaFunction::new(NAME, Some(function.url())).await),
        destination: None::<Arc<OnFailure>>,
    };
    let mut source = Log::of(records);
    let (mut outcomes, mut unusables, mut given_up) = (Vec::new(), Vec::new(), Vec::new());
    let progress = |progress: Progress<'_>| match progress {
        Progress::Invoked { outcome, unusable, .. } => {
            outcomes.push(outcome.clone());
            unusables.extend(unusable);
        }
        Progress::GivenUp { records, .. } => {
            let places = records
                .iter()
                .flat_map(|(at, records)| records.iter().map(move |record| (at.to_string(), record.record().offset)));
            given_up.extend(places);
        }
        Progress::Assigned(_)
        | Progress::Revoked(_)
        | Progress::Committed { .. }
        | Progress::Trouble(_)
        | Progress::State { .. } => {}
    };
    mapping.run(&mut source, || Box::pin(pending()), progress).await;
    Run {
        committed: source.commits.into_inner().unwrap(),
        outcomes,
        unusable: unusables,
        given_up,
        seen: function.seen(),
        output: function.output(),
    }
}

/// An order of `topic-partition`, which its handler takes at once.
pub(crate) fn order(partition: i32, offset: i64) -> KafkaRecord {
    record(partition, offset, &json!({"id": offset}))
}

/// An order that fails this often before it succeeds: by `raise`, `exit` or `hang`.
pub(crate) fn failing(partition: i32, offset: i64, fails: u32, how: &str) -> KafkaRecord {
    record(partition, offset, &json!({"id": offset, "fails": fails, "how": how}))
}

fn record(partition: i32, offset: i64, value: &Value) -> KafkaRecord {
    KafkaRecord {
        at: TopicPartition::new("shop.orders", partition),
        offset,
        timestamp: 1_545_084_650_987,
        log_append_time: false,
        key: Some(format!("o-{offset}").into()),
        value: Some(value.to_string().into()),
        headers: Vec::new(),
    }
}
