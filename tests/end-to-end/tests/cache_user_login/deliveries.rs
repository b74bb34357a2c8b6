//! Orders in which a topic's records may be delivered. Only the order within a key is guaranteed.

use std::collections::BTreeMap;

use fastrand::Rng;
use local_stack::EventRecord;

/// Shuffles the keys and keeps the order of each key's records.
pub(crate) fn shuffled(records: &[EventRecord], random: &mut Rng) -> Vec<EventRecord> {
    let mut keys: BTreeMap<_, Vec<&EventRecord>> = BTreeMap::new();
    for record in records.iter().rev() {
        keys.entry(&record.key).or_default().push(record);
    }
    let mut keys: Vec<_> = keys.into_values().collect();
    let mut shuffled = Vec::new();
    while !keys.is_empty() {
        let chosen = random.usize(..keys.len());
        match keys[chosen].pop() {
            Some(record) => shuffled.push(record.clone()),
            None => drop(keys.swap_remove(chosen)),
        }
    }
    in_partitions(shuffled)
}

/// Repeats some stretches of records, as a batch that is retried.
pub(crate) fn duplicated(records: &[EventRecord], random: &mut Rng) -> Vec<EventRecord> {
    let mut delivered: Vec<EventRecord> = Vec::new();
    for (number, record) in (1..).zip(records) {
        delivered.push(record.clone());
        if random.u8(..) < 64 {
            let from = number - random.usize(1..=number.min(30));
            delivered.extend_from_slice(&records[from..number]);
        }
    }
    in_partitions(delivered)
}

/// Repeats older changes after all newer ones, as a connector does that restarts.
pub(crate) fn with_late_changes(records: &[EventRecord], random: &mut Rng) -> Vec<EventRecord> {
    let again = records.iter().filter(|_| random.bool());
    in_partitions(records.iter().chain(again).cloned().collect())
}

/// Numbers the offsets of each partition from 0.
fn in_partitions(records: Vec<EventRecord>) -> Vec<EventRecord> {
    let mut offsets: BTreeMap<i32, i64> = BTreeMap::new();
    let numbered = records.into_iter().map(|record| {
        let next = offsets.entry(record.partition).or_insert(0);
        let offset = std::mem::replace(next, *next + 1);
        EventRecord { offset, ..record }
    });
    numbered.collect()
}
