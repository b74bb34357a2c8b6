//! Shrinks a run that broke an invariant to the few faults and records that it needs.

use super::rule::Violation;
use super::run::run;
use super::schedule::{Fates, Schedule, Site, What};
use super::story::Step;
use super::world::World;

/// The maximum number of runs for shrinking.
const BUDGET: usize = 3000;

/// Schedules with at most this many entries are tried in many places.
const FEW: usize = 4;

/// The simplest world and schedule found that break the same invariant.
#[derive(Debug)]
pub struct Shrunk {
    /// The world.
    pub world: World,
    /// The faults in it.
    pub schedule: Schedule,
    /// The broken invariant.
    pub violation: Violation,
    /// The steps of the run.
    pub story: Vec<Step>,
    /// The number of runs that shrinking took.
    pub runs: usize,
}

/// Shrinks a run: drops faults, simplifies the world and lowers each fault, as long as the same invariant is broken.
pub fn shrink(world: World, schedule: Schedule, violation: Violation) -> Shrunk {
    let mut search = Search { world, schedule, violation, runs: 0 };
    while search.drop_entries() | search.bring_forward() | search.simplify_world() | search.lower_fates() {}
    let story = run(&search.world, Fates::scheduled(search.schedule.clone()), true).story;
    Shrunk { world: search.world, schedule: search.schedule, violation: search.violation, story, runs: search.runs }
}

struct Search {
    world: World,
    schedule: Schedule,
    violation: Violation,
    runs: usize,
}

impl Search {
    /// Keeps a candidate that breaks the same invariant.
    fn keeps(&mut self, world: &World, schedule: Schedule) -> bool {
        if self.runs >= BUDGET {
            return false;
        }
        self.runs += 1;
        match run(world, Fates::scheduled(schedule.clone()), false).violation {
            Some(violation) if violation.rule == self.violation.rule => {
                *self = Search { world: world.clone(), schedule, violation, runs: self.runs };
                true
            }
            _ => false,
        }
    }

    /// Leaves out entries, many at a time first.
    fn drop_entries(&mut self) -> bool {
        let mut progress = false;
        let mut size = self.schedule.0.len();
        while size > 0 {
            let mut from = 0;
            while from < self.schedule.0.len() {
                let entries = self.schedule.0.iter().enumerate();
                let rest =
                    entries.filter(|(at, _)| !(from..from + size).contains(at)).map(|(_, (site, fate))| (*site, *fate));
                let rest = Schedule(rest.collect());
                if self.keeps(&self.world.clone(), rest) { progress = true } else { from += size }
            }
            size /= 2;
        }
        progress
    }

    /// Lets everything happen in earlier deliveries.
    fn bring_forward(&mut self) -> bool {
        let mut progress = false;
        let mut by = self.schedule.0.keys().next_back().map_or(0, |last| last.delivery.saturating_sub(1));
        while by > 0 {
            let brought = self.earlier(by, &|_| 0);
            if brought != self.schedule && self.keeps(&self.world.clone(), brought) { progress = true } else { by /= 2 }
        }
        progress
    }

    fn simplify_world(&mut self) -> bool {
        let mut progress = false;
        'simpler: loop {
            for world in self.world.simpler() {
                // Without a record, later faults may happen a delivery or some await points earlier.
                let kept = self.keeps(&world, self.schedule.clone())
                    || self.keeps(&world, self.earlier(1, &|_| 0))
                    || (self.schedule.0.len() <= FEW
                        && (1..=12).any(|awaits| {
                            (0..=2).any(|writes| {
                                self.keeps(
                                    &world,
                                    self.earlier(0, &|what| match what {
                                        What::Await => awaits,
                                        What::Write => writes,
                                        What::Effect | What::Decode => 1,
                                        _ => 0,
                                    }),
                                )
                            })
                        }));
                if kept {
                    progress = true;
                    continue 'simpler;
                }
            }
            return progress;
        }
    }

    /// The schedule with everything so many deliveries, and so many of its kind, earlier.
    fn earlier(&self, deliveries: u32, by: &dyn Fn(What) -> u32) -> Schedule {
        let earlier = |(site, fate): (&Site, &u32)| {
            let delivery = site.delivery.saturating_sub(deliveries).max(site.delivery.min(1));
            (Site { delivery, nth: site.nth.saturating_sub(by(site.what)), ..*site }, *fate)
        };
        Schedule(self.schedule.0.iter().map(earlier).collect())
    }

    /// Takes the least of each fate that will do.
    fn lower_fates(&mut self) -> bool {
        let mut progress = false;
        for (site, fate) in self.schedule.0.clone() {
            for less in [1, fate / 4, fate / 2, fate - fate.min(1)].into_iter().filter(|less| (1..fate).contains(less))
            {
                let mut schedule = self.schedule.clone();
                schedule.0.insert(site, less);
                if self.keeps(&self.world.clone(), schedule) {
                    progress = true;
                    break;
                }
            }
        }
        progress
    }
}
