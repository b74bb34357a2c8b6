//! A model of the event source mapping: pollers that share a topic's partitions and deliver at least once.
//!
//! A partition that moves to another poller is read there from the committed offset, while the first poller's worker
//! may still process it: the same records are then delivered concurrently. A poller that dies before it commits
//! delivers again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use event_runtime::Answer as Answered;
use futures_util::future::join_all;
use kafka_events::BatchResponse;
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

/// The records of one partition in a batch.
#[derive(Clone)]
struct Part {
    epoch: u32,
    pending: BTreeSet<usize>,
    /// The offset to commit once nothing is pending.
    end: usize,
}

struct Batch {
    parts: BTreeMap<usize, Part>,
    retries: u32,
    since: Instant,
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
        let mut queue = VecDeque::new();
        while !self.is_finished() {
            if queue.is_empty() {
                queue.extend(self.fetch(me));
            }
            let Some(mut batch) = queue.pop_front() else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            self.keep_mine(me, &mut batch);
            if batch.parts.is_empty() {
                continue;
            }
            let delivery = scene.next_delivery();
            if self.batches.fetch_add(1, Ordering::Relaxed) >= MOST_DELIVERIES {
                return scene
                    .broken(Rule::ItEnds, format!("{MOST_DELIVERIES} deliveries, and records are still pending"));
            }
            let event = self.event(&batch);
            scene.note(|| Step::call(Actor::Source, Actor::Worker(delivery), batch_text(&batch), Answer::None));
            self.rebalance(delivery, &batch);
            let answer = self.worker(me).invoke(delivery, &event).await;
            if scene.decide_for(delivery, What::Commit, 1) > 0 {
                scene.note(|| Step::note(Actor::Source, "the poller dies before it commits"));
                self.restart(me);
                queue.clear();
                continue;
            }
            self.keep_mine(me, &mut batch);
            let again = match answer {
                Some(Answered::Batch(response)) => self.answered(batch, &response),
                Some(Answered::Redriven(_)) | None => self.failed(batch),
            };
            if let Some(batch) = again.first() {
                tokio::time::sleep(Duration::from_millis(500 << batch.retries.min(5))).await;
            }
            again.into_iter().rev().for_each(|batch| queue.push_front(batch));
        }
    }

    /// The next records of a poller's partitions, from the committed offsets.
    fn fetch(&self, me: usize) -> Option<Batch> {
        let world = &self.scene.world;
        let parts: BTreeMap<_, _> = self
            .progress()
            .iter()
            .enumerate()
            .filter(|(partition, at)| at.poller == me && at.committed < world.partitions[*partition].len())
            .map(|(partition, at)| {
                let end = (at.committed + world.batch).min(world.partitions[partition].len());
                (partition, Part { epoch: at.epoch, pending: (at.committed..end).collect(), end })
            })
            .collect();
        (!parts.is_empty()).then(|| Batch { parts, retries: 0, since: Instant::now() })
    }

    fn keep_mine(&self, me: usize, batch: &mut Batch) {
        let progress = self.progress();
        batch
            .parts
            .retain(|partition, part| progress[*partition].poller == me && progress[*partition].epoch == part.epoch);
    }

    fn rebalance(&self, delivery: u32, batch: &Batch) {
        let pollers = self.scene.world.pollers;
        if pollers < 2 {
            return;
        }
        let fates = u32::try_from(batch.parts.len()).unwrap_or(u32::MAX);
        let moved = self.scene.decide_for(delivery, What::Rebalance, fates);
        let partition = moved.checked_sub(1).and_then(|nth| batch.parts.keys().nth(nth as usize).copied());
        if let Some(partition) = partition {
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

    /// The function answered: without the feature, every answer is a success.
    fn answered(&self, mut batch: Batch, response: &BatchResponse) -> Vec<Batch> {
        let world = &self.scene.world;
        for (partition, part) in &mut batch.parts {
            let name = partition_name(*partition);
            let listed: BTreeSet<usize> = response
                .failures
                .iter()
                .filter(|failure| world.feature && failure.item.partition == name)
                .filter_map(|failure| usize::try_from(failure.item.offset).ok())
                .collect();
            part.pending = match (world.reading, listed.first()) {
                (Reading::FromTheLowest, Some(lowest)) => part.pending.split_off(lowest),
                (Reading::OnlyTheListed, _) | (_, None) => listed,
            };
            let end = part.pending.first().copied().unwrap_or(part.end);
            self.commit(*partition, end);
        }
        batch.parts.retain(|_, part| !part.pending.is_empty());
        self.again(batch)
    }

    /// The function failed: the batch is delivered again, in halves where the mapping bisects.
    fn failed(&self, batch: Batch) -> Vec<Batch> {
        let records: Vec<_> = batch
            .parts
            .iter()
            .flat_map(|(partition, part)| part.pending.iter().map(|offset| (*partition, *offset)))
            .collect();
        let mut batches = self.again(batch);
        if !self.scene.world.bisect || records.len() < 2 || batches.len() != 1 {
            return batches;
        }
        let middle = records[records.len() / 2];
        let Some(whole) = batches.pop() else { return batches };
        let half = |wanted: &dyn Fn((usize, usize)) -> bool| {
            let mut parts = whole.parts.clone();
            for (partition, part) in &mut parts {
                part.pending.retain(|offset| wanted((*partition, *offset)));
            }
            parts.retain(|_, part| !part.pending.is_empty());
            Batch { parts, retries: whole.retries, since: whole.since }
        };
        let (mut first, second) = (half(&|place| place < middle), half(&|place| place >= middle));
        for (partition, part) in &mut first.parts {
            if let Some(rest) = second.parts.get(partition).and_then(|rest| rest.pending.first()) {
                part.end = *rest;
            }
        }
        vec![first, second]
    }

    /// Pending records are delivered again, or go to the on-failure destination once the mapping's limits are passed.
    fn again(&self, batch: Batch) -> Vec<Batch> {
        if batch.parts.is_empty() {
            return Vec::new();
        }
        let retries = batch.retries + 1;
        let passed = self
            .scene
            .world
            .limits
            .is_some_and(|limits| retries > limits.retries || batch.since.elapsed() > limits.age);
        if !passed {
            return vec![Batch { retries, ..batch }];
        }
        self.scene.note(|| Step::note(Actor::Source, format!("to the on-failure destination: {}", batch_text(&batch))));
        for (partition, part) in batch.parts {
            self.scene.ledger(|ledger| part.pending.iter().for_each(|offset| ledger.given_away(partition, *offset)));
            self.commit(partition, part.end);
        }
        Vec::new()
    }

    fn commit(&self, partition: usize, end: usize) {
        let mut progress = self.progress();
        let committed = &mut progress[partition].committed;
        let scene = &self.scene;
        (*committed..end).for_each(|offset| scene.ledger(|ledger| ledger.committed(&scene.world, partition, offset)));
        *committed = end.max(*committed);
    }

    /// The batch as an event.
    fn event(&self, batch: &Batch) -> String {
        let records = |(partition, part): (&usize, &Part)| {
            part.pending
                .iter()
                .map(|offset| record_json(&self.scene.world, *partition, *offset))
                .collect::<Vec<_>>()
                .join(",")
        };
        let listed = |part: (&usize, &Part)| format!(r#""{}":[{}]"#, partition_name(*part.0), records(part));
        event_json(&batch.parts.iter().map(listed).collect::<Vec<_>>().join(","))
    }
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

fn partition_name(partition: usize) -> String {
    format!("topic-{partition}")
}

fn batch_text(batch: &Batch) -> String {
    let offsets = |part: &Part| part.pending.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let parts = batch.parts.iter().map(|(partition, part)| format!("partition {partition} at {}", offsets(part)));
    parts.collect::<Vec<_>>().join(", ")
}
