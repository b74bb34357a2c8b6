//! Records that are invoked, retried, split and given up together.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::record::{Record, Time, TopicPartition};

/// Why records were given up, as AWS spells it in what it sends to a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// `RetryAttemptsExhausted`.
    RetryAttemptsExhausted,
    /// `RecordAgeExceeded`.
    RecordAgeExceeded,
    /// `MaximumPayloadSizeExceeded`.
    MaximumPayloadSizeExceeded,
}

impl Condition {
    /// AWS's spelling.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Condition::RetryAttemptsExhausted => "RetryAttemptsExhausted",
            Condition::RecordAgeExceeded => "RecordAgeExceeded",
            Condition::MaximumPayloadSizeExceeded => "MaximumPayloadSizeExceeded",
        }
    }
}

pub(super) type Parts<R> = BTreeMap<TopicPartition, Vec<R>>;

#[derive(Debug, Clone)]
pub(super) struct Batch<R> {
    pub(super) parts: Parts<R>,
    /// Retries that it has consumed.
    pub(super) retries: u32,
    /// Invocations, however they ended.
    pub(super) invocations: u32,
    /// Invocations that did not reach the function, since the last that did.
    pub(super) not_invoked: u32,
    /// It is not invoked any more.
    pub(super) given_up: Option<Condition>,
}

impl<R: Record> Batch<R> {
    pub(super) fn new(parts: Parts<R>) -> Self {
        Batch { parts, retries: 0, invocations: 0, not_invoked: 0, given_up: None }
    }

    pub(super) fn given_up(parts: Parts<R>, condition: Condition) -> Self {
        Batch { given_up: Some(condition), ..Batch::new(parts) }
    }

    pub(super) fn len(&self) -> usize {
        self.parts.values().map(Vec::len).sum()
    }

    pub(super) fn places(&self) -> BTreeSet<(TopicPartition, i64)> {
        let of = |(at, records): (&TopicPartition, &Vec<R>)| {
            records.iter().map(|record| (at.clone(), record.offset())).collect::<Vec<_>>()
        };
        self.parts.iter().flat_map(of).collect()
    }

    /// Keeps what is wanted, and returns the rest.
    pub(super) fn split_off(&mut self, keep: impl Fn(&TopicPartition, &R) -> bool) -> Parts<R> {
        let mut rest = Parts::new();
        for (at, records) in &mut self.parts {
            let (kept, other): (Vec<_>, Vec<_>) =
                std::mem::take(records).into_iter().partition(|record| keep(at, record));
            *records = kept;
            if !other.is_empty() {
                rest.insert(at.clone(), other);
            }
        }
        self.parts.retain(|_, records| !records.is_empty());
        rest
    }

    /// Two halves, the earlier one first. A half of one partition's records holds the earlier ones of it.
    pub(super) fn halves(mut self) -> VecDeque<Self> {
        let places: Vec<_> = self.places().into_iter().collect();
        let Some(middle) = places.get(places.len() / 2).cloned() else { return VecDeque::from([self]) };
        let rest = self.split_off(|at, record| (at, record.offset()) < (&middle.0, middle.1));
        let second = Batch { parts: rest, ..self.clone_without_records() };
        VecDeque::from([self, second])
    }

    fn clone_without_records(&self) -> Self {
        Batch { parts: Parts::new(), ..*self }
    }

    pub(super) fn older_than(&self, age: std::time::Duration, now: Time) -> bool {
        self.parts.values().flatten().any(|record| now.since(record.timestamp()) > age)
    }
}
