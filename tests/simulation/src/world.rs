//! The world of a run: a log of records, and the settings of the event source mapping, the function and the stores.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use event_runtime::{Order, Reporting, Settings, UnixMillis, WhenUncertain};

use super::schedule::LAST_FAULTY_DELIVERY;

/// The longest time that SQS keeps a message.
const TWO_WEEKS: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// The true time at which every run begins.
pub(crate) const START: UnixMillis = UnixMillis(1_795_000_000_000);

/// What a record makes the function do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Skip it.
    Skip,
    /// Nothing: its bytes cannot be read. A later deployment skips it.
    Garbage,
    /// Nothing that the deployed function can read; a later deployment treats it as [`Verb::Version`].
    Mismatch,
    /// A conditional effect that is always refused, until a later deployment fixes it.
    Refused,
    /// A conditional effect for which the deployed function lacks permission; a later deployment has it.
    Denied,
    /// A conditional effect: the newest version wins.
    Version,
    /// A conditional effect: an entry that exists already is not added again.
    Append,
    /// An effect under a claim, such as a mail.
    Send,
    /// The same, but the recipient is rejected, until a later deployment fixes it.
    Rejected,
}

/// A record of the log; its offset is its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// What it makes the function do.
    pub verb: Verb,
    /// Its Kafka key.
    pub key: Option<u8>,
    /// The subject of its effect: records of one key and subject share a claim.
    pub subject: u8,
}

impl Record {
    /// The business key of its effect.
    pub fn claim(&self, partition: usize) -> Option<String> {
        // Without a key, the partition is part of the claim: there is no order across partitions.
        let key = self.key.map_or(format!("p{partition}"), |key| format!("k{key}"));
        matches!(self.verb, Verb::Send | Verb::Rejected).then(|| format!("welcome:{partition}.{key}.{}", self.subject))
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.verb {
            Verb::Skip => "skip",
            Verb::Garbage => "garbage",
            Verb::Mismatch => "mismatch",
            Verb::Refused => "refused",
            Verb::Denied => "denied",
            Verb::Version => "version",
            Verb::Append => "append",
            Verb::Send => "send",
            Verb::Rejected => "rejected",
        };
        match self.key {
            Some(key) => write!(f, "{verb}:k{key}.{}", self.subject),
            None => write!(f, "{verb}:null.{}", self.subject),
        }
    }
}

/// How the mapping acts on a partial batch response; AWS's documentation allows both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// It delivers the listed records again.
    OnlyTheListed,
    /// It delivers again from the lowest listed offset.
    FromTheLowest,
}

/// Limits after which the mapping sends a batch to its on-failure destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Retries after the first delivery.
    pub retries: u32,
    /// The batch's age since it was first delivered.
    pub age: Duration,
}

/// A log of records and all settings of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// Seeds the jitter of the processor's pauses.
    pub seed: u64,
    /// The log, partition by partition.
    pub partitions: Vec<Vec<Record>>,
    /// The maximum number of records of a partition in a batch.
    pub batch: usize,
    /// Whether the mapping has `ReportBatchItemFailures`.
    pub feature: bool,
    /// How it reads a partial answer, if it has.
    pub reading: Reading,
    /// Whether it has `BisectBatchOnFunctionError`.
    pub bisect: bool,
    /// Its limits; with limits it has an on-failure destination.
    pub limits: Option<Limits>,
    /// Pollers that share the partitions.
    pub pollers: usize,
    /// Whether both pollers' batches go to one process (`run_concurrent`) instead of two.
    pub one_process: bool,
    /// Whether the second worker runs the version before this one, as during a roll-out or after a rollback.
    pub earlier: bool,
    /// How far the second worker's clock is ahead.
    pub skew: Duration,
    /// Whether invocations have a known deadline.
    pub deadlines: bool,
    /// Whether the function answers with partial batch responses; `None` is the code's default.
    pub reporting: Option<Reporting>,
    /// Which records keep their order.
    pub order: Order,
    /// What happens to a record with an uncertain effect.
    pub uncertain: WhenUncertain,
    /// Whether an operator redrives letters and decides about parked claims.
    pub operator: bool,
    /// How long the dead-letter queue keeps a message.
    pub retention: Duration,
    /// The number of deliveries after which a later deployment handles what the first could not.
    pub fixed_after: u32,
}

impl World {
    /// The simplest world with this log: one poller, one batch, default settings.
    pub fn plain(partitions: Vec<Vec<Record>>) -> Self {
        World {
            seed: 0,
            batch: partitions.iter().map(Vec::len).max().unwrap_or(1).max(1),
            partitions,
            feature: false,
            reading: Reading::OnlyTheListed,
            bisect: false,
            limits: None,
            pollers: 1,
            one_process: false,
            earlier: false,
            skew: Duration::ZERO,
            deadlines: true,
            reporting: None,
            order: Order::Partition,
            uncertain: WhenUncertain::Park,
            operator: false,
            retention: TWO_WEEKS,
            fixed_after: LAST_FAULTY_DELIVERY,
        }
    }

    /// The world of a seed. The function gives partial answers only if the mapping has the feature: otherwise AWS loses
    /// records by design.
    pub fn of(seed: u64, rng: &mut fastrand::Rng) -> Self {
        let broken_deployment = rng.u32(..12) == 0;
        // Most violations need only two or three records; small worlds are fast and easy to read.
        let small = rng.bool();
        let (partitions, length) = match (broken_deployment, small) {
            (true, _) => (1..=2, 14..=18),
            (false, true) => (1..=2, 1..=3),
            (false, false) => (1..=3, 2..=12),
        };
        // One broken deployment cannot read its records; another reads them all, and lacks permission for some effects.
        let broken = broken_deployment.then(|| if rng.bool() { Verb::Mismatch } else { Verb::Denied });
        let length = if broken == Some(Verb::Denied) { 24..=30 } else { length };
        let mut partitions: Vec<Vec<Record>> = (0..rng.usize(partitions))
            .map(|_| (0..rng.usize(length.clone())).map(|_| Self::record(rng, broken)).collect())
            .collect();
        let (feature, operator) = (rng.bool(), rng.bool());
        // Rejected records may be redriven into a later deployment, or never; if they may, more of them are rejected.
        let fixed_after = if operator && rng.bool() { rng.u32(1..8) } else { LAST_FAULTY_DELIVERY };
        if fixed_after < LAST_FAULTY_DELIVERY {
            let sent = partitions.iter_mut().flatten().filter(|record| record.verb == Verb::Send);
            sent.filter(|_| rng.bool()).for_each(|record| record.verb = Verb::Rejected);
        }
        let (pollers, one_process) = (rng.usize(1..=2), rng.u32(..4) == 0);
        World {
            seed,
            batch: if broken_deployment { 30 } else { rng.usize(1..=if small { 3 } else { 12 }) },
            feature,
            reading: if rng.bool() { Reading::OnlyTheListed } else { Reading::FromTheLowest },
            bisect: rng.u32(..4) == 0,
            limits: (rng.u32(..5) == 0)
                .then(|| Limits { retries: rng.u32(..6), age: Duration::from_secs(rng.u64(5..120)) }),
            pollers,
            one_process,
            earlier: pollers > 1 && !one_process && rng.u32(..4) == 0,
            skew: Duration::from_millis(if rng.bool() { 1500 } else { 0 }),
            deadlines: rng.u32(..8) != 0,
            reporting: match (feature, rng.u32(..3)) {
                (_, 0) => None,
                (true, _) => Some(Reporting::PartialBatch),
                (false, _) => Some(Reporting::WholeBatch),
            },
            order: match rng.usize(..5) {
                0..=1 => Order::Partition,
                more => Order::Key { in_flight: NonZeroUsize::new(more).unwrap_or(NonZeroUsize::MIN) },
            },
            uncertain: if rng.u32(..5) == 0 { WhenUncertain::Repeat } else { WhenUncertain::Park },
            operator,
            fixed_after,
            retention: match operator && rng.u32(..8) == 0 {
                true => Duration::from_secs(rng.u64(60..600)),
                false => TWO_WEEKS,
            },
            ..World::plain(partitions)
        }
    }

    fn record(rng: &mut fastrand::Rng, broken: Option<Verb>) -> Record {
        let verb = match (rng.u32(..20), broken) {
            (0..=5, Some(Verb::Denied)) => Verb::Skip,
            (_, Some(verb)) => verb,
            (dice, None) => Self::verb(dice),
        };
        let key = rng.u8(..5);
        Record { verb, key: (key < 4).then_some(key), subject: rng.u8(..3) }
    }

    fn verb(dice: u32) -> Verb {
        match dice {
            0..=1 => Verb::Skip,
            2 => Verb::Garbage,
            3 => Verb::Mismatch,
            4 => Verb::Refused,
            5 => Verb::Rejected,
            6..=10 => Verb::Version,
            11..=12 => Verb::Append,
            _ => Verb::Send,
        }
    }

    /// The processor's settings: times that are short compared with the faults'.
    pub fn settings(&self) -> Settings {
        Settings {
            effect_timeout: Duration::from_secs(2),
            lease_skew: Duration::from_secs(2),
            settle_reserve: Duration::from_secs(1),
            order: self.order,
            uncertain: self.uncertain,
            ..Settings::default()
        }
    }

    /// The records before `offset` that it has to wait for.
    pub fn before(&self, partition: usize, offset: usize) -> impl Iterator<Item = usize> {
        let records = &self.partitions[partition];
        let key = records[offset].key;
        (0..offset).filter(move |earlier| match self.order {
            Order::Partition => true,
            Order::Key { .. } => records[*earlier].key == key,
        })
    }

    /// All records.
    pub fn records(&self) -> usize {
        self.partitions.iter().map(Vec::len).sum()
    }

    /// All worlds that are one step simpler.
    pub fn simpler(&self) -> Vec<World> {
        let mut simpler = Vec::new();
        for partition in 0..self.partitions.len() {
            let mut world = self.clone();
            world.partitions.remove(partition);
            simpler.push(world);
        }
        for (partition, records) in self.partitions.iter().enumerate() {
            for offset in 0..records.len() {
                let mut world = self.clone();
                world.partitions[partition].remove(offset);
                simpler.push(world);
            }
        }
        let plain = World::plain(self.partitions.clone());
        simpler.extend([
            World { limits: None, ..self.clone() },
            World { uncertain: WhenUncertain::Park, ..self.clone() },
            World { operator: false, ..self.clone() },
            World { retention: TWO_WEEKS, ..self.clone() },
            World { bisect: false, ..self.clone() },
            World { pollers: 1, ..self.clone() },
            World { one_process: false, ..self.clone() },
            World { earlier: false, ..self.clone() },
            World { skew: Duration::ZERO, ..self.clone() },
            World { order: Order::Partition, ..self.clone() },
            World { batch: plain.batch, ..self.clone() },
            World { reporting: None, ..self.clone() },
            World { feature: false, reporting: None, ..self.clone() },
            World { reading: plain.reading, ..self.clone() },
            World { deadlines: true, ..self.clone() },
        ]);
        simpler.retain(|world| world != self && world.records() > 0);
        simpler
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (partition, records) in self.partitions.iter().enumerate() {
            let records: Vec<_> = records.iter().map(ToString::to_string).collect();
            writeln!(f, "  partition {partition}: {}", records.join(" "))?;
        }
        let feature = if self.feature { "reports batch item failures" } else { "ignores answers" };
        write!(f, "  mapping: batches of {}, {feature}, {:?}", self.batch, self.reading)?;
        if self.bisect {
            write!(f, ", bisects")?;
        }
        if let Some(Limits { retries, age }) = self.limits {
            write!(f, ", {retries} retries and {} s, then the destination", age.as_secs())?;
        }
        let processes = if self.one_process { "one process" } else { "a process each" };
        let earlier = if self.earlier { ", the second runs the version before this one" } else { "" };
        writeln!(f, ", {} pollers, {processes}{earlier}", self.pollers)?;
        let deadlines = if self.deadlines { "known" } else { "unknown" };
        let reporting = self.reporting.map_or("the default".to_owned(), |reporting| format!("{reporting:?}"));
        writeln!(
            f,
            "  function: order {:?}, reporting {reporting}, deadlines {deadlines}, clocks {} ms apart, {:?}{}",
            self.order,
            self.skew.as_millis(),
            self.uncertain,
            if self.operator { ", an operator" } else { "" },
        )?;
        if self.fixed_after < LAST_FAULTY_DELIVERY {
            writeln!(
                f,
                "  after {} deliveries a later deployment, which handles what the first could not",
                self.fixed_after
            )?;
        }
        if self.retention < TWO_WEEKS {
            writeln!(f, "  the queue keeps a letter for {} s", self.retention.as_secs())?;
        }
        Ok(())
    }
}
