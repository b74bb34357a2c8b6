//! Claims whose answers are lost or late: an effect that never began is not uncertain, and a late write ends no later
//! lease.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use event_runtime::testing::{HookedClaims, Sent, StoredClaim, WriteFault};
use event_runtime::{Claim, ClaimKey, Claims, EffectId, Outcome, OwnerToken, Settings, Settled};
use futures_util::future::pending;

use crate::world::{World, outcomes};

/// A world whose first `unanswered` claims are taken, while their answers never come. Where `withdrawals_fail`,
/// withdrawals are never answered either.
fn world_without_answers(unanswered: usize, withdrawals_fail: bool) -> World {
    World::behind(Settings::default(), |claims| {
        let left = AtomicUsize::new(unanswered);
        let claims = HookedClaims::new(claims)
            .before(move |operation, _| silence_if(withdrawals_fail && operation == "withdraw"))
            .after(move |operation, _| {
                let is_left = || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
                silence_if(operation == "claim" && is_left().is_ok())
            });
        Arc::new(claims)
    })
}

async fn silence_if(silent: bool) {
    if silent {
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_is_answered_too_late_is_our_own_at_the_next_attempt() {
    for unanswered in 1..=4 {
        let world = world_without_answers(unanswered, false);
        let report = world.deliver(&[("accounts-0", &["send:a"])]).await;
        assert_eq!(outcomes(&report), [(Outcome::Done, 1)], "{unanswered}");
        assert_eq!(world.effects(), ["a"]);
        assert!(world.letters.letters().is_empty(), "nothing about it is uncertain");
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_without_an_answer_is_withdrawn_for_the_next_delivery() {
    let world = world_without_answers(5, false);
    let report = world.deliver(&[("accounts-0", &["send:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Unfinished("claims_timeout"), 1)]);
    assert!(matches!(world.claims.stored("welcome:a"), Some(StoredClaim::Free { .. })));
    let report = world.deliver(&[("accounts-0", &["send:a"])]).await;
    assert_eq!((outcomes(&report), report.retries), (vec![(Outcome::Done, 1)], 0));
    assert!(world.letters.letters().is_empty());
}

/// The remaining case: the withdrawal fails too, so nobody knows, and a person must decide.
#[tokio::test(start_paused = true)]
async fn a_claim_that_cannot_be_withdrawn_is_uncertain_after_its_lease() {
    let world = world_without_answers(5, true);
    world.deliver(&[("accounts-0", &["send:a"])]).await;
    world.clock.advance(Duration::from_secs(60));
    let report = world.deliver(&[("accounts-0", &["send:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::DeadLettered("effect_uncertain"), 1)]);
    assert!(world.effects().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_is_applied_after_its_record_ended_changes_nothing() {
    let world = World::new();
    world.claims.fault_next("claim", WriteFault::Late);
    let report = world.deliver(&[("accounts-0", &["send:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Done, 1)]);
    let landed = world.claims.land(0).unwrap();
    assert_eq!(landed.before, landed.after);

    let world = World::new();
    (0..5).for_each(|_| world.claims.fault_next("claim", WriteFault::Late));
    let report = world.deliver(&[("accounts-0", &["send:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Unfinished("claims_unavailable"), 1)]);
    for number in world.claims.under_way() {
        let landed = world.claims.land(number).unwrap();
        assert!(landed.sent == Sent::Claim && matches!(landed.after, Some(StoredClaim::Free { .. })), "{landed:?}");
    }
    assert_eq!(outcomes(&world.deliver(&[("accounts-0", &["send:a"])]).await), [(Outcome::Done, 1)]);
}

/// One token for all attempts must not let a late release free the claim while the next attempt's effect runs.
#[tokio::test(start_paused = true)]
async fn a_late_release_does_not_free_the_claim_of_the_next_attempt() {
    let (world, token, lease) = (World::new(), OwnerToken::fresh(), Duration::from_secs(15));
    let effect = EffectId::new(ClaimKey::new("welcome", "a").unwrap());
    let claimed = async || match world.claims.claim(&effect, lease, token).await.unwrap() {
        Claim::Claimed(held) => held,
        other => panic!("{other:?}"),
    };
    let first = claimed().await;
    world.claims.fault_next("release", WriteFault::Late);
    world.claims.release(&first).await.unwrap_err();
    let second = claimed().await;
    let landed = world.claims.land(0).unwrap();
    assert_eq!(landed.before, landed.after, "the second attempt's effect runs");
    let report = world.deliver(&[("accounts-0", &["send:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Unfinished("claim_held"), 1)]);
    assert_eq!(world.claims.complete(&second).await.unwrap(), Settled::Applied);
}
