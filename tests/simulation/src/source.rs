//! The event source mapping: pollers that share a topic's partitions and deliver at least once. What a poller does with
//! records and answers is the machine of `event-source-mapping`, the one that runs before a real broker.
//!
//! A partition that moves to another poller is read there from the committed offset, while the first poller's worker
//! may still process it: the same records are then delivered concurrently. A poller that dies before it commits
//! delivers again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use event_runtime::Answer as Answered;
use event_source_mapping::machine::{
    Action, Answer as MachineAnswer, Machine, PartialResponses, Record, Rules, Time, TopicPartition,
};
use futures_util::future::join_all;
use tokio::time::Instant;

use super::rule::Rule;
use super::scene::Scene;
use super::schedule::What;
use super::story::{Actor, Answer, Step};
use super::worker::Worker;
use super::world::{Reading, START, World};

/// A run with more deliveries than this is stuck.
const MOST_DELIVERIES: u32 = 400;

struct Progress {
    committed: usize,
    poller: usize,
    /// Grows each time that reading restarts: batches that were read before are dropped.
    epoch: u32,
}

/// A record as the machine sees it: its age counts from when it was read.
#[derive(Clone)]
struct Item {
    offset: i64,
    read: Time,
}

impl Record for Item {
    fn offset(&self) -> i64 {
        self.offset
    }

    fn timestamp(&self) -> Time {
        self.read
    }

    fn payload_bytes(&self) -> usize {
        100
    }
}

type Records = BTreeMap<TopicPartition, Vec<Item>>;

/// One poller: its machine, and the partitions that it has been told of, each with the epoch of its reading.
struct Poller {
    machine: Machine<Item>,
    assigned: BTreeMap<usize, u32>,
}

/// The mapping with its pollers.
pub(crate) struct Source {
    scene: Arc<Scene>,
    progress: Mutex<Vec<Progress>>,
    workers: Vec<Worker>,
    /// The number of batches that were delivered.
    batches: AtomicU32,
}

impl Source {
    pub(crate) fn new(scene: Arc<Scene>) -> Self {
        let world = &scene.world;
        let start = |partition| Progress { committed: 0, poller: partition % world.pollers, epoch: 0 };
        let progress = Mutex::new((0..world.partitions.len()).map(start).collect());
        let processes = if world.one_process { 1 } else { world.pollers };
        let ahead = [Duration::ZERO, world.skew];
        let workers = (0..processes)
            .map(|worker| Worker::new(Arc::clone(&scene), ahead[worker % 2], world.earlier && worker % 2 == 1))
            .collect();
        Source { scene, progress, workers, batches: AtomicU32::new(0) }
    }

    /// Delivers until everything is committed, or an invariant is broken.
    pub(crate) async fn poll(&self) {
        join_all((0..self.scene.world.pollers).map(|poller| self.poll_as(poller))).await;
    }

    pub(crate) fn shared_scene(&self) -> &Arc<Scene> {
        &self.scene
    }

    pub(crate) fn scene(&self) -> &Scene {
        &self.scene
    }

    pub(crate) fn worker(&self, of: usize) -> &Worker {
        &self.workers[of % self.workers.len()]
    }

    fn progress(&self) -> MutexGuard<'_, Vec<Progress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether everything is committed, or an invariant is broken.
    pub(crate) fn is_finished(&self) -> bool {
        self.scene.is_broken()
            || self.progress().iter().zip(&self.scene.world.partitions).all(|(at, log)| at.committed == log.len())
    }

    async fn poll_as(&self, me: usize) {
        let scene = &self.scene;
        let started = Instant::now();
        let now = || Time(START.0.cast_signed()).plus(started.elapsed());
        let new_poller = || Poller { machine: Machine::new(rules(&scene.world)), assigned: BTreeMap::new() };
        let mut poller = new_poller();
        while !self.is_finished() {
            self.assign(me, &mut poller, now());
            match poller.machine.poll(now()) {
                Some(Action::Invoke { batch, records, .. }) => {
                    let delivery = scene.next_delivery();
                    if self.batches.fetch_add(1, Ordering::Relaxed) >= MOST_DELIVERIES {
                        let stuck = format!("{MOST_DELIVERIES} deliveries, and records are still pending");
                        return scene.broken(Rule::ItEnds, stuck);
                    }
                    let event = self.event(&records);
                    scene.note(|| {
                        Step::call(Actor::Source, Actor::Worker(delivery), batch_text(&records), Answer::None)
                    });
                    self.rebalance(delivery, &records);
                    let answer = self.worker(me).invoke(delivery, &event).await;
                    if scene.decide_for(delivery, What::Commit, 1) > 0 {
                        scene.note(|| Step::note(Actor::Source, "the poller dies before it commits"));
                        self.restart(me);
                        poller = new_poller();
                        continue;
                    }
                    // What moved meanwhile is not this poller's to commit.
                    self.assign(me, &mut poller, now());
                    let response = match answer {
                        Some(Answered::Batch(response)) => serde_json::to_vec(&response).ok(),
                        Some(Answered::Redriven(_)) | None => None,
                    };
                    let answer = response.as_deref().map_or(MachineAnswer::Failed, MachineAnswer::Returned);
                    // A response that the machine cannot use brings the batch back, as a failure does.
                    let _ = poller.machine.answered(batch, answer, now());
                }
                Some(Action::Send { batch, records, .. }) => {
                    scene.note(|| {
                        Step::note(Actor::Source, format!("to the on-failure destination: {}", batch_text(&records)))
                    });
                    self.give_away(&records);
                    poller.machine.delivered(batch, true, now());
                }
                Some(Action::Drop { records, .. }) => self.give_away(&records),
                Some(Action::Commit { at, offset }) => self.commit(&at, offset),
                None => {
                    let pause = poller.machine.wakes_at().map_or(Duration::from_millis(100), |at| at.since(now()));
                    tokio::time::sleep(pause.min(Duration::from_millis(100))).await;
                }
            }
        }
    }

    /// Tells a poller which partitions are its own now, and reads the new ones from their committed offsets.
    fn assign(&self, me: usize, poller: &mut Poller, now: Time) {
        for (partition, progress) in self.progress().iter().enumerate() {
            let at = topic_partition(partition);
            let mine = progress.poller == me;
            match poller.assigned.get(&partition) {
                Some(epoch) if mine && *epoch == progress.epoch => continue,
                Some(_) => poller.machine.revoked(&at),
                None => {}
            }
            poller.assigned.remove(&partition);
            if mine {
                poller.assigned.insert(partition, progress.epoch);
                poller.machine.assigned(at.clone());
                let log = self.scene.world.partitions[partition].len();
                let item = |offset: usize| Item { offset: i64::try_from(offset).unwrap_or(i64::MAX), read: now };
                poller.machine.received(&at, (progress.committed..log).map(item), now);
            }
        }
    }

    fn rebalance(&self, delivery: u32, records: &Records) {
        let pollers = self.scene.world.pollers;
        if pollers < 2 {
            return;
        }
        let fates = u32::try_from(records.len()).unwrap_or(u32::MAX);
        let moved = self.scene.decide_for(delivery, What::Rebalance, fates);
        let at = moved.checked_sub(1).and_then(|nth| records.keys().nth(nth as usize));
        if let Some(partition) = at.map(partition_of) {
            let progress = &mut self.progress()[partition];
            progress.poller = (progress.poller + 1) % pollers;
            progress.epoch += 1;
            self.scene.note(|| Step::note(Actor::Source, format!("partition {partition} moves to another poller")));
        }
    }

    fn restart(&self, me: usize) {
        for progress in self.progress().iter_mut().filter(|progress| progress.poller == me) {
            progress.epoch += 1;
        }
    }

    fn give_away(&self, records: &Records) {
        for (partition, offset) in places(records) {
            self.scene.ledger(|ledger| ledger.given_away(partition, offset));
        }
    }

    fn commit(&self, at: &TopicPartition, offset: i64) {
        let (partition, end) = (partition_of(at), usize::try_from(offset).unwrap_or(0));
        let mut progress = self.progress();
        let committed = &mut progress[partition].committed;
        let scene = &self.scene;
        (*committed..end).for_each(|offset| scene.ledger(|ledger| ledger.committed(&scene.world, partition, offset)));
        *committed = end.max(*committed);
    }

    /// The batch as an event.
    fn event(&self, records: &Records) -> String {
        let part = |(at, records): (&TopicPartition, &Vec<Item>)| {
            let partition = partition_of(at);
            let json =
                |item: &Item| record_json(&self.scene.world, partition, usize::try_from(item.offset).unwrap_or(0));
            format!(r#""{at}":[{}]"#, records.iter().map(json).collect::<Vec<_>>().join(","))
        };
        event_json(&records.iter().map(part).collect::<Vec<_>>().join(","))
    }
}

/// The settings of a world's mapping. A batch takes as much of each partition as the world says.
fn rules(world: &World) -> Rules {
    Rules {
        batch_size: world.batch * world.partitions.len(),
        window: Duration::ZERO,
        partial_responses: world.feature.then_some(match world.reading {
            Reading::FromTheLowest => PartialResponses::FromTheLowest,
            Reading::OnlyTheListed => PartialResponses::OnlyTheListed,
        }),
        bisect: world.bisect,
        splitting_counts: true,
        retries: world.limits.map(|limits| limits.retries),
        age: world.limits.map(|limits| limits.age),
        destination: world.limits.is_some(),
        first_pause: Duration::from_secs(1),
        longest_pause: Duration::from_secs(16),
        ..Rules::default()
    }
}

fn topic_partition(partition: usize) -> TopicPartition {
    TopicPartition::new("topic", i32::try_from(partition).unwrap_or(i32::MAX))
}

fn partition_of(at: &TopicPartition) -> usize {
    usize::try_from(at.partition).unwrap_or(0)
}

fn places(records: &Records) -> impl Iterator<Item = (usize, usize)> + '_ {
    let offset = |item: &Item| usize::try_from(item.offset).unwrap_or(0);
    records.iter().flat_map(move |(at, records)| records.iter().map(move |item| (partition_of(at), offset(item))))
}

fn event_json(partitions: &str) -> String {
    format!(r#"{{"eventSource":"aws:kafka","eventSourceArn":"arn","records":{{{partitions}}}}}"#)
}

fn record_json(world: &World, partition: usize, offset: usize) -> String {
    let base64 = |text: &str| base64_simd::STANDARD.encode_to_string(text);
    let record = world.partitions[partition][offset];
    let key = record.key.map_or("null".to_owned(), |key| format!("\"{}\"", base64(&format!("k{key}"))));
    let (timestamp, value) = (START.0, base64(&record.to_string()));
    format!(
        r#"{{"topic":"topic","partition":{partition},"offset":{offset},"timestamp":{timestamp},"timestampType":"CREATE_TIME","key":{key},"value":"{value}","headers":[]}}"#
    )
}

fn batch_text(records: &Records) -> String {
    let offsets =
        |records: &Vec<Item>| records.iter().map(|item| item.offset.to_string()).collect::<Vec<_>>().join(" ");
    let parts = records.iter().map(|(at, records)| format!("partition {} at {}", at.partition, offsets(records)));
    parts.collect::<Vec<_>>().join(", ")
}
