//! Runs the simulation: random worlds, every single fault, deadlines at every await point, special cases and replays.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use event_runtime::{Order, Reporting};
use simulation::{
    Answer, Busy, Deadlines, Fates, Limits, Reading, Record, Rule, Schedule, Site, Verb, What, World, explore,
    explore_deadlines, later_deliveries, run, shrink, simulate,
};

/// The number of seeds before each push; `make test-all` and `make test-long` run more, by `make simulate SEEDS=…`.
const SEEDS: u64 = 400;

const ALL_VERBS: [Verb; 9] = [
    Verb::Skip,
    Verb::Garbage,
    Verb::Mismatch,
    Verb::Refused,
    Verb::Denied,
    Verb::Version,
    Verb::Append,
    Verb::Send,
    Verb::Rejected,
];

fn partition(verbs: &[Verb]) -> Vec<Record> {
    let keyed = |(at, verb): (usize, &Verb)| Record { verb: *verb, key: Some(at as u8 % 2), subject: 0 };
    verbs.iter().enumerate().map(keyed).collect()
}

#[test]
fn no_invariant_breaks_in_any_world() {
    let started = std::time::Instant::now();
    let mut records = 0;
    for seed in 1..=SEEDS {
        let (world, found) = simulate(seed);
        records += world.records();
        if let Some(violation) = found.violation {
            let shrunk = shrink(world, found.schedule, violation);
            let story: Vec<_> = shrunk.story.iter().map(ToString::to_string).collect();
            let (world, schedule, story) = (shrunk.world, shrunk.schedule, story.join("\n  "));
            panic!("seed {seed}: {}\n{world}what goes wrong:\n{schedule}what happens:\n  {story}", shrunk.violation);
        }
    }
    println!("{SEEDS} seeds, {records} records, 0 violations, {:.1} s", started.elapsed().as_secs_f64());
}

/// All kinds of records, with every order and every way to report.
fn small_worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for order in [Order::Partition, Order::Key { in_flight: 2.try_into().unwrap() }] {
        for reporting in [None, Some(Reporting::PartialBatch)] {
            for verbs in [&ALL_VERBS[..], &[Verb::Send, Verb::Version, Verb::Send][..], &[Verb::Send][..]] {
                let feature = reporting.is_some();
                worlds.push(World { order, reporting, feature, ..World::plain(vec![partition(verbs)]) });
            }
        }
    }
    let two_partitions = vec![partition(&[Verb::Send, Verb::Version]), partition(&[Verb::Append, Verb::Rejected])];
    worlds.push(World { bisect: true, ..World::plain(two_partitions.clone()) });
    worlds.push(World { pollers: 2, earlier: true, feature: true, ..World::plain(two_partitions.clone()) });
    // Redriven letters: one record is rejected until a later deployment, one may become uncertain.
    let attended =
        World { operator: true, fixed_after: 1, ..World::plain(vec![partition(&[Verb::Rejected, Verb::Send])]) };
    worlds.push(attended);
    let skew = std::time::Duration::from_millis(1500);
    worlds.push(World {
        pollers: 2,
        skew,
        feature: true,
        reading: Reading::FromTheLowest,
        ..World::plain(two_partitions)
    });
    worlds
}

#[test]
fn no_single_fault_breaks_an_invariant_at_any_await_point() {
    let (mut runs, mut await_points) = (0, 0);
    for world in small_worlds() {
        let explored = explore(&world, 1);
        runs += explored.runs;
        await_points += explored.await_points;
        let found: Vec<_> =
            explored.violations.iter().map(|(schedule, violation)| format!("{violation}\n{schedule}")).collect();
        assert!(found.is_empty(), "{world}{}", found.join("\n"));
    }
    println!("{} worlds, {await_points} await points, {runs} runs", small_worlds().len());
    assert!(await_points > 300, "{await_points} await points are too few: does the worker still wait for its stores?");
}

#[test]
fn no_deadline_of_a_later_delivery_breaks_an_invariant() {
    let mut found = Deadlines::default();
    later_deliveries().iter().for_each(|situation| explore_deadlines(situation, &mut found));
    let result = found.violations.iter().map(|(world, schedule, violation)| format!("{violation}\n{world}{schedule}"));
    assert!(found.violations.is_empty(), "{} of {} runs:\n{}", found.violations.len(), found.runs, {
        result.take(3).collect::<Vec<_>>().join("\n")
    });
    let points: usize = found.points.values().sum();
    let (courses, runs) = (found.courses(), found.runs);
    println!("{courses} worlds with later deliveries, {points} pairs of such a world and an await point, {runs} runs:");
    for busy in Busy::ALL {
        let points = found.points.get(&busy).copied().unwrap_or_default();
        println!("  {points:5} {busy}");
        assert!(points >= 20, "{busy}: {points} points are too few to try a deadline at");
    }
}

/// The process knows that the effect never began, even if the write was lost or late: no person must be asked.
#[test]
fn a_claim_whose_answer_is_lost_or_late_never_ends_in_a_letter() {
    let world = World { feature: true, ..World::plain(vec![partition(&[Verb::Send])]) };
    for delivery in 1..=2 {
        for fate in 1..=9 {
            let site = |delivery, what| Site { delivery, what, nth: 0 };
            // The first delivery could not read its record, so there is a second one.
            let unread = (0..5).map(|nth| (Site { delivery: 1, what: What::Decode, nth }, 1));
            let before = unread.filter(|_| delivery == 2);
            let schedule = Schedule(before.chain([(site(delivery, What::Write), fate)]).collect());
            let result = run(&world, Fates::scheduled(schedule), true);
            assert_eq!((result.violation, result.letters), (None, 0), "{fate}: {:?}", result.story);
            let sent = result
                .story
                .iter()
                .filter(|step| step.text.starts_with("send:") && step.answer == Answer::Received("done".to_owned()));
            assert_eq!(sent.count(), 1, "{fate}");
        }
    }
}

#[test]
fn no_two_faults_break_an_invariant_together() {
    let world = World { feature: true, ..World::plain(vec![partition(&[Verb::Send])]) };
    let explored = explore(&world, 2);
    println!("{} runs of two faults", explored.runs);
    assert!(explored.runs > 1000, "{}", explored.runs);
    assert_eq!(explored.violations, vec![]);
}

/// If the mapping ignores a partial answer, records are lost: AWS works this way, so partial answers are not the
/// default.
#[test]
fn a_partial_answer_that_the_mapping_ignores_loses_records() {
    let site = |nth| Site { delivery: 1, what: What::Decode, nth };
    let throttled = Schedule((0..5).map(|nth| (site(nth), 1)).collect());
    let world = World::plain(vec![partition(&[Verb::Version, Verb::Version])]);
    let partial = World { reporting: Some(Reporting::PartialBatch), ..world.clone() };
    let violation = run(&partial, Fates::scheduled(throttled.clone()), false).violation.unwrap();
    assert_eq!(violation.rule, Rule::NothingLost);
    assert_eq!(run(&world, Fates::scheduled(throttled.clone()), false).violation, None);
    let with_feature = World { feature: true, ..partial };
    assert_eq!(run(&with_feature, Fates::scheduled(throttled), false).violation, None);
}

#[test]
fn a_batch_beyond_the_limits_goes_to_the_on_failure_destination() {
    let limits = Some(Limits { retries: 1, age: std::time::Duration::from_secs(60) });
    let world = World { limits, ..World::plain(vec![partition(&[Verb::Version])]) };
    let site = |delivery| Site { delivery, what: What::Await, nth: 0 };
    let dies_twice = Schedule([(site(1), 1), (site(2), 1)].into());
    let result = run(&world, Fates::scheduled(dies_twice), true);
    assert_eq!((result.violation, result.deliveries), (None, 2));
    assert!(result.story.iter().any(|step| step.text.contains("to the on-failure destination")), "{:?}", result.story);
}

#[test]
fn a_seed_replays_exactly_by_itself_and_by_its_schedule() {
    for seed in 1..60 {
        let (world, first) = simulate(seed);
        let (_, second) = simulate(seed);
        assert_eq!((&first.schedule, first.deliveries), (&second.schedule, second.deliveries), "seed {seed}");
        let replayed = run(&world, Fates::scheduled(first.schedule.clone()), false);
        assert_eq!(replayed.deliveries, first.deliveries, "seed {seed}");
    }
}

/// A letter is stored, but its answer is lost at every attempt: the claim is freed. The next delivery runs the effect,
/// loses its answer, and dead-letters the record under the same letter. The queue now contains messages that say that
/// nothing happened and one that does not, and another reader has that one while the redrive runs.
#[test]
fn a_redrive_that_misses_the_uncertain_message_repeats_no_effect() {
    let (world, schedule) = an_uncertain_message_that_another_reader_has();
    let result = run(&world, Fates::scheduled(schedule.clone()), true);
    let story: Vec<_> = result.story.iter().map(ToString::to_string).collect();
    assert_eq!(result.violation, None, "{world}{schedule}{}", story.join("\n"));
    assert!(story.iter().any(|step| step.contains("in the console")), "{}", story.join("\n"));
}

fn an_uncertain_message_that_another_reader_has() -> (World, Schedule) {
    let mail = Record { verb: Verb::Rejected, key: Some(0), subject: 0 };
    let world = World { operator: true, fixed_after: 1, ..World::plain(vec![vec![mail]]) };
    let at = |delivery, what, nth, fate| (Site { delivery, what, nth }, fate);
    let answers_lost = (1..9).map(|nth| at(1, What::Write, nth, 3));
    let then = [at(2, What::Effect, 0, 3), at(0, What::Queue, 0, 4)];
    (world, Schedule(answers_lost.chain(then).collect()))
}
