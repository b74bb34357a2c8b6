//! Outcomes of a record: done once, in order, dead-lettered or pending.

use std::sync::Arc;
use std::time::Duration;

use event_runtime::testing::{
    ManualClock, MemoryClaims, MemoryDeadLetters, StoredClaim, WriteFault, claims_contract, dead_letters_contract,
};
use event_runtime::{Claim, Deadline, Outcome, Settings};
use serde_json::json;

use crate::world::{NOW, World, by_key, outcomes, unfinished};

#[tokio::test(start_paused = true)]
async fn each_account_takes_effect_once_however_often_it_is_delivered() {
    let world = World::new();
    let batch: &[(&str, &[&str])] = &[("accounts-0", &["send:a", "skip:x", "send:b", "send:a"])];
    let first = world.deliver(batch).await;
    assert_eq!(outcomes(&first), [(Outcome::Done, 2), (Outcome::Duplicate, 1), (Outcome::Skipped("on_purpose"), 1)]);
    let second = world.deliver(batch).await;
    assert_eq!(outcomes(&second), [(Outcome::Duplicate, 3), (Outcome::Skipped("on_purpose"), 1)]);
    assert_eq!(world.effects(), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn an_earlier_versions_name_of_an_effect_guards_it_too() {
    let world = World::new();
    // "a" and "d" alone are the names that the earlier version claims.
    let batch: &[(&str, &[&str])] = &[("accounts-0", &["send:a", "send:b formerly a", "send:c formerly d", "send:d"])];
    assert_eq!(outcomes(&world.deliver(batch).await), [(Outcome::Done, 2), (Outcome::Duplicate, 2)]);
    assert_eq!(world.effects(), ["a", "c formerly d"]);
    let throttled = world.deliver(&[("accounts-0", &["throttled:e formerly f"])]).await;
    assert_eq!(outcomes(&throttled), [(Outcome::Unfinished("throttled"), 1)]);
    for name in ["e", "f"] {
        assert!(matches!(world.claim(name).await, Claim::Claimed(_)), "{name} is free while nothing happens");
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_without_an_answer_is_withdrawn_under_both_its_names() {
    let world = World::new();
    for _ in 0..100 {
        world.claims.fault_next("claim", WriteFault::AnswerLost);
    }
    let report = world.deliver(&[("accounts-0", &["send:a formerly b"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Unfinished("claims_unavailable"), 1)]);
    assert!(matches!(world.claims.stored("welcome:b"), Some(StoredClaim::Free { .. })));
    assert!(matches!(world.claims.stored("welcome:a"), Some(StoredClaim::Free { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_throttled_effect_is_tried_again_within_the_invocation() {
    let world = World::new();
    let report = world.deliver(&[("accounts-0", &["throttled_once:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Done, 1)]);
    assert_eq!(report.retries, 1);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_record_is_reported_with_those_behind_and_its_claim_is_free() {
    let world = World::new();
    let report =
        world.deliver(&[("accounts-0", &["send:a", "throttled:b", "send:c"]), ("accounts-1", &["send:d"])]).await;
    assert_eq!(
        outcomes(&report),
        [(Outcome::Done, 2), (Outcome::Unfinished("lane_stopped"), 1), (Outcome::Unfinished("throttled"), 1)]
    );
    assert_eq!(
        unfinished(&report),
        json!({"batchItemFailures": [
            {"itemIdentifier": {"partition": "accounts-0", "offset": 1}},
            {"itemIdentifier": {"partition": "accounts-0", "offset": 2}}]})
    );
    assert!(matches!(world.claim("b").await, Claim::Claimed(_)));
    assert!(world.letters.letters().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_permanent_failure_costs_one_letter_and_the_partition_goes_on() {
    let world = World::new();
    let report = world.deliver(&[("accounts-0", &["rejected:a", "undecodable:x", "send:b"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Done, 1), (Outcome::DeadLettered("rejected"), 2)]);
    let letters = world.letters.letters();
    assert_eq!(letters.len(), 2);
    assert!(letters.iter().all(|letter| !letter.error.uncertain && letter.raw.value.is_some()));
    assert!(matches!(world.claim("a").await, Claim::Parked(_)));
}

#[tokio::test(start_paused = true)]
async fn an_uncertain_effect_is_dead_lettered_and_never_repeated() {
    for verb in ["answer_lost:a", "hangs:a", "panics:a"] {
        let world = World::new();
        let report = world.deliver(&[("accounts-0", &[verb])]).await;
        assert_eq!(report.unfinished_records(), 0, "{verb}");
        assert!(world.letters.letters()[0].error.uncertain, "{verb}");
        let again = world.deliver(&[("accounts-0", &[verb])]).await;
        assert_eq!(outcomes(&again), [(Outcome::Duplicate, 1)], "{verb}");
        assert_eq!(world.letters.letters().len(), 1, "{verb}");
        assert_eq!(world.handler.tries.lock().unwrap()["a"], 1, "{verb}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_of_a_dead_worker_is_parked_once() {
    let world = World::new();
    assert!(matches!(world.claim("a").await, Claim::Claimed(_)));
    world.clock.advance(Duration::from_secs(60));
    let report = world.deliver(&[("accounts-0", &["send:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::DeadLettered("effect_uncertain"), 1)]);
    let again = world.deliver(&[("accounts-0", &["send:a"])]).await;
    assert_eq!(outcomes(&again), [(Outcome::Duplicate, 1)]);
    assert_eq!(world.letters.letters().len(), 1);
    assert!(world.effects().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_another_worker_holds_is_reported_not_parked() {
    let world = World::new();
    assert!(matches!(world.claim("a").await, Claim::Claimed(_)));
    let report = world.deliver(&[("accounts-0", &["send:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Unfinished("claim_held"), 1)]);
    assert!(world.letters.letters().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_a_dead_letter_the_record_stays_pending() {
    let world = World::new();
    world.letters.set_down(true);
    let batch: &[(&str, &[&str])] = &[("accounts-0", &["rejected:a", "send:b"])];
    let report = world.deliver(batch).await;
    assert_eq!(
        outcomes(&report),
        [(Outcome::Unfinished("dead_letters_unavailable"), 1), (Outcome::Unfinished("lane_stopped"), 1)]
    );
    assert!(world.effects().is_empty());

    world.letters.set_down(false);
    let report = world.deliver(batch).await;
    assert_eq!(outcomes(&report), [(Outcome::Done, 1), (Outcome::DeadLettered("rejected"), 1)]);
}

#[tokio::test(start_paused = true)]
async fn an_uncertain_effect_without_a_dead_letter_is_not_repeated_either() {
    let world = World::new();
    world.letters.set_down(true);
    let report = world.deliver(&[("accounts-0", &["answer_lost:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Unfinished("dead_letters_unavailable"), 1)]);

    world.letters.set_down(false);
    world.clock.advance(Duration::from_secs(60));
    let report = world.deliver(&[("accounts-0", &["answer_lost:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::DeadLettered("effect_uncertain"), 1)]);
    assert_eq!(world.effects(), ["a"], "sent once, although it could not be recorded");
}

#[tokio::test(start_paused = true)]
async fn an_effect_that_cannot_be_recorded_is_pending_and_not_repeated() {
    let world = World::new();
    for _ in 0..10 {
        world.claims.fail_next("complete");
    }
    let report = world.deliver(&[("accounts-0", &["send:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Unfinished("claim_unsettled"), 1)]);
    assert_eq!(world.effects(), ["a"]);

    world.clock.advance(Duration::from_secs(60));
    let report = world.deliver(&[("accounts-0", &["send:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::DeadLettered("effect_uncertain"), 1)]);
    assert_eq!(world.effects(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn no_effect_starts_that_might_not_end_within_the_invocation() {
    let world = World::new();
    let needed = Settings::default().effect_timeout + Settings::default().settle_reserve;
    let batch: &[(&str, &[&str])] = &[("accounts-0", &["skip:x", "send:a"])];
    let late = world.deliver_within(batch, Deadline::within(needed - Duration::from_millis(1))).await;
    assert_eq!(outcomes(&late), [(Outcome::Skipped("on_purpose"), 1), (Outcome::Unfinished("deadline_near"), 1)]);
    assert!(world.effects().is_empty());

    let in_time = world.deliver_within(batch, Deadline::within(needed)).await;
    assert_eq!(in_time.unfinished_records(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_costs_one_record() {
    let world = World::new();
    let report = world.deliver(&[("accounts-0", &["unreadable_panic:x", "send:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Done, 1), (Outcome::DeadLettered("handler_panicked"), 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_missing_key_is_an_error_and_no_effect_runs_unguarded() {
    let world = World::new();
    let report = world.deliver(&[("accounts-0", &["send:"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::DeadLettered("key_missing"), 1)]);
    assert!(world.effects().is_empty());
}

#[tokio::test(start_paused = true)]
async fn ordered_by_key_different_keys_run_together_and_equal_keys_in_turn() {
    let world = World::with(by_key(4));
    let started = tokio::time::Instant::now();
    let report = world.deliver(&[("accounts-0", &["slow:a", "slow:b", "slow:c", "slow:d", "conditional:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Done, 5)]);
    assert!(started.elapsed() < Duration::from_millis(40), "four slow effects ran side by side");
    let effects = world.effects();
    let place = |what: &str| effects.iter().position(|effect| effect == what).unwrap();
    assert!(place("a") < place("a again"), "{effects:?}");
}

#[tokio::test(start_paused = true)]
async fn ordered_by_key_an_unfinished_record_holds_up_its_own_key_only() {
    let world = World::with(by_key(2));
    let report = world.deliver(&[("accounts-0", &["throttled:a", "send:b", "conditional:a", "send:c"])]).await;
    assert_eq!(world.effects(), ["b", "c"]);
    assert_eq!(
        unfinished(&report),
        json!({"batchItemFailures": [
            {"itemIdentifier": {"partition": "accounts-0", "offset": 0}},
            {"itemIdentifier": {"partition": "accounts-0", "offset": 2}}]})
    );
}

#[tokio::test]
async fn the_claims_in_memory_hold_the_contract() {
    let clock = ManualClock::at(NOW);
    let claims = MemoryClaims::new(Arc::new(clock.clone()));
    claims_contract(&claims, async || clock.advance(Duration::from_secs(60))).await;
}

#[tokio::test]
async fn the_dead_letters_in_memory_hold_the_contract() {
    let letters = MemoryDeadLetters::default();
    let read = letters.clone();
    dead_letters_contract(&letters, async |id| read.letters().into_iter().filter(|letter| letter.id == *id).collect())
        .await;
}
