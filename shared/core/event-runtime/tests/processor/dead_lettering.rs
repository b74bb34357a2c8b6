//! Dead-lettered records: what happens to the records after them, to their letters and to their claims.

use std::time::Duration;

use event_runtime::testing::WriteFault;
use event_runtime::{
    Claim, ClaimKey, Claims, Decider, Decision, Doubt, LetterId, Outcome, ParkedUnder, Resolved, Settings,
    WhenUncertain,
};

use crate::world::{World, outcomes};

#[tokio::test(start_paused = true)]
async fn records_behind_a_dead_lettered_one_go_on() {
    let world = World::new();
    let batch: &[(&str, &[&str])] = &[("accounts-0", &["rejected:a", "refused:a", "conditional:a"])];
    let report = world.deliver(batch).await;
    assert_eq!(outcomes(&report), [(Outcome::Done, 1), (Outcome::DeadLettered("rejected"), 2)]);
}

#[tokio::test(start_paused = true)]
async fn a_claim_key_too_long_for_the_store_is_dead_lettered() {
    let world = World::new();
    let too_long = format!("send:{}", "a".repeat(world.claims.max_key_bytes()));
    let report = world.deliver(&[("accounts-0", &[&too_long, "send:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Done, 1), (Outcome::DeadLettered("key_missing"), 1)]);
    assert_eq!(world.claims.writes(), 2, "the store is not asked about the long key");
    assert_eq!(world.effects(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_redriven_record_that_fails_again_keeps_its_one_letter() {
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
    assert_eq!(
        outcomes(&world.redrive("send:a", "0f3c").await),
        [(Outcome::Duplicate, 1)],
        "its letter can be deleted"
    );
}

#[tokio::test(start_paused = true)]
async fn a_redriven_effect_that_is_uncertain_again_waits_for_a_person_again() {
    let world = World::new();
    let report = world.redrive("answer_lost:a", "0f3c").await;
    assert_eq!(outcomes(&report), [(Outcome::Unfinished("answer_lost"), 1)]);
    let Claim::Parked(parked) = world.claim("a").await else { panic!("it is not parked") };
    assert_eq!(parked.letter, Some(LetterId::from_stored("0f3c").uncertain()));
    assert_eq!(parked.doubt, Doubt::Uncertain);
    let again = world.redrive("answer_lost:a", "0f3c").await;
    assert_eq!(outcomes(&again), [(Outcome::Unfinished("claim_parked"), 1)]);
    assert_eq!(world.effects(), ["a"], "once, as far as can be known");
    assert!(world.letters.letters().is_empty());
}

/// A letter is stored, its answer is lost, and its claim is released; the next delivery loses the answer to its effect.
/// Then the queue contains two messages of one letter, and a reader that sees only the first would think that nothing
/// happened.
#[tokio::test(start_paused = true)]
async fn an_earlier_certain_letter_does_not_free_a_later_uncertain_claim() {
    let world = World::new();
    (0..5).for_each(|_| world.letters.fault_next(WriteFault::AnswerLost));
    let first = world.deliver(&[("accounts-0", &["rejected_then_lost:a"])]).await;
    assert_eq!(outcomes(&first), [(Outcome::Unfinished("dead_letters_unavailable"), 1)]);
    let letter = world.letters.letters()[0].clone();
    assert!(!letter.error.uncertain, "the effect had not happened yet");
    let second = world.deliver(&[("accounts-0", &["rejected_then_lost:a"])]).await;
    assert_eq!(outcomes(&second), [(Outcome::DeadLettered("answer_lost"), 1)]);

    let key = ClaimKey::new("welcome", "a").unwrap();
    for (name, refused) in [(letter.id.clone(), Resolved::OtherPark), (letter.id.uncertain(), Resolved::Uncertain)] {
        let park = ParkedUnder::from(&name);
        let resolved = world.claims.resolve(&key, park, Decision::Repeat, Decider::Redrive).await.unwrap();
        assert_eq!(resolved, refused, "{name}");
    }
    let redriven = world.redrive("rejected_then_lost:a", letter.id.uncertain().as_str()).await;
    assert_eq!(outcomes(&redriven), [(Outcome::Unfinished("claim_parked"), 1)]);
    assert_eq!(world.effects(), ["a"], "once, as far as can be known");
    assert_eq!(world.resolve("a", Decision::Done).await, Resolved::Applied, "a person decides");
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
    assert_eq!(abandoned.retries, 0, "at once: a pause would not help");

    let world = World::with(repeat());
    let hung = world.deliver(&[("accounts-0", &["hangs:a"])]).await;
    assert_eq!(outcomes(&hung), [(Outcome::Unfinished("effect_timeout"), 1)]);
    let panicked = world.deliver(&[("accounts-0", &["panics:b"])]).await;
    assert_eq!(outcomes(&panicked), [(Outcome::DeadLettered("handler_panicked"), 1)], "a defect would happen again");
}

#[tokio::test(start_paused = true)]
async fn one_key_with_two_contents_is_an_error() {
    let world = World::new();
    let report = world.deliver(&[("accounts-0", &["pay:a=12", "pay:a=99", "pay:a=12"])]).await;
    assert_eq!(
        outcomes(&report),
        [(Outcome::Done, 1), (Outcome::Duplicate, 1), (Outcome::DeadLettered("claim_conflict"), 1)]
    );
    assert_eq!(world.letters.letters()[0].error.code, "claim_conflict");
    assert_eq!(world.effects(), ["a=12"]);
}
