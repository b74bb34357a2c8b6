//! An effect that this version claims under another key than the version before.

use event_runtime::testing::both_names;

use super::*;

const ONE: &str = r"\(no=2,region=1)";
const OTHER: &str = r"\(no=1,region=2)";

async fn start() -> (Rollout, Arc<dyn Claims>) {
    let world = Rollout::start(UnixMillis(1_795_421_000_000)).await;
    // As the processor of this version sees its claims.
    let claims = both_names(Arc::new(world.claims.clone()));
    (world, claims)
}

async fn claim(claims: &Arc<dyn Claims>, name: &str) -> Claim {
    let effect = effect(name).formerly(effect("1,2").key);
    claims.claim(&effect, LEASE, OwnerToken::fresh()).await.unwrap()
}

async fn claimed(claims: &Arc<dyn Claims>, name: &str) -> Held {
    match claim(claims, name).await {
        Claim::Claimed(held) => held,
        other => panic!("{name}: {other:?}"),
    }
}

#[tokio::test]
async fn an_effect_claimed_by_the_version_before_stays_claimed() {
    let (world, claims) = start().await;
    let earlier = world.earlier();
    let Found::Claimed(token) = earlier.claim("welcome:1,2").await else { panic!("it is new") };
    assert!(matches!(claim(&claims, ONE).await, Claim::HeldUntil(_)));
    earlier.complete("welcome:1,2", token).await;
    assert_eq!(claim(&claims, ONE).await, Claim::Done);
}

#[tokio::test]
async fn after_a_rollback_the_version_before_finds_its_key_taken() {
    let (world, claims) = start().await;
    let held = claimed(&claims, ONE).await;
    assert_eq!(world.earlier().claim("welcome:1,2").await, Found::Held);
    assert_eq!(claims.complete(&held).await.unwrap(), Settled::Applied);
    assert_eq!(world.earlier().claim("welcome:1,2").await, Found::Done);
    // Another effect with the same former key still happens, once.
    let held = claimed(&claims, OTHER).await;
    assert_eq!(claims.complete(&held).await.unwrap(), Settled::Applied);
    assert_eq!((claim(&claims, ONE).await, claim(&claims, OTHER).await), (Claim::Done, Claim::Done));
}

#[tokio::test]
async fn a_claim_parked_under_its_new_key_is_freed_under_it() {
    let (world, claims) = start().await;
    let held = claimed(&claims, ONE).await;
    assert_eq!(claims.park(&held, &letter(), Doubt::Certain).await.unwrap(), Settled::Applied);
    assert_eq!(world.earlier().claim("welcome:1,2").await, Found::Parked(Some(letter())));
    assert_eq!(world.resolve(ONE, &letter(), Decider::Redrive).await, Resolved::Applied);
    let held = claimed(&claims, ONE).await;
    assert_eq!(claims.complete(&held).await.unwrap(), Settled::Applied);
    assert_eq!(claim(&claims, ONE).await, Claim::Done);
}
