//! Whatever the function answers, and whenever partitions move: what is committed was finished, and order holds.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use proptest::prelude::*;

use super::world::{Item, item, partition};
use crate::machine::rules::without;
use crate::machine::{
    Action, Answer, BatchId, Condition, DestinationFailure, Machine, PartialResponses, Rule, Rules, Time,
    TopicPartition,
};

const PARTITIONS: i32 = 3;
const RECORDS: i64 = 12;

/// A step of the world; numbers pick among what is there.
#[derive(Debug, Clone)]
enum Step {
    Read {
        partition: i32,
        records: usize,
    },
    Wait(u64),
    Answer {
        which: usize,
        how: How,
    },
    Revoke(i32),
    Assign(i32),
    /// The process dies: another one reads from what is committed.
    Crash,
}

#[derive(Debug, Clone)]
enum How {
    Succeed,
    Fail,
    Throttle,
    Garbage,
    List(BTreeSet<usize>),
}

#[derive(Default)]
struct Books {
    /// Finished by the function, given up, refused by the filter.
    finished: BTreeSet<(i32, i64)>,
    committed: BTreeMap<i32, i64>,
}

/// An invocation under way.
struct Open {
    batch: BatchId,
    sent: Vec<(TopicPartition, i64)>,
    /// Partitions that have moved since.
    moved: BTreeSet<i32>,
}

struct World {
    rules: Rules,
    machine: Machine<Item>,
    now: Time,
    read_to: BTreeMap<i32, i64>,
    open: VecDeque<Open>,
    books: Books,
    filtered: BTreeSet<i64>,
}

impl World {
    fn new(rules: Rules) -> Self {
        let mut world = World {
            machine: Machine::new(rules.clone()),
            rules,
            now: Time(0),
            read_to: BTreeMap::new(),
            open: VecDeque::new(),
            books: Books::default(),
            filtered: BTreeSet::from([3, 4]),
        };
        (0..PARTITIONS).for_each(|number| world.assign(number));
        world
    }

    fn assign(&mut self, number: i32) {
        self.machine.assigned(partition(number));
        self.read_to.insert(number, self.books.committed.get(&number).copied().unwrap_or(0));
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Read { partition: number, records } => {
                let Some(from) = self.read_to.get_mut(number) else { return Ok(()) };
                let to = (*from + i64::try_from(*records).unwrap_or(0)).min(RECORDS);
                let passes = |offset: &i64| !self.filtered.contains(offset);
                let items = (*from..to).map(|offset| Item { passes: passes(&offset), ..item(offset) });
                self.machine.received(&partition(*number), items, self.now);
                *from = to;
            }
            Step::Wait(millis) => self.now = self.now.plus(Duration::from_millis(*millis)),
            Step::Answer { which, how } => self.answer(*which, how),
            Step::Revoke(number) => {
                self.machine.revoked(&partition(*number));
                self.read_to.remove(number);
                for open in &mut self.open {
                    open.moved.insert(*number);
                }
            }
            Step::Assign(number) if !self.read_to.contains_key(number) => self.assign(*number),
            Step::Assign(_) => {}
            Step::Crash => {
                self.machine = Machine::new(self.rules.clone());
                self.open.clear();
                (0..PARTITIONS).for_each(|number| self.assign(number));
            }
        }
        self.act()
    }

    fn answer(&mut self, which: usize, how: &How) {
        if self.open.is_empty() {
            return;
        }
        let Some(Open { batch, sent, .. }) = self.open.remove(which % self.open.len()) else { return };
        let listed: BTreeSet<usize> = match how {
            How::List(listed) => listed.iter().map(|nth| nth % sent.len()).collect(),
            How::Succeed | How::Fail | How::Throttle | How::Garbage => BTreeSet::new(),
        };
        let response = match how {
            How::Garbage => "{".to_owned(),
            How::Succeed | How::Fail | How::Throttle | How::List(_) => {
                let item = |nth: &usize| {
                    let (at, offset) = &sent[*nth];
                    format!(r#"{{"itemIdentifier": {{"partition": "{at}", "offset": {offset}}}}}"#)
                };
                let items: Vec<_> = listed.iter().map(item).collect();
                format!(r#"{{"batchItemFailures": [{}]}}"#, items.join(","))
            }
        };
        let listens = self.rules.partial_responses.is_some();
        let answer = match how {
            How::Fail => Answer::Failed,
            How::Throttle => Answer::NotInvoked,
            How::Succeed | How::Garbage | How::List(_) => Answer::Returned(response.as_bytes()),
        };
        // What a function that listens to nobody finished: all of it, whatever it answered.
        let returned = matches!(how, How::Succeed | How::List(_)) || matches!(how, How::Garbage) && !listens;
        if returned {
            for (nth, (at, offset)) in sent.iter().enumerate() {
                if !(listens && listed.contains(&nth)) {
                    self.books.finished.insert((at.partition, *offset));
                }
            }
        }
        let _ = self.machine.answered(batch, answer, self.now);
    }

    fn act(&mut self) -> Result<(), String> {
        while let Some(action) = self.machine.poll(self.now) {
            match action {
                Action::Invoke { batch, records, .. } => self.invoked(batch, &records)?,
                Action::Send { batch, records, .. } => {
                    self.given_up(&records);
                    self.machine.delivered(batch, true, self.now);
                }
                Action::Drop { records, condition } => {
                    if condition == Condition::RetryAttemptsExhausted && self.rules.retries.is_none() {
                        return Err("given up, though retries have no end".to_owned());
                    }
                    self.given_up(&records);
                }
                Action::Commit { at, offset } => self.commit(at.partition, offset)?,
            }
        }
        Ok(())
    }

    fn given_up(&mut self, records: &BTreeMap<TopicPartition, Vec<Item>>) {
        for (at, records) in records {
            self.books.finished.extend(records.iter().map(|record| (at.partition, record.offset)));
        }
    }

    fn invoked(&mut self, batch: BatchId, records: &BTreeMap<TopicPartition, Vec<Item>>) -> Result<(), String> {
        let sent: Vec<_> =
            records.iter().flat_map(|(at, part)| part.iter().map(|record| (at.clone(), record.offset))).collect();
        if sent.is_empty() || sent.len() > self.rules.batch_size {
            return Err(format!("a batch of {} records", sent.len()));
        }
        for (at, part) in records {
            if !part.is_sorted_by_key(|record| record.offset) {
                return Err(format!("{at} is not in offset order"));
            }
            let holds =
                |open: &Open| !open.moved.contains(&at.partition) && open.sent.iter().any(|(other, _)| other == at);
            if self.open.iter().any(holds) {
                return Err(format!("{at} is in two invocations"));
            }
            let first = part.first().map_or(0, |record| record.offset);
            let read =
                |offset: &i64| self.books.committed.get(&at.partition).is_none_or(|committed| offset >= committed);
            let skipped = (0..first).filter(read).find(|offset| {
                !self.filtered.contains(offset) && !self.books.finished.contains(&(at.partition, *offset))
            });
            if let Some(skipped) = skipped {
                return Err(format!("{at}: {first} before {skipped}"));
            }
        }
        self.open.push_back(Open { batch, sent, moved: BTreeSet::new() });
        Ok(())
    }

    fn commit(&mut self, number: i32, offset: i64) -> Result<(), String> {
        let from = self.books.committed.insert(number, offset).unwrap_or(0);
        if offset < from {
            return Err(format!("the commit of partition {number} goes back from {from} to {offset}"));
        }
        let open = (from..offset)
            .find(|offset| !self.filtered.contains(offset) && !self.books.finished.contains(&(number, *offset)));
        open.map_or(Ok(()), |open| Err(format!("{open} of partition {number} is committed and not finished")))
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let how = prop_oneof![
        4 => Just(How::Succeed),
        3 => Just(How::Fail),
        1 => Just(How::Throttle),
        1 => Just(How::Garbage),
        4 => prop::collection::btree_set(0..8_usize, 1..4).prop_map(How::List),
    ];
    let step = prop_oneof![
        4 => (0..PARTITIONS, 1..6_usize).prop_map(|(partition, records)| Step::Read { partition, records }),
        3 => (1..70_000_u64).prop_map(Step::Wait),
        6 => (0..4_usize, how).prop_map(|(which, how)| Step::Answer { which, how }),
        1 => (0..PARTITIONS).prop_map(Step::Revoke),
        1 => (0..PARTITIONS).prop_map(Step::Assign),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 1..80)
}

fn rules() -> impl Strategy<Value = Rules> {
    let responses = prop_oneof![
        Just(None),
        Just(Some(PartialResponses::FromTheLowest)),
        Just(Some(PartialResponses::OnlyTheListed)),
    ];
    let limits = (prop::option::of(0..3_u32), prop::option::of(60..120_u64));
    (1..6_usize, responses, any::<[bool; 3]>(), limits).prop_map(
        |(batch_size, partial_responses, flags, (retries, age))| Rules {
            batch_size,
            partial_responses,
            bisect: flags[0],
            splitting_counts: flags[1],
            destination: flags[2],
            destination_failure: DestinationFailure::Retry,
            retries,
            age: age.map(Duration::from_secs),
            ..Rules::default()
        },
    )
}

/// Runs the steps, and then to the end with a function that succeeds.
fn run(rules: &Rules, steps: &[Step]) -> Result<(), String> {
    let mut world = World::new(rules.clone());
    for step in steps {
        world.step(step)?;
    }
    (0..PARTITIONS).try_for_each(|partition| world.step(&Step::Assign(partition)))?;
    for _ in 0..400 {
        for partition in 0..PARTITIONS {
            world.step(&Step::Read { partition, records: RECORDS as usize })?;
        }
        world.step(&Step::Answer { which: 0, how: How::Succeed })?;
        if world.open.is_empty() && world.machine.is_finished() {
            break;
        }
        world.step(&Step::Wait(60_000))?;
    }
    let committed: Vec<_> = world.books.committed.values().copied().collect();
    if committed != [RECORDS; PARTITIONS as usize] {
        return Err(format!("committed in the end: {committed:?}"));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_committed_was_finished_and_order_holds(rules in rules(), steps in steps()) {
        prop_assert_eq!(run(&rules, &steps), Ok(()));
    }
}

/// The promises that a thousand random worlds must see broken.
#[test]
fn broken_promises_are_found_in_random_worlds() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let worlds: Vec<_> = (0..1_000).map(|_| (rules(), steps()).new_tree(&mut runner).unwrap().current()).collect();
    for rule in [
        Rule::OneBatchPerPartition,
        Rule::CommitAfterBatch,
        Rule::CommitStopsAtUnfinished,
        Rule::WholeBatchAgain,
        Rule::ListedComeAgain,
        Rule::RevokedIsForgotten,
        Rule::BatchSize,
    ] {
        let found = without(rule, || worlds.iter().any(|(rules, steps)| run(rules, steps).is_err()));
        assert!(found, "without {rule:?} nothing breaks");
    }
}
