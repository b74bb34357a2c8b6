//! Tries every fault at every place where it can happen: one at a time, or several together.

use super::deadlines::around;
use super::rule::Violation;
use super::run::run;
use super::schedule::{Fates, Schedule, Site, What};
use super::world::World;

/// The results of trying all faults.
#[derive(Debug, Default)]
pub struct Explored {
    /// Runs.
    pub runs: usize,
    /// Await points of the first delivery when nothing fails.
    pub await_points: usize,
    /// Runs that broke an invariant.
    pub violations: Vec<(Schedule, Violation)>,
}

/// Tries every fault at every place, up to `together` of them in one run. Delays are left out: they only change the
/// order of events, which random runs cover better.
pub fn explore(world: &World, together: usize) -> Explored {
    let mut explored = Explored::default();
    descend(world, &Schedule::default(), together, &mut explored);
    explored
}

fn descend(world: &World, schedule: &Schedule, more: usize, explored: &mut Explored) {
    let run = run(world, Fates::scheduled(schedule.clone()).exploring(), false);
    explored.runs += 1;
    if schedule.0.is_empty() {
        let first = |site: &&Site| site.delivery == 1 && site.what == What::Await;
        explored.await_points = run.visited.keys().filter(first).count();
    }
    if let Some(violation) = run.violation {
        explored.violations.push((schedule.clone(), violation));
        return;
    }
    if more == 0 {
        return;
    }
    let last = schedule.0.keys().next_back().copied();
    for (site, fates) in run.visited.into_iter().filter(|(site, _)| Some(*site) > last) {
        let fates: Vec<u32> = match site.what {
            What::Latency => continue,
            // Those of later deliveries: see `explore_deadlines`.
            What::Deadline if site.delivery > 1 => continue,
            What::Deadline => {
                let moments = run.moments.get(&1).into_iter().flatten().copied();
                around(world, moments).into_iter().collect()
            }
            _ => (1..=fates).collect(),
        };
        for fate in fates {
            let mut schedule = schedule.clone();
            schedule.0.insert(site, fate);
            descend(world, &schedule, more - 1, explored);
        }
    }
}
