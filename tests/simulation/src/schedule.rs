//! Faults and where they happen: a short list that can be replayed, shrunk and read.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// The last delivery with random faults: after it all pending records can finish.
pub(crate) const LAST_FAULTY_DELIVERY: u32 = 30;

/// A kind of decision in a run; 0 always means that nothing fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// At an await point of a worker: 1 it dies, 2 it is frozen for longer than any lease.
    Await,
    /// A write to a store: see [`crate::What::write_name`].
    Write,
    /// The effect: see [`crate::What::effect_name`].
    Effect,
    /// Decoding: 1 the registry does not answer, 2 it is down for seconds.
    Decode,
    /// The invocation's deadline, in milliseconds; 0 is half a minute.
    Deadline,
    /// During a delivery: its n-th partition moves to the other poller, which starts at the committed offset.
    Rebalance,
    /// After a delivery that finished everything: 1 the poller dies before it commits.
    Commit,
    /// Additional milliseconds that a call takes.
    Latency,
    /// The operator in a round: 1 runs two redrives at once, 2 decides and acts a round later, 3 decides at once, even
    /// about a new letter, 4 has a colleague who has found out the same and acts a round later.
    Operator,
    /// At an await point of a redrive: 1 it is killed.
    Redrive,
    /// A call of a redrive to the queue: 1 it never arrives, 2 it is done and its answer lost; receiving: 3 another
    /// reader has just received the oldest message, 4 the newest, 5 the answer has no messages, 6 a hidden message is
    /// returned again; removing: 3 a removed message comes back.
    Queue,
    /// A decision that a redrive writes to the claims table: 1 it never arrives, 2 it is written and its answer lost.
    Decide,
    /// An invocation by a redrive: 1 it is throttled, 2 its answer is lost while the function goes on.
    Invoke,
}

impl What {
    const ALL: [What; 13] = [
        What::Await,
        What::Write,
        What::Effect,
        What::Decode,
        What::Deadline,
        What::Rebalance,
        What::Commit,
        What::Latency,
        What::Operator,
        What::Redrive,
        What::Queue,
        What::Decide,
        What::Invoke,
    ];

    /// Fault rates per thousand from which a seed chooses: none, few or many.
    fn rates(self) -> [u32; 3] {
        match self {
            What::Await => [0, 3, 15],
            What::Write => [0, 20, 150],
            What::Effect => [0, 50, 250],
            What::Decode => [0, 20, 100],
            What::Deadline => [0, 50, 200],
            What::Rebalance => [0, 100, 300],
            What::Commit => [0, 50, 200],
            What::Latency => [0, 300, 1000],
            What::Operator => [0, 300, 600],
            What::Redrive => [0, 5, 30],
            What::Queue => [0, 30, 200],
            What::Decide => [0, 50, 200],
            What::Invoke => [0, 50, 200],
        }
    }

    /// A write's fault in words.
    pub fn write_name(fate: u32) -> &'static str {
        match fate {
            0 => "is applied",
            1 => "does not arrive",
            2 => "is throttled",
            3 => "is applied, its answer is lost",
            4 => "is applied, its answer is lost, the client sends it again",
            5 => "finds its store down for seconds",
            6 => "fails, and is applied a moment later",
            7 => "is not answered, and is applied after its sender stopped waiting",
            8 => "is not answered, and is applied seconds later",
            _ => "is applied, and the second write fails, and is applied a moment later",
        }
    }

    /// The effect's fault in words.
    pub fn effect_name(fate: u32) -> &'static str {
        match fate {
            0 => "succeeds",
            1 => "is throttled",
            2 => "does not happen, and its answer is lost",
            3 => "happens, and its answer is lost",
            4 => "happens, slowly",
            5 => "happens, and its answer never comes",
            6 => "does not happen, and no answer comes",
            7 => "happens, and the function panics",
            8 => "finds its service down for seconds",
            _ => "is throttled and asked to wait for seconds",
        }
    }
}

/// The place of a decision: the n-th of its kind in a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// The delivery, from 1; 0 for the operator.
    pub delivery: u32,
    /// The kind.
    pub what: What,
    /// The number of decisions of this kind before it in the delivery.
    pub nth: u32,
}

/// All faults of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule(pub BTreeMap<Site, u32>);

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (Site { delivery, what, nth }, fate) in &self.0 {
            let number = nth + 1;
            let line = match (what, fate) {
                (What::Await, 1) => format!("the worker dies at await point {number}"),
                (What::Await, _) => format!("the worker is frozen at await point {number}"),
                (What::Write, fate) => format!("write {number} {}", What::write_name(*fate)),
                (What::Effect, fate) => format!("effect {number} {}", What::effect_name(*fate)),
                (What::Decode, 1) => format!("decoding {number} gets no answer from the registry"),
                (What::Decode, _) => format!("decoding {number} finds the registry down for seconds"),
                (What::Deadline, ms) => format!("the deadline is {ms} ms away"),
                (What::Rebalance, moved) => format!("partition {} of the batch moves to the other poller", moved - 1),
                (What::Commit, _) => "the poller dies before it commits".to_owned(),
                (What::Latency, ms) => format!("call {number} takes {ms} ms more"),
                (What::Operator, 1) => format!("runs two redrives at once in round {number}"),
                (What::Operator, 2) => format!("decides in round {number} and acts a round later"),
                (What::Operator, 3) => format!("decides in round {number}, even about new letters"),
                (What::Operator, _) => format!("has a colleague who decides in round {number} too, and acts later"),
                (What::Redrive, _) => format!("it is killed at await point {number}"),
                (What::Queue, 1) => format!("call {number} of the queue does not arrive"),
                (What::Queue, 2) => format!("call {number} of the queue is done, its answer is lost"),
                (What::Queue, 3) => {
                    format!(
                        "call {number} of the queue: another reader has the oldest message, or a removed one comes back"
                    )
                }
                (What::Queue, 4) => format!("call {number} of the queue: another reader has the newest message"),
                (What::Queue, 5) => format!("call {number} of the queue returns no messages"),
                (What::Queue, _) => format!("call {number} of the queue returns a hidden message again"),
                (What::Decide, 1) => format!("decision {number} does not arrive"),
                (What::Decide, _) => format!("decision {number} is written, its answer is lost"),
                (What::Invoke, 1) => format!("invocation {number} is throttled"),
                (What::Invoke, _) => format!("the answer of invocation {number} is lost, and the function goes on"),
            };
            match what {
                What::Operator => writeln!(f, "  the operator {line}")?,
                What::Redrive | What::Queue | What::Decide | What::Invoke => writeln!(f, "  redrive: {line}")?,
                _ => writeln!(f, "  delivery {delivery}: {line}")?,
            }
        }
        Ok(())
    }
}

struct Dice {
    rng: fastrand::Rng,
    rates: HashMap<What, u32>,
}

/// Makes the decisions of a run: at random, recording them, or from a schedule.
pub struct Fates {
    dice: Option<Dice>,
    schedule: Schedule,
    counted: HashMap<(u32, What), u32>,
    /// Every site, with its number of possible faults; only while exploring.
    visited: Option<BTreeMap<Site, u32>>,
}

impl Fates {
    /// At random, by a seed.
    pub fn random(mut rng: fastrand::Rng) -> Self {
        let rates = What::ALL.into_iter().map(|what| (what, what.rates()[rng.usize(..3)])).collect();
        Fates { dice: Some(Dice { rng, rates }), ..Fates::scheduled(Schedule::default()) }
    }

    /// From a schedule.
    pub fn scheduled(schedule: Schedule) -> Self {
        Fates { dice: None, schedule, counted: HashMap::new(), visited: None }
    }

    /// The same, recording every place where a fault could happen.
    pub fn exploring(self) -> Self {
        Fates { visited: Some(BTreeMap::new()), ..self }
    }

    /// Decides: 0, or one of `fates` faults.
    pub fn decide(&mut self, delivery: u32, what: What, fates: u32) -> u32 {
        let counted = self.counted.entry((delivery, what)).or_default();
        let site = Site { delivery, what, nth: *counted };
        *counted += 1;
        if let Some(visited) = &mut self.visited {
            visited.insert(site, fates);
        }
        let Some(dice) = &mut self.dice else {
            return self.schedule.0.get(&site).copied().unwrap_or_default().min(fates);
        };
        let rate = dice.rates.get(&what).copied().unwrap_or_default();
        if delivery > LAST_FAULTY_DELIVERY || dice.rng.u32(..1000) >= rate {
            return 0;
        }
        let fate = 1 + dice.rng.u32(..fates);
        self.schedule.0.insert(site, fate);
        fate
    }

    /// The faults that were decided, and the places where one could have happened.
    pub fn into_results(self) -> (Schedule, BTreeMap<Site, u32>) {
        (self.schedule, self.visited.unwrap_or_default())
    }
}
