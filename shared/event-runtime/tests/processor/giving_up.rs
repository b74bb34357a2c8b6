//! What a record that is given up means: for later records of its key, and for the letter that it came from.

use std::time::Duration;

use event_runtime::{Claim, Decision, LaterRecords, LetterId, Outcome, Resolved, Settings, WhenUncertain};

use crate::world::{World, by_key, outcomes};

fn stop_lane() -> Settings {
    Settings { later_records: LaterRecords::StopLane, ..Settings::default() }
}

#[tokio::test(start_paused = true)]
async fn where_a_lane_must_stop_a_parked_effect_stays_owed_until_an_operator_has_decided() {
    for verb in ["rejected:a", "answer_lost:a"] {
        let code = verb.split_once(':').unwrap().0;
        let world = World::with(stop_lane());
        let batch: &[(&str, &[&str])] = &[("accounts-0", &[verb, "conditional:a", "send:b"])];
        let first = world.deliver(batch).await;
        assert_eq!(
            first.outcomes[&Outcome::Unfinished(if code == "rejected" { "rejected" } else { "answer_lost" })],
            1
        );
        assert_eq!(first.outcomes[&Outcome::Unfinished("lane_stopped")], 2);
        assert_eq!(world.letters.letters().len(), 1, "its letter asks for a decision");

        for _ in 0..2 {
            let again = world.deliver(batch).await;
            assert_eq!(
                outcomes(&again),
                [(Outcome::Unfinished("claim_parked"), 1), (Outcome::Unfinished("lane_stopped"), 2)]
            );
        }
        assert_eq!(world.letters.letters().len(), 1, "it asks once");
        assert_eq!(world.handler.tries.lock().unwrap()["a"], 1, "and is not tried again");

        assert_eq!(world.resolve("a", Decision::Done).await, Resolved::Applied);
        let decided = world.deliver(batch).await;
        assert_eq!(outcomes(&decided), [(Outcome::Done, 2), (Outcome::Duplicate, 1)]);
        assert_eq!(world.effects().iter().filter(|effect| *effect == "b").count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn where_a_lane_must_stop_a_repeated_effect_comes_before_the_later_ones() {
    let world = World::with(stop_lane());
    let batch: &[(&str, &[&str])] = &[("accounts-0", &["rejected_once:a", "conditional:a"])];
    assert_eq!(world.deliver(batch).await.unfinished_records(), 2);
    assert_eq!(world.resolve("a", Decision::Repeat).await, Resolved::Applied);
    assert_eq!(outcomes(&world.deliver(batch).await), [(Outcome::Done, 2)]);
    assert_eq!(world.effects(), ["a", "a again"]);
}

#[tokio::test(start_paused = true)]
async fn where_a_lane_must_stop_what_no_claim_remembers_is_not_parked() {
    for verb in ["refused:a", "undecodable:a", "garbled:a"] {
        let world = World::with(stop_lane());
        for _ in 0..3 {
            let report = world.deliver(&[("accounts-0", &[verb, "conditional:a"])]).await;
            assert_eq!(report.unfinished_records(), 2, "{verb}");
        }
        assert!(world.letters.letters().is_empty(), "{verb}");
        assert!(world.effects().is_empty(), "{verb}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_a_lane_must_stop_under_order_by_key_only_that_key_stops() {
    let world = World::with(Settings { later_records: LaterRecords::StopLane, ..by_key(4) });
    let batch: &[(&str, &[&str])] = &[("accounts-0", &["rejected:a", "send:b", "conditional:a", "conditional:b"])];
    let report = world.deliver(batch).await;
    assert_eq!(report.unfinished_records(), 2);
    assert_eq!(world.effects(), ["b", "b again"]);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_lets_later_records_go_on_parks_and_goes_on() {
    let world = World::new();
    let batch: &[(&str, &[&str])] = &[("accounts-0", &["rejected:a", "refused:a", "conditional:a"])];
    let report = world.deliver(batch).await;
    assert_eq!(outcomes(&report), [(Outcome::Done, 1), (Outcome::Parked("rejected"), 2)]);
}

#[tokio::test(start_paused = true)]
async fn a_redriven_record_that_fails_again_is_reported_and_never_parked_anew() {
    for verb in ["rejected:a", "refused:a", "undecodable:a", "garbled:a", "unreadable_panic:a", "throttled:a"] {
        let world = World::new();
        let report = world.redrive(verb, "0f3c").await;
        assert_eq!((report.records(), report.unfinished_records()), (1, 1), "{verb}");
        assert!(world.letters.letters().is_empty(), "{verb}: its letter is there already");
        assert!(
            matches!(world.claim("a").await, Claim::Claimed(_)),
            "{verb}: nothing happened, so it may be sent again"
        );
    }
    let world = World::new();
    assert_eq!(outcomes(&world.redrive("send:a", "0f3c").await), [(Outcome::Done, 1)]);
    assert_eq!(outcomes(&world.redrive("send:a", "0f3c").await), [(Outcome::Duplicate, 1)], "its letter can go");
}

#[tokio::test(start_paused = true)]
async fn a_redriven_effect_that_is_uncertain_again_waits_for_a_person_again() {
    let world = World::new();
    let report = world.redrive("answer_lost:a", "0f3c").await;
    assert_eq!(outcomes(&report), [(Outcome::Unfinished("answer_lost"), 1)]);
    assert_eq!(world.claim("a").await, Claim::Parked(Some(LetterId::from_stored("0f3c"))));
    let again = world.redrive("answer_lost:a", "0f3c").await;
    assert_eq!(outcomes(&again), [(Outcome::Unfinished("claim_parked"), 1)]);
    assert_eq!(world.effects(), ["a"], "once, as far as anybody knows");
    assert!(world.letters.letters().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_parked_claim_is_resolved_by_the_operator_and_by_nothing_else() {
    let world = World::new();
    world.deliver(&[("accounts-0", &["rejected_once:a"])]).await;
    let letter = world.letters.letters()[0].clone();
    assert_eq!(letter.claim.as_deref(), Some("welcome:a"));
    let redriven = world.redrive("rejected_once:a", letter.id.as_str()).await;
    assert_eq!(outcomes(&redriven), [(Outcome::Unfinished("claim_parked"), 1)]);
    let delivered = world.deliver(&[("accounts-0", &["rejected_once:a"])]).await;
    assert_eq!(outcomes(&delivered), [(Outcome::Duplicate, 1)]);
    assert!(world.effects().is_empty());

    assert_eq!(world.resolve("a", Decision::Repeat).await, Resolved::Applied);
    let redriven = world.redrive("rejected_once:a", letter.id.as_str()).await;
    assert_eq!(outcomes(&redriven), [(Outcome::Done, 1)]);
    assert_eq!(world.effects(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_function_may_have_uncertain_effects_repeated() {
    let repeat = || Settings { uncertain: WhenUncertain::Repeat, ..Settings::default() };
    let world = World::with(repeat());
    let report = world.deliver(&[("accounts-0", &["answer_lost_once:a"])]).await;
    assert_eq!((outcomes(&report), report.retries), (vec![(Outcome::Done, 1)], 1));
    assert!(world.letters.letters().is_empty());

    assert!(matches!(world.claim("b").await, Claim::Claimed(_)));
    world.clock.advance(Duration::from_secs(60));
    let abandoned = world.deliver(&[("accounts-0", &["send:b"])]).await;
    assert_eq!(outcomes(&abandoned), [(Outcome::Done, 1)], "its worker died; it is taken again");
    assert_eq!(abandoned.retries, 0, "at once: nothing failed that a pause would mend");

    let world = World::with(repeat());
    let hung = world.deliver(&[("accounts-0", &["hangs:a"])]).await;
    assert_eq!(outcomes(&hung), [(Outcome::Unfinished("effect_timeout"), 1)]);
    let panicked = world.deliver(&[("accounts-0", &["panics:b"])]).await;
    assert_eq!(outcomes(&panicked), [(Outcome::Parked("handler_panicked"), 1)], "a defect comes again");
}

#[tokio::test(start_paused = true)]
async fn one_key_with_two_contents_is_a_loud_error() {
    let world = World::new();
    let report = world.deliver(&[("accounts-0", &["pay:a=12", "pay:a=99", "pay:a=12"])]).await;
    assert_eq!(
        outcomes(&report),
        [(Outcome::Done, 1), (Outcome::Duplicate, 1), (Outcome::Parked("claim_conflict"), 1)]
    );
    assert_eq!(world.letters.letters()[0].error.code, "claim_conflict");
    assert_eq!(world.effects(), ["a=12"]);
}
