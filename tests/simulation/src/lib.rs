//! The real batch processor and the real redrive in a hostile world, deterministic by seed: the proof of its promises.
//!
//! A [`World`] holds a log of records and the settings of an event source mapping, of its function and of the stores.
//! A [`Schedule`] says what goes wrong in it, and where: nothing that it does not name. [`run()`] plays the two together
//! in paused time, and a ledger watches the promises ([`Rule`]): nothing lost, nothing out of order, no effect twice, no letter
//! doubled. Letters come back by the real redrive, over a model of the queue, and by a person who sees what a person can
//! see. From a seed come a world and, while it runs, a schedule ([`simulate()`]); what breaks a promise is shrunk to
//! the few entries that it takes ([`shrink()`]); [`explore()`] tries every single fault at every single place, and
//! [`explore_deadlines()`] a deadline at every await point of every later delivery.
//!
//! `tests/mutations` plays the same with one guard of the processor removed at a time, and wants it noticed.

mod clock;
mod deadlines;
mod explore;
mod failing_claims;
mod failing_letters;
mod function;
mod ledger;
mod operator;
mod outcome;
mod queue;
mod redriving;
mod rule;
mod run;
mod scene;
mod schedule;
mod shrink;
mod source;
mod story;
mod worker;
mod world;
mod write_faults;

pub use deadlines::{Busy, Deadlines, Situation, explore_deadlines, later_deliveries};
pub use explore::{Explored, explore};
pub use outcome::Run;
pub use rule::{Rule, Violation};
pub use run::{run, simulate};
pub use schedule::{Fates, Schedule, Site, What};
pub use shrink::{Shrunk, shrink};
pub use story::{Actor, Answer, Step, diagram};
pub use world::{Limits, Reading, Record, Verb, World};
