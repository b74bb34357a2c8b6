//! Batches out of what was read: when one is due, and what goes in.

use std::collections::BTreeMap;

use super::batch::{Batch, Condition, Parts};
use super::partition::Partition;
use super::record::{Record, Time, TopicPartition};
use super::rules::{Rule, Rules, holds};

/// What an event has around its records.
const ENVELOPE_BYTES: usize = 1024;

/// Partitions that may go into a batch, the one that has waited longest first.
type Idle<'a, R> = Vec<(&'a TopicPartition, &'a mut Partition<R>)>;

/// When the next batch is due at the latest; nothing while nothing waits.
pub(super) fn due<'a, R: Record + 'a>(idle: impl Iterator<Item = &'a Partition<R>>, rules: &Rules) -> Option<Time> {
    let (mut records, mut bytes, mut oldest) = (0, ENVELOPE_BYTES, None::<Time>);
    for partition in idle.filter(|partition| !partition.buffered.is_empty()) {
        records += partition.buffered.len();
        bytes += partition.buffered_bytes;
        oldest = Some(oldest.map_or(partition.waiting_since, |oldest| oldest.min(partition.waiting_since)));
    }
    let full = records >= rules.batch_size || bytes >= rules.payload_bytes;
    let window = if holds(Rule::Window) { rules.window } else { std::time::Duration::MAX };
    oldest.map(|oldest| if full && holds(Rule::FullBatch) { oldest } else { oldest.plus(window) })
}

/// Takes a batch's records. A record that no event can hold makes a batch of its own, which is given up at once.
pub(super) fn form<R: Record>(
    partitions: &mut BTreeMap<TopicPartition, Partition<R>>,
    is_idle: impl Fn(&TopicPartition) -> bool,
    rules: &Rules,
    now: Time,
) -> Option<Batch<R>> {
    let mut idle: Idle<'_, R> =
        partitions.iter_mut().filter(|(at, partition)| is_idle(at) && !partition.buffered.is_empty()).collect();
    idle.sort_by_key(|(_, partition)| partition.waiting_since);
    let limit = if holds(Rule::Payload) { rules.payload_bytes } else { usize::MAX };
    let most = if holds(Rule::BatchSize) { rules.batch_size.max(1) } else { usize::MAX };
    let mut parts = Parts::new();
    let (mut records, mut bytes) = (0, ENVELOPE_BYTES);
    for (at, partition) in idle {
        while let Some(next) = partition.buffered.front()
            && records < most
        {
            let size = next.payload_bytes();
            if ENVELOPE_BYTES + size > limit && holds(Rule::TooLarge) {
                if records > 0 {
                    return Some(Batch::new(parts));
                }
                let too_large = partition.take(now).into_iter().collect();
                return Some(Batch::given_up(
                    Parts::from([(at.clone(), too_large)]),
                    Condition::MaximumPayloadSizeExceeded,
                ));
            }
            if records > 0 && bytes + size > limit {
                return Some(Batch::new(parts));
            }
            (records, bytes) = (records + 1, bytes + size);
            parts.entry(at.clone()).or_insert_with(Vec::new).extend(partition.take(now));
        }
    }
    (records > 0).then(|| Batch::new(parts))
}
