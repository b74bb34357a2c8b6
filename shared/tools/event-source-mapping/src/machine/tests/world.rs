//! A mapping with a function, a destination and a clock that all are values of a test.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::machine::{Action, Answer, BatchId, Condition, Machine, Record, Rules, Time, TopicPartition};

/// A record of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) offset: i64,
    pub(super) timestamp: Time,
    pub(super) bytes: usize,
    pub(super) passes: bool,
}

impl Record for Item {
    fn offset(&self) -> i64 {
        self.offset
    }
    fn timestamp(&self) -> Time {
        self.timestamp
    }
    fn payload_bytes(&self) -> usize {
        self.bytes
    }
    fn passes_filter(&self) -> bool {
        self.passes
    }
}

pub(super) fn item(offset: i64) -> Item {
    Item { offset, timestamp: Time(0), bytes: 100, passes: true }
}

pub(super) fn items(offsets: impl IntoIterator<Item = i64>) -> Vec<Item> {
    offsets.into_iter().map(item).collect()
}

pub(super) fn partition(number: i32) -> TopicPartition {
    TopicPartition::new("t", number)
}

/// Offsets by partition number.
pub(super) type Offsets = BTreeMap<i32, Vec<i64>>;

pub(super) fn offsets(parts: &BTreeMap<TopicPartition, Vec<Item>>) -> Offsets {
    let of = |records: &Vec<Item>| records.iter().map(|record| record.offset).collect();
    parts.iter().map(|(at, records)| (at.partition, of(records))).collect()
}

/// What the function does with an invocation.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    Return(String),
    Fail,
    NotInvoked,
}

pub(super) fn success() -> Reply {
    Reply::Return("null".to_owned())
}

/// A response that lists failures.
pub(super) fn lists(failures: &[(&str, i64)]) -> Reply {
    let item = |(partition, offset): &(&str, i64)| {
        format!(r#"{{"itemIdentifier": {{"partition": "{partition}", "offset": {offset}}}}}"#)
    };
    let items: Vec<_> = failures.iter().map(item).collect();
    Reply::Return(format!(r#"{{"batchItemFailures": [{}]}}"#, items.join(", ")))
}

/// What happened, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    Invoked(Offsets),
    Sent(Offsets, Condition),
    Dropped(Offsets, Condition),
    Committed(i32, i64),
}

/// A mapping that runs until nothing is left to do.
pub(super) struct World<F> {
    pub(super) machine: Machine<Item>,
    pub(super) now: Time,
    pub(super) events: Vec<(Time, Event)>,
    function: F,
    /// Answers of the destination, then it accepts.
    pub(super) refusals: usize,
}

impl<F: FnMut(&Offsets) -> Reply> World<F> {
    pub(super) fn new(rules: Rules, partitions: i32, function: F) -> Self {
        let mut machine = Machine::new(rules);
        (0..partitions).for_each(|number| machine.assigned(partition(number)));
        World { machine, now: Time(0), events: Vec::new(), function, refusals: 0 }
    }

    pub(super) fn read(&mut self, number: i32, records: Vec<Item>) {
        self.machine.received(&partition(number), records, self.now);
    }

    /// Runs until nothing is left to do, or `steps` actions are done.
    pub(super) fn run(&mut self, steps: usize) {
        for _ in 0..steps {
            match self.machine.poll(self.now) {
                Some(action) => self.act(action),
                None => match self.machine.wakes_at() {
                    Some(at) => self.now = at.max(self.now),
                    None => return,
                },
            }
        }
    }

    fn act(&mut self, action: Action<Item>) {
        match action {
            Action::Invoke { batch, records, .. } => {
                let records = offsets(&records);
                self.events.push((self.now, Event::Invoked(records.clone())));
                let reply = (self.function)(&records);
                self.answer(batch, &reply);
            }
            Action::Send { batch, records, condition, .. } => {
                self.events.push((self.now, Event::Sent(offsets(&records), condition)));
                let accepted = self.refusals == 0;
                self.refusals = self.refusals.saturating_sub(1);
                self.machine.delivered(batch, accepted, self.now);
            }
            Action::Drop { records, condition } => {
                self.events.push((self.now, Event::Dropped(offsets(&records), condition)));
            }
            Action::Commit { at, offset } => self.events.push((self.now, Event::Committed(at.partition, offset))),
        }
    }

    pub(super) fn answer(&mut self, batch: BatchId, reply: &Reply) {
        self.now = self.now.plus(Duration::from_millis(10));
        let answer = match reply {
            Reply::Return(response) => Answer::Returned(response.as_bytes()),
            Reply::Fail => Answer::Failed,
            Reply::NotInvoked => Answer::NotInvoked,
        };
        let _ = self.machine.answered(batch, answer, self.now);
    }

    pub(super) fn invocations(&self) -> Vec<Offsets> {
        let invoked = |(_, event): &(Time, Event)| match event {
            Event::Invoked(records) => Some(records.clone()),
            Event::Sent(..) | Event::Dropped(..) | Event::Committed(..) => None,
        };
        self.events.iter().filter_map(invoked).collect()
    }

    pub(super) fn times(&self) -> Vec<i64> {
        let invoked = self.events.iter().filter(|(_, event)| matches!(event, Event::Invoked(_)));
        invoked.map(|(at, _)| at.0).collect()
    }

    pub(super) fn given_up(&self) -> Vec<(Offsets, Condition)> {
        let given_up = |(_, event): &(Time, Event)| match event {
            Event::Sent(records, condition) | Event::Dropped(records, condition) => Some((records.clone(), *condition)),
            Event::Invoked(_) | Event::Committed(..) => None,
        };
        self.events.iter().filter_map(given_up).collect()
    }

    /// The last committed offset of a partition.
    pub(super) fn committed(&self, number: i32) -> Option<i64> {
        let committed = |(_, event): &(Time, Event)| match event {
            Event::Committed(at, offset) if *at == number => Some(*offset),
            Event::Invoked(_) | Event::Sent(..) | Event::Dropped(..) | Event::Committed(..) => None,
        };
        self.events.iter().rev().find_map(committed)
    }
}
