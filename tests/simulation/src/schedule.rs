//! What goes wrong, and where: a short list that replays, shrinks and reads.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// Deliveries after which the dice rest, so that whatever is still pending can be settled.
pub(crate) const LAST_FAULTY_DELIVERY: u32 = 30;

/// A kind of decision that the world takes; 0 always means that all goes well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// At an await point of a worker: 1 it dies, 2 it is frozen for longer than any lease.
    Await,
    /// A write to a store: see [`crate::What::write_name`].
    Write,
    /// The effect: see [`crate::What::effect_name`].
    Effect,
    /// Decoding: 1 the registry cannot be asked, 2 it is down for seconds.
    Decode,
    /// The invocation's deadline: in so many milliseconds instead of half a minute.
    Deadline,
    /// During a delivery: its n-th partition moves to the other poller, which starts from what is committed.
    Rebalance,
    /// After a delivery that finished everything: 1 the poller dies before it commits.
    Commit,
    /// A call takes so many milliseconds more.
    Latency,
    /// Whoever looks after the letters, in a round: 1 runs two redrives at once, 2 decides and acts a round later, 3
    /// decides at once, however young the letter is, 4 has a colleague who has seen the same and acts a round later as
    /// well.
    Operator,
    /// At an await point of a redrive: 1 it is killed.
    Redrive,
    /// A call of a redrive to the queue: 1 it never arrives, 2 it is done and its answer lost; receiving: 3 another
    /// reader has just taken the oldest message, 4 the newest, 5 the answer misses all, 6 one that is hidden is given
    /// once more; removing: 3 what was removed comes back.
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

    /// Rates per thousand that a seed chooses from: calm worlds, rough ones, and those between.
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

    /// A write's fate in words.
    pub fn write_name(fate: u32) -> &'static str {
        match fate {
            0 => "is applied",
            1 => "does not arrive",
            2 => "is throttled",
            3 => "is applied, its answer is lost",
            4 => "is applied, its answer is lost, the client sends it again",
            5 => "finds its store down for seconds",
            6 => "fails, and arrives a moment later",
            7 => "is not answered, and arrives when its sender has given up waiting",
            8 => "is not answered, and arrives seconds later",
            _ => "is applied, and what follows from its answer fails, and arrives a moment later",
        }
    }

    /// The effect's fate in words.
    pub fn effect_name(fate: u32) -> &'static str {
        match fate {
            0 => "succeeds",
            1 => "is throttled",
            2 => "does not happen, and its answer is lost",
            3 => "happens, and its answer is lost",
            4 => "happens, slowly",
            5 => "happens, and never answers",
            6 => "does not happen, and never answers",
            7 => "happens, and the function panics",
            8 => "finds its service down for seconds",
            _ => "is throttled, and asked to wait for seconds",
        }
    }
}

/// Where a decision is taken: the n-th of its kind in a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// The delivery, from 1; 0 for the operator.
    pub delivery: u32,
    /// The kind.
    pub what: What,
    /// How many of this kind the delivery had before.
    pub nth: u32,
}

/// All that goes wrong in a run.
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
                (What::Decode, 1) => format!("decoding {number} cannot ask the registry"),
                (What::Decode, _) => format!("decoding {number} finds the registry down for seconds"),
                (What::Deadline, ms) => format!("the deadline is {ms} ms away"),
                (What::Rebalance, moved) => format!("partition {} of the batch moves to the other poller", moved - 1),
                (What::Commit, _) => "the poller dies before it commits".to_owned(),
                (What::Latency, ms) => format!("call {number} takes {ms} ms more"),
                (What::Operator, 1) => format!("runs two redrives at once in round {number}"),
                (What::Operator, 2) => format!("decides in round {number} and acts a round later"),
                (What::Operator, 3) => format!("decides in round {number} however young the letters are"),
                (What::Operator, _) => format!("has a colleague who decides in round {number} too, and acts later"),
                (What::Redrive, _) => format!("it is killed at await point {number}"),
                (What::Queue, 1) => format!("call {number} of the queue does not arrive"),
                (What::Queue, 2) => format!("call {number} of the queue is done, its answer is lost"),
                (What::Queue, 3) => {
                    format!("call {number} of the queue: the oldest message is in other hands, or comes back")
                }
                (What::Queue, 4) => format!("call {number} of the queue: the newest message is in other hands"),
                (What::Queue, 5) => format!("call {number} of the queue misses all messages"),
                (What::Queue, _) => format!("call {number} of the queue gives a hidden message once more"),
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

/// Takes the decisions of a run: by dice, noting what they say, or by a schedule.
pub struct Fates {
    dice: Option<Dice>,
    schedule: Schedule,
    counted: HashMap<(u32, What), u32>,
    /// Every site that was asked for, with how many fates it had; only where somebody wants to know.
    visited: Option<BTreeMap<Site, u32>>,
}

impl Fates {
    /// By dice of a seed.
    pub fn by_dice(mut rng: fastrand::Rng) -> Self {
        let rates = What::ALL.into_iter().map(|what| (what, what.rates()[rng.usize(..3)])).collect();
        Fates { dice: Some(Dice { rng, rates }), ..Fates::by_schedule(Schedule::default()) }
    }

    /// By a schedule.
    pub fn by_schedule(schedule: Schedule) -> Self {
        Fates { dice: None, schedule, counted: HashMap::new(), visited: None }
    }

    /// The same, noting every place where something could have gone wrong.
    pub fn exploring(self) -> Self {
        Fates { visited: Some(BTreeMap::new()), ..self }
    }

    /// Decides: 0 or one of the `fates` others.
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

    /// What was decided, and where something could have been.
    pub fn into_told(self) -> (Schedule, BTreeMap<Site, u32>) {
        (self.schedule, self.visited.unwrap_or_default())
    }
}
