//! The event source mapping between recorded records and a target, with the rules of the one that runs before a real
//! broker.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use event_source_mapping::machine::Rules;
use event_source_mapping::{Filter, Invocation as Outcome, Mapping, OnFailure, Progress};
use tokio::sync::Mutex;

use crate::event::Origin;
use crate::source::RecordedLog;
use crate::target::{Invocation, Target};

/// The rules that [`deliver`] is meant for: AWS's defaults with an end to retries, which would hide a failure, and without
/// waiting for records that will not come.
pub fn local_rules() -> Rules {
    let first_pause = Duration::from_millis(100);
    Rules { window: Duration::ZERO, retries: Some(5), first_pause, longest_pause: 16 * first_pause, ..Rules::default() }
}

/// What a mapping did with the records of its source.
#[derive(Debug, Clone, Default)]
pub struct Delivery {
    /// Records taken from the source.
    pub records: usize,
    /// Batches made of them.
    pub batches: usize,
    /// Invocations, retries included.
    pub invocations: usize,
    /// Records that were given up, by `topic-partition` and offset: still unfinished after the last attempt, or too large
    /// for any event.
    pub gave_up: BTreeSet<(String, i64)>,
    /// Why invocations did not finish their batch, in the order in which it happened.
    pub failures: Vec<String>,
    /// How long all of it took.
    pub took: Duration,
}

impl Delivery {
    /// Adds another delivery to this one.
    pub fn add(&mut self, other: Delivery) {
        self.records += other.records;
        self.batches += other.batches;
        self.invocations += other.invocations;
        self.gave_up.extend(other.gave_up);
        self.failures.extend(other.failures);
        self.took += other.took;
    }

    fn note(&mut self, event: &Progress<'_>, reads_responses: bool) {
        match event {
            Progress::Invoked { records, invocation, outcome, unusable, .. } => {
                let sent = records.values().map(Vec::len).sum();
                self.invocations += 1;
                if *invocation == 1 {
                    self.batches += 1;
                    self.records += sent;
                }
                let unfinished = unusable.clone().or_else(|| unfinished(outcome, sent, reads_responses));
                self.failures.extend(unfinished);
            }
            Progress::GivenUp { records, .. } => {
                let places = records.iter().flat_map(|(at, records)| {
                    records.iter().map(move |record| (at.to_string(), record.record().offset))
                });
                self.gave_up.extend(places);
            }
            Progress::Assigned(_)
            | Progress::Revoked(_)
            | Progress::Committed { .. }
            | Progress::Trouble(_)
            | Progress::State { .. } => {}
        }
    }
}

/// Delivers everything that `source` has to `target`; `progress` is called with the number of records that were sent, for
/// each batch once.
///
/// There is no destination: what is given up is named by [`Delivery::gave_up`] and dropped.
pub async fn deliver(
    source: &mut RecordedLog,
    target: &impl Target,
    rules: Rules,
    mut progress: impl FnMut(usize),
) -> Delivery {
    let started = Instant::now();
    let reads_responses = rules.partial_responses.is_some();
    let mapping = Mapping {
        rules: Rules { destination: false, ..rules },
        filter: Filter::default(),
        head: Origin::Msk.head(),
        target: Arc::new(OneProcess { target, free: Mutex::default() }),
        destination: None::<Arc<OnFailure>>,
    };
    let mut delivery = Delivery::default();
    let note = |event: Progress<'_>| {
        let before = delivery.records;
        delivery.note(&event, reads_responses);
        if delivery.records > before {
            progress(delivery.records);
        }
    };
    // It ends with the source.
    let counters = mapping.run(source, || Box::pin(pending()), note).await;
    // Those too large for any event were never sent.
    delivery.records = usize::try_from(counters.polled_event_count).unwrap_or(usize::MAX);
    delivery.took = started.elapsed();
    delivery
}

/// A target with one process: an invocation's time begins when those before it have ended.
struct OneProcess<'a, T> {
    target: &'a T,
    free: Mutex<()>,
}

impl<T: Target> event_source_mapping::Target for OneProcess<'_, T> {
    async fn invoke(&self, event: Bytes) -> Outcome {
        let _free = self.free.lock().await;
        match self.target.invoke(event).await {
            Invocation::Answered(response) => Outcome::Returned(response),
            Invocation::Failed(document) => Outcome::Failed(document),
            Invocation::TimedOut => Outcome::TimedOut,
            // A failure of this invocation: Lambda says of a process that ended that the function failed.
            Invocation::Crashed(how) => Outcome::Failed(how.into()),
        }
    }
}

/// Why records of an invocation are unfinished, if any are.
fn unfinished(outcome: &Outcome, sent: usize, reads_responses: bool) -> Option<String> {
    match outcome {
        Outcome::Returned(response) if reads_responses => {
            let response: serde_json::Value = serde_json::from_slice(response).unwrap_or_default();
            let listed = response["batchItemFailures"].as_array().map_or(0, Vec::len);
            (listed > 0).then(|| format!("{listed} of {sent} records reported unfinished"))
        }
        Outcome::Returned(_) => None,
        Outcome::Failed(error) => Some(String::from_utf8_lossy(error).into_owned()),
        Outcome::TimedOut => Some("timed out".to_owned()),
        Outcome::Throttled => Some("throttled".to_owned()),
        Outcome::Unreachable(why) => Some(why.clone()),
    }
}

#[cfg(test)]
mod tests;
