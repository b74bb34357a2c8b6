//! A deterministic simulation: the real batch processor and the real redrive in a world full of faults, checked against
//! their invariants.
//!
//! A [`World`] holds a log of records and the settings of an event source mapping, of its function and of the stores. A
//! [`Schedule`] lists every fault in it and where it happens. [`run()`] runs the two together in paused time, and a
//! ledger checks the invariants ([`Rule`]): nothing is lost or out of order, no effect happens twice, no record gets
//! two letters. Letters are redriven by the real redrive, over a model of the queue, and decided by a person who knows
//! only what a person could know. A seed gives a world and, while it runs, a schedule ([`simulate()`]); a run that
//! breaks an invariant is shrunk to the few entries that it needs ([`shrink()`]); [`explore()`] tries every single
//! fault at every place, and [`explore_deadlines()`] a deadline at every await point of every later delivery.
//!
//! `tests/mutations` runs the same with one safeguard disabled at a time, and fails if the simulation does not notice.

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
