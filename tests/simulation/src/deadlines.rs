//! Tries a deadline at every await point of every later delivery: while a record is redelivered, waits for a claim,
//! pauses before another attempt, is dead-lettered or is redriven.
//!
//! `explore` does the same for first deliveries. Here each [`Situation`] first causes a later delivery by a fault.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use event_runtime::WhenUncertain;

use super::outcome::Run;
use super::rule::Violation;
use super::run::run;
use super::schedule::{Fates, Schedule, Site, What};
use super::story::{Actor, Answer, Step};
use super::worker::DEADLINES;
use super::world::{Record, Verb, World};

/// More await points than a delivery of one record has.
const AWAIT_POINTS: u32 = 50;

/// What a worker is doing at its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Busy {
    /// Processing a record that was delivered before.
    Redelivered,
    /// Waiting for a claim that another worker holds, or held when it died.
    WaitingForItsHolder,
    /// Pausing before another attempt, or about to.
    Pausing,
    /// Dead-lettering a record: storing its letter or parking its claim.
    DeadLettering,
    /// Processing a record that an operator redrives.
    Redriven,
}

impl Busy {
    /// All of them.
    pub const ALL: [Busy; 5] =
        [Busy::Redelivered, Busy::WaitingForItsHolder, Busy::Pausing, Busy::DeadLettering, Busy::Redriven];
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Busy::Redelivered => "delivered again",
            Busy::WaitingForItsHolder => "waiting for a claim's holder",
            Busy::Pausing => "pausing before another attempt",
            Busy::DeadLettering => "dead-lettering",
            Busy::Redriven => "redriven by the operator",
        })
    }
}

/// A world, and the faults that cause a later delivery in it.
#[derive(Debug, Clone)]
pub struct Situation {
    /// The world.
    pub world: World,
    /// The faults before the later delivery.
    pub before: Schedule,
}

/// The results of trying deadlines.
#[derive(Debug, Default)]
pub struct Deadlines {
    /// Await points of later deliveries, by what the worker was doing, counted once in each distinct world and course.
    pub points: BTreeMap<Busy, usize>,
    /// Runs.
    pub runs: usize,
    /// Courses that were tried: often it makes no difference to later deliveries if a worker dies one step earlier.
    courses: Vec<(World, Course)>,
    /// Runs that broke an invariant.
    pub violations: Vec<(World, Schedule, Violation)>,
}

/// Await points of later deliveries, in milliseconds since each began, with what the worker was doing.
type Course = BTreeMap<u32, BTreeMap<u64, Busy>>;

impl Deadlines {
    /// The number of worlds with distinct courses.
    pub fn courses(&self) -> usize {
        self.courses.len()
    }
}

/// The situations in which there are later deliveries.
pub fn later_deliveries() -> Vec<Situation> {
    let one = |verb| World::plain(vec![vec![Record { verb, key: Some(0), subject: 0 }]]);
    let at = |what, nth, fate| (Site { delivery: 1, what, nth }, fate);
    let mut situations = Vec::new();
    let mut add = |world: &World, before: &[(Site, u32)]| {
        situations.push(Situation { world: world.clone(), before: Schedule(before.iter().copied().collect()) });
    };

    // The worker of the first delivery dies; the second is throttled and asked to wait, perhaps for longer than is
    // left.
    for world in [one(Verb::Send), one(Verb::Version)] {
        let throttled = (Site { delivery: 2, what: What::Effect, nth: 0 }, 9);
        add(&world, &[at(What::Await, 0, 1), throttled]);
    }
    // It dies at any await point.
    let repeats = World { uncertain: WhenUncertain::Repeat, ..one(Verb::Send) };
    for world in [one(Verb::Send), one(Verb::Version), one(Verb::Rejected), one(Verb::Garbage), repeats] {
        for nth in 0..await_points(&world) {
            add(&world, &[at(What::Await, nth, 1)]);
        }
    }
    // It is frozen, and its partition moves to another poller, whose worker waits for its claim.
    let shared = World { pollers: 2, ..one(Verb::Send) };
    for nth in 0..await_points(&shared) {
        add(&shared, &[at(What::Rebalance, 0, 1), at(What::Await, nth, 2)]);
    }
    // Something is down for longer than the first delivery tries.
    for world in [one(Verb::Send), one(Verb::Version)] {
        for (what, down) in [(What::Decode, 2), (What::Effect, 8), (What::Write, 5)] {
            add(&world, &[at(what, 0, down)]);
        }
    }
    for verb in [Verb::Rejected, Verb::Garbage] {
        for nth in 0..2 {
            add(&one(verb), &[at(What::Write, nth, 5)]);
        }
    }
    // The operator redrives it: a rejected record, with a fixed deployment or without; an uncertain effect that had
    // happened or had not.
    let attended = |verb, fixed_after| World { operator: true, fixed_after, ..one(verb) };
    for verb in [Verb::Rejected, Verb::Garbage, Verb::Refused, Verb::Mismatch] {
        add(&attended(verb, 1), &[]);
        add(&attended(verb, World::plain(vec![]).fixed_after), &[]);
    }
    for fate in [2, 3, 5, 6, 7] {
        add(&attended(Verb::Send, 1), &[at(What::Effect, 0, fate)]);
    }
    situations
}

fn await_points(world: &World) -> u32 {
    let all_well = run(world, Fates::scheduled(Schedule::default()).exploring(), false);
    let first = |site: &&Site| site.delivery == 1 && site.what == What::Await;
    u32::try_from(all_well.visited.keys().filter(first).count()).unwrap_or(AWAIT_POINTS)
}

/// Tries deadlines around every await point of every later delivery of a situation, one at a time.
pub fn explore_deadlines(situation: &Situation, found: &mut Deadlines) {
    let Situation { world, before } = situation;
    let usual = run(world, Fates::scheduled(before.clone()).exploring(), true);
    found.runs += 1;
    if let Some(violation) = usual.violation {
        found.violations.push((world.clone(), before.clone(), violation));
        return;
    }
    let course: Course = usual
        .moments
        .range(2..)
        .map(|(delivery, moments)| {
            (*delivery, moments.iter().map(|moment| (*moment, busy(&usual, *delivery, *moment))).collect())
        })
        .collect();
    if found.courses.iter().any(|(known, tried)| (known, tried) == (world, &course)) {
        return;
    }
    for (delivery, points) in &course {
        points.values().for_each(|busy| *found.points.entry(*busy).or_default() += 1);
        for deadline in around(world, points.keys().copied()) {
            let mut schedule = before.clone();
            schedule.0.insert(Site { delivery: *delivery, what: What::Deadline, nth: 0 }, deadline);
            let ended = run(world, Fates::scheduled(schedule.clone()), false);
            found.runs += 1;
            found.violations.extend(ended.violation.map(|violation| (world.clone(), schedule, violation)));
        }
    }
    found.courses.push((world.clone(), course));
}

/// Deadlines that fall on each await point, and those that leave just enough, or just too little, from there.
pub(crate) fn around(world: &World, moments: impl Iterator<Item = u64>) -> BTreeSet<u32> {
    let settings = world.settings();
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let (reserve, needed) =
        (millis(settings.settle_reserve), millis(settings.effect_timeout + settings.settle_reserve));
    let around = |at: u64| [at, at + reserve, at + needed - 1, at + needed];
    let deadlines = moments.flat_map(around).filter_map(|ms| u32::try_from(ms).ok());
    deadlines.filter(|ms| (1..=DEADLINES).contains(ms)).collect()
}

/// What the worker of a delivery is doing `moment` milliseconds after the delivery began, from its last step.
fn busy(run: &Run, delivery: u32, moment: u64) -> Busy {
    let me = Actor::Worker(delivery);
    let Some(begins) = run.story.iter().find(|step| step.to == me && step.from != me) else { return Busy::Redelivered };
    if begins.from == Actor::Redrive {
        return Busy::Redriven;
    }
    let until = begins.at + Duration::from_millis(moment);
    let last = run.story.iter().rfind(|step| step.from == me && step.to != me && step.at < until);
    last.map_or(Busy::Redelivered, behind)
}

/// What a worker does after a step.
fn behind(step: &Step) -> Busy {
    let answer = match &step.answer {
        Answer::Received(text) => text.as_str(),
        Answer::None => "",
        // A worker without an answer tries again.
        Answer::Lost(_) | Answer::NotArrived => return Busy::Pausing,
    };
    match step.to {
        Actor::Letters => Busy::DeadLettering,
        Actor::Claims if answer.starts_with("held for") => Busy::WaitingForItsHolder,
        Actor::Claims if step.text.starts_with("park") || answer.starts_with("its lease is over") => {
            Busy::DeadLettering
        }
        Actor::Claims if step.text.starts_with("release") || answer.starts_with("throttled") => Busy::Pausing,
        Actor::Service if answer.starts_with("throttled") => Busy::Pausing,
        Actor::Service if answer == "rejected" || answer == "refused" => Busy::DeadLettering,
        Actor::Claims
        | Actor::Service
        | Actor::Source
        | Actor::Worker(_)
        | Actor::Registry
        | Actor::Redrive
        | Actor::Operator => Busy::Redelivered,
    }
}
