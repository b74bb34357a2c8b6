//! Disables each safeguard in turn: the simulation must find the invariant that breaks without it.
//!
//! The simulation's sources are compiled here against the crate in which safeguards can be disabled.
#![allow(clippy::panic, reason = "a test that meets a surprise must fail")]
#![allow(clippy::print_stdout, reason = "shows what was found with --nocapture")]

extern crate event_runtime_unguarded as event_runtime;
extern crate redrive_core_unguarded as redrive_core;

#[path = "../../simulation/src/lib.rs"]
#[allow(dead_code, unused_imports, unreachable_pub, reason = "the whole simulation, of which this needs a part")]
mod simulation;

use std::time::Instant;

use event_runtime::UnixMillis;
use event_runtime::safeguards::{Safeguard, without};
use event_runtime::testing::{ManualClock, MemoryClaims, claims_contract};
use simulation::{
    Deadlines, Fates, Record, Rule, Schedule, Site, Verb, What, World, explore_deadlines, later_deliveries, run,
    shrink, simulate,
};

/// The number of seeds within which a disabled safeguard must be noticed.
const SEEDS: u64 = 3000;

/// The maximum number of faults in a shrunk schedule: a longer one is not understandable.
const ENTRIES: usize = 16;

/// More await points than a delivery of one record has.
const AWAIT_POINTS: u32 = 50;

/// Finds a run that breaks without a safeguard, and shrinks it.
fn notice(safeguard: Safeguard, expected: &[Rule]) {
    let started = Instant::now();
    let found = without(safeguard, || {
        (1..=SEEDS).find_map(|seed| {
            let (world, run) = simulate(seed);
            let violation = run.violation.filter(|violation| expected.contains(&violation.rule))?;
            Some((seed, shrink(world, run.schedule, violation)))
        })
    });
    let Some((seed, shrunk)) = found else {
        panic!("without {safeguard:?} no invariant broke in {SEEDS} seeds: no test would notice if it were missing");
    };
    println!(
        "without {safeguard:?}: seed {seed}, {} records and {} entries after {} runs, {:.1} s\n  {}\n{}{}",
        shrunk.world.records(),
        shrunk.schedule.0.len(),
        shrunk.runs,
        started.elapsed().as_secs_f64(),
        shrunk.violation,
        shrunk.world,
        shrunk.schedule,
    );
    assert!(shrunk.schedule.0.len() <= ENTRIES, "{}", shrunk.schedule);
}

/// Finds a run that breaks without a safeguard when a worker is frozen at some await point while its partition moves to
/// the other poller.
fn notice_by_freezing(safeguard: Safeguard, expected: &[Rule]) {
    let mail = Record { verb: Verb::Send, key: Some(0), subject: 0 };
    let world = World { pollers: 2, ..World::plain(vec![vec![mail]]) };
    let site = |what, nth| Site { delivery: 1, what, nth };
    let found = without(safeguard, || {
        (0..AWAIT_POINTS).find_map(|nth| {
            let schedule = Schedule([(site(What::Await, nth), 2), (site(What::Rebalance, 0), 1)].into());
            let violation = run(&world, Fates::scheduled(schedule.clone()), false).violation;
            violation.filter(|violation| expected.contains(&violation.rule)).map(|violation| (schedule, violation))
        })
    });
    let Some((schedule, violation)) = found else {
        panic!("without {safeguard:?} no invariant broke: no test would notice if it were missing");
    };
    println!("without {safeguard:?}\n  {violation}\n{world}{schedule}");
}

/// Finds a run that breaks without a safeguard at a deadline of a later delivery.
fn notice_by_deadlines(safeguard: Safeguard, expected: &[Rule]) {
    let mut found = Deadlines::default();
    let broken = without(safeguard, || {
        later_deliveries().iter().find_map(|situation| {
            explore_deadlines(situation, &mut found);
            found.violations.iter().position(|(.., violation)| expected.contains(&violation.rule))
        })
    });
    let Some((world, schedule, violation)) = broken.map(|at| found.violations.swap_remove(at)) else {
        panic!(
            "without {safeguard:?} no invariant broke in {} runs: no test would notice if it were missing",
            found.runs
        );
    };
    println!("without {safeguard:?}: {} runs\n  {violation}\n{world}{schedule}", found.runs);
}

#[test]
fn without_the_token_condition_stale_owners_settle_claims() {
    notice(Safeguard::TokenCondition, &[Rule::OwnersOnly]);
}

#[test]
fn without_knowing_its_own_token_a_lost_answer_becomes_uncertain() {
    notice(Safeguard::OwnToken, &[Rule::LettersHaveCauses]);
}

#[test]
fn without_one_token_an_unanswered_claim_becomes_uncertain() {
    notice(Safeguard::OneToken, &[Rule::LettersHaveCauses]);
}

#[test]
fn without_the_lease_condition_a_late_write_ends_a_later_lease() {
    notice(Safeguard::LeaseFence, &[Rule::OwnersOnly]);
}

#[test]
fn without_the_last_lease_on_free_claims_a_late_claim_takes_one() {
    notice(Safeguard::FreeFence, &[Rule::OwnersOnly]);
}

#[test]
fn without_the_takeover_mark_an_uncertain_effect_is_repeated() {
    notice(Safeguard::TakenOver, &[Rule::OnceUnderAClaim]);
}

#[test]
fn without_withdrawal_an_unanswered_claim_becomes_uncertain() {
    notice(Safeguard::Withdrawn, &[Rule::LettersHaveCauses]);
}

#[test]
fn without_live_leases_a_claim_is_taken_from_a_live_worker() {
    notice(Safeguard::LiveLease, &[Rule::LeasesHold]);
}

#[test]
fn without_the_lease_recheck_a_frozen_worker_runs_a_lost_effect() {
    // It needs two faults at one await point of many: trying each finds it quickly, random faults may miss it.
    notice_by_freezing(Safeguard::LeaseRecheck, &[Rule::ClaimedFirst, Rule::OnceUnderAClaim]);
}

#[test]
fn without_order_later_records_overtake_a_pending_one() {
    notice(Safeguard::Order, &[Rule::OrderHolds]);
}

#[test]
fn without_the_letter_first_a_dead_lettered_record_is_lost() {
    notice(Safeguard::LetterFirst, &[Rule::NothingLost, Rule::OrderHolds]);
}

#[test]
fn without_the_deadline_check_effects_are_interrupted() {
    notice(Safeguard::Deadline, &[Rule::EffectsBeginInTime, Rule::EffectsFit]);
    notice_by_deadlines(Safeguard::Deadline, &[Rule::EffectsBeginInTime, Rule::EffectsFit]);
}

#[test]
fn without_the_deadline_recheck_an_effect_begins_too_late() {
    notice_by_deadlines(Safeguard::DeadlineRecheck, &[Rule::EffectsBeginInTime]);
}

#[test]
fn without_the_pause_check_an_invocation_is_ended_while_it_waits() {
    notice_by_deadlines(Safeguard::PauseFits, &[Rule::AnswersInTime]);
}

#[test]
fn without_failing_the_whole_batch_by_default_records_are_lost() {
    notice(Safeguard::WholeBatchByDefault, &[Rule::NothingLost]);
}

#[test]
fn without_the_flood_guard_a_broken_deployment_drains_a_topic() {
    notice(Safeguard::FloodStops, &[Rule::NoFlood]);
}

#[test]
fn without_clearing_by_stage_skipped_records_hide_a_broken_deployment() {
    let skipped = Record { verb: Verb::Skip, key: Some(0), subject: 0 };
    let denied = Record { verb: Verb::Denied, ..skipped };
    let world = World::plain(vec![[skipped, skipped, denied].repeat(20)]);
    let play = || run(&world, Fates::scheduled(Schedule::default()), false).violation;
    let violation = without(Safeguard::FloodByStage, play);
    assert_eq!(violation.map(|violation| violation.rule), Some(Rule::NoFlood));
    assert_eq!(play(), None);
}

#[test]
fn without_parking_uncertain_effects_a_mail_is_sent_twice() {
    notice(Safeguard::UncertainIsParked, &[Rule::OnceUnderAClaim]);
}

#[test]
fn without_keeping_redriven_letters_letters_multiply() {
    notice(Safeguard::LettersStay, &[Rule::LettersStay]);
}

/// The messages that the redrive receives say that nothing happened; another reader has the one that does not.
#[test]
fn without_the_doubt_on_the_claim_a_redrive_repeats_an_effect() {
    let mail = Record { verb: Verb::Rejected, key: Some(0), subject: 0 };
    let world = World { operator: true, fixed_after: 1, ..World::plain(vec![vec![mail]]) };
    let at = |delivery, what, nth, fate| (Site { delivery, what, nth }, fate);
    // The letter is stored without an answer at every attempt, then the next delivery loses its effect's answer.
    let before = (1..9).map(|nth| at(1, What::Write, nth, 3)).chain([at(2, What::Effect, 0, 3)]);
    let schedule = Schedule(before.chain([at(0, What::Queue, 0, 4)]).collect());
    let play = || run(&world, Fates::scheduled(schedule.clone()), false).violation;
    let violation = without(Safeguard::CertainOnly, play);
    assert_eq!(violation.map(|violation| violation.rule), Some(Rule::OnceUnderAClaim));
    assert_eq!(play(), None);
    // And with random faults in such a world.
    let dice = |seed| run(&world, Fates::random(fastrand::Rng::with_seed(seed)), false).violation;
    let found = without(Safeguard::CertainOnly, || (1..=SEEDS).find(|seed| dice(*seed).is_some()));
    let seed = found.unwrap_or_else(|| {
        panic!("no random faults of {SEEDS} seeds break an invariant without {:?}", Safeguard::CertainOnly)
    });
    println!("without {:?}: seed {seed}\n{world}", Safeguard::CertainOnly);
    assert_eq!(dice(seed), None);
}

/// The contract suite ties the DynamoDB adapter to the stores of the simulation, so it has to notice a disabled
/// safeguard too.
#[test]
fn the_contract_of_claims_notices_too() {
    let of_claims = [
        Safeguard::TokenCondition,
        Safeguard::OwnToken,
        Safeguard::LiveLease,
        Safeguard::LetterFence,
        Safeguard::LeaseFence,
        Safeguard::FreeFence,
        Safeguard::TakenOver,
        Safeguard::CertainOnly,
    ];
    for safeguard in of_claims {
        let broken = std::panic::catch_unwind(|| without(safeguard, run_contract));
        assert!(broken.is_err(), "the contract holds without {safeguard:?}");
    }
    run_contract();
}

#[allow(clippy::expect_used, reason = "without a runtime there is no test")]
fn run_contract() {
    let clock = ManualClock::at(UnixMillis(1_795_000_000_000));
    let claims = MemoryClaims::new(std::sync::Arc::new(clock.clone()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(claims_contract(&claims, async || clock.advance(std::time::Duration::from_secs(31))));
}
