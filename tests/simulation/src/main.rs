//! `make simulate`: runs many seeds, or prints one step by step.
#![allow(clippy::print_stdout, reason = "its report")]

use std::io::{IsTerminal, Write, stderr};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Parser;
use simulation::{Fates, Violation, World, run, shrink, simulate};

/// Runs the real batch processor in a world full of faults, seed by seed, and shrinks runs that break an invariant.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// How many seeds to run, from the first on.
    #[arg(long, default_value_t = 20_000, conflicts_with = "seed", value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1, conflicts_with = "seed")]
    from: u64,
    /// Replays one seed and prints its steps.
    #[arg(long)]
    seed: Option<u64>,
}

/// How many violations are shrunk and printed; the rest are only counted.
const TOLD: usize = 3;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.seed {
        Some(seed) => replay(seed),
        None => many(arguments.from, arguments.seeds),
    }
}

fn replay(seed: u64) -> ExitCode {
    let (world, found) = simulate(seed);
    println!("seed {seed}\n{world}what goes wrong:\n{}what happens:", found.schedule);
    let again = run(&world, Fates::scheduled(found.schedule.clone()), true);
    again.story.iter().for_each(|line| println!("  {line}"));
    match again.violation {
        None => {
            println!("1 seed, {} records, 0 violations, {} deliveries", world.records(), again.deliveries);
            ExitCode::SUCCESS
        }
        Some(violation) => {
            tell(seed, world, found.schedule, violation);
            println!("1 seed, 1 violation");
            ExitCode::FAILURE
        }
    }
}

fn tell(seed: u64, world: World, schedule: simulation::Schedule, violation: Violation) {
    let shrunk = shrink(world, schedule, violation);
    println!("\nseed {seed}, shrunk in {} runs: {}", shrunk.runs, shrunk.violation);
    print!("{}what goes wrong:\n{}what happens:\n", shrunk.world, shrunk.schedule);
    shrunk.story.iter().for_each(|line| println!("  {line}"));
    println!("replay the whole of it: make simulate SEED={seed}");
}

#[derive(Default)]
struct Tally {
    next: AtomicU64,
    seeds: AtomicU64,
    records: AtomicU64,
    violations: AtomicU64,
    stop: AtomicBool,
    /// Seeds that broke an invariant.
    broken: Mutex<Vec<u64>>,
}

fn many(from: u64, seeds: u64) -> ExitCode {
    let tally = Tally::default();
    let started = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let interrupted = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(&tally, from, seeds))).collect();
        let interrupted =
            watch(&tally, seeds, started, || workers.iter().all(std::thread::ScopedJoinHandle::is_finished));
        tally.stop.store(true, Ordering::Relaxed);
        interrupted
    });
    let broken = tally.broken.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut told: Vec<_> = broken.into_iter().take(TOLD).collect();
    told.sort_unstable();
    for seed in told {
        let (world, found) = simulate(seed);
        if let Some(violation) = found.violation {
            tell(seed, world, found.schedule, violation);
        }
    }
    let [seeds, records, violations] =
        [tally.seeds, tally.records, tally.violations].map(|count| count.load(Ordering::Relaxed));
    let spent = started.elapsed().as_secs_f64();
    let rate = seeds as f64 / spent;
    let cut = if interrupted { ", interrupted" } else { "" };
    println!("{seeds} seeds, {records} records, {violations} violations, {spent:.1} s, {rate:.0} seeds/s{cut}");
    match (violations, interrupted) {
        (0, false) => ExitCode::SUCCESS,
        (0, true) => ExitCode::from(130),
        _ => ExitCode::FAILURE,
    }
}

fn work(tally: &Tally, from: u64, seeds: u64) {
    while !tally.stop.load(Ordering::Relaxed) {
        let nth = tally.next.fetch_add(1, Ordering::Relaxed);
        if nth >= seeds {
            return;
        }
        let (world, run) = simulate(from + nth);
        if run.violation.is_some() {
            tally.violations.fetch_add(1, Ordering::Relaxed);
            tally.broken.lock().unwrap_or_else(PoisonError::into_inner).push(from + nth);
        }
        tally.records.fetch_add(world.records() as u64, Ordering::Relaxed);
        tally.seeds.fetch_add(1, Ordering::Relaxed);
    }
}

/// Shows the progress until all is done or somebody presses Ctrl-C; true if interrupted.
fn watch(tally: &Tally, seeds: u64, started: Instant, done: impl Fn() -> bool) -> bool {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return false };
    let progress = stderr().is_terminal();
    let interrupted = runtime.block_on(async {
        let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
        while !done() {
            let tick = tokio::time::sleep(Duration::from_millis(200));
            tokio::select! { biased; _ = &mut interrupt => return true, () = tick => {} }
            if progress {
                let ran = tally.seeds.load(Ordering::Relaxed);
                let violations = tally.violations.load(Ordering::Relaxed);
                let rate = ran as f64 / started.elapsed().as_secs_f64();
                let _ = write!(stderr(), "\r{ran} of {seeds} seeds, {violations} violations, {rate:.0} seeds/s ");
            }
        }
        false
    });
    if progress {
        let _ = write!(stderr(), "\r{:60}\r", "");
    }
    interrupted
}
