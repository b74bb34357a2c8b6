//! Pauses and deadlines: what a record waits for, how long, and what is reported instead.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use event_runtime::testing::{HookedClaims, MemoryClaims, MemoryDeadLetters};
use event_runtime::{
    Claim, Claims, Clock, DeadLetter, DeadLetters, Deadline, Outcome, Processor, Settings, StoreError, UnixMillis,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::world::{ASKED_FOR, NOW, Scripted, World, event, invocation, outcomes};

fn needed() -> Duration {
    Settings::default().effect_timeout + Settings::default().settle_reserve
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_another_worker_holds_is_waited_for() {
    let world = World::new();
    let Claim::Claimed(held) = world.claim("a").await else { panic!("a free claim was refused") };
    let started = Instant::now();
    let other = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        world.claims.complete(&held).await.unwrap();
    };
    let (report, ()) = tokio::join!(world.deliver(&[("accounts-0", &["send:a", "send:b"])]), other);
    assert_eq!(outcomes(&report), [(Outcome::Done, 1), (Outcome::Duplicate, 1)]);
    assert!(started.elapsed() < Duration::from_secs(8), "soon after it was settled, not at the lease's end");
    assert_eq!(world.effects(), ["b"]);
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_holder_dies_is_parked_when_its_lease_ends() {
    let world = World::new();
    assert!(matches!(world.claim("a").await, Claim::Claimed(_)));
    let time = async {
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            world.clock.advance(Duration::from_secs(1));
        }
    };
    let (report, ()) = tokio::join!(world.deliver(&[("accounts-0", &["send:a"])]), time);
    assert_eq!(outcomes(&report), [(Outcome::DeadLettered("effect_uncertain"), 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_held_claim_is_reported_when_the_deadline_does_not_allow_to_wait() {
    let world = World::new();
    assert!(matches!(world.claim("a").await, Claim::Claimed(_)));
    let started = Instant::now();
    let deadline = Deadline::within(needed() + Duration::from_secs(1));
    let report = world.deliver_within(&[("accounts-0", &["send:a"])], deadline).await;
    assert_eq!(outcomes(&report), [(Outcome::Unfinished("claim_held"), 1)]);
    assert!(started.elapsed() <= Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn the_pause_that_a_dependency_asks_for_is_kept_if_the_deadline_allows() {
    let world = World::new();
    let started = Instant::now();
    let report =
        world.deliver_within(&[("accounts-0", &["asked_to_wait:a"])], Deadline::within(needed() + ASKED_FOR)).await;
    assert_eq!(outcomes(&report), [(Outcome::Done, 1)]);
    assert!(started.elapsed() >= ASKED_FOR);

    let world = World::new();
    let started = Instant::now();
    let too_soon = Deadline::within(needed() + ASKED_FOR - Duration::from_millis(1));
    let report = world.deliver_within(&[("accounts-0", &["asked_to_wait:a"])], too_soon).await;
    assert_eq!(outcomes(&report), [(Outcome::Unfinished("asked_to_wait"), 1)]);
    assert_eq!(started.elapsed(), Duration::ZERO, "reported at once");
    assert!(matches!(world.claim("a").await, Claim::Claimed(_)), "and its claim is free");
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_not_read_in_time_is_reported_before_the_end() {
    let world = World::new();
    let (started, limit) = (Instant::now(), Duration::from_secs(30));
    let report =
        world.deliver_within(&[("accounts-0", &["unreadable_yet:a", "send:b"])], Deadline::within(limit)).await;
    assert_eq!(
        outcomes(&report),
        [(Outcome::Unfinished("deadline_near"), 1), (Outcome::Unfinished("lane_stopped"), 1)]
    );
    assert!(started.elapsed() <= limit - Settings::default().settle_reserve);
}

/// A queue that stores each letter slowly.
struct SlowLetters {
    letters: MemoryDeadLetters,
    storing: Duration,
}

impl DeadLetters for SlowLetters {
    fn store<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            tokio::time::sleep(self.storing).await;
            self.letters.store(letter).await
        }
        .boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn records_without_time_for_their_letters_are_reported() {
    let storing = Duration::from_secs(1);
    let world = World::with_dead_letters(|letters| Arc::new(SlowLetters { letters, storing }));
    let (started, limit) = (Instant::now(), Duration::from_secs(6));
    let report = world.deliver_within(&[("accounts-0", &["garbled:x"; 40])], Deadline::within(limit)).await;
    assert!(started.elapsed() <= limit, "{:?}", started.elapsed());
    assert_eq!(
        outcomes(&report),
        [
            (Outcome::DeadLettered("garbled"), 4),
            (Outcome::Unfinished("deadline_near"), 1),
            (Outcome::Unfinished("lane_stopped"), 35)
        ]
    );
    let again = world.deliver_within(&[("accounts-0", &["garbled:x"; 40])], Deadline::unknown()).await;
    assert_eq!(outcomes(&again), [(Outcome::DeadLettered("garbled"), 40)]);
}

/// A world in which each claim and each completion takes the given time.
fn world_with_slow_claims(claiming: Duration, completing: Duration) -> World {
    World::behind(Settings::default(), |claims| {
        let wait = move |operation, after| match (operation, after) {
            ("claim", true) => claiming,
            ("complete", false) => completing,
            _ => Duration::ZERO,
        };
        let claims = HookedClaims::new(claims)
            .before(move |operation, _| pause(wait(operation, false)))
            .after(move |operation, _| pause(wait(operation, true)));
        Arc::new(claims)
    })
}

async fn pause(duration: Duration) {
    if !duration.is_zero() {
        tokio::time::sleep(duration).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_checked_again_after_a_slow_claim() {
    let world = world_with_slow_claims(Duration::from_secs(2), Duration::ZERO);
    let deadline = Deadline::within(needed() + Duration::from_secs(1));
    let report = world.deliver_within(&[("accounts-0", &["send:a"])], deadline).await;
    assert_eq!(outcomes(&report), [(Outcome::Unfinished("deadline_near"), 1)]);
    assert!(world.effects().is_empty());
    assert!(matches!(world.claim("a").await, Claim::Claimed(_)), "its claim is free");
}

#[tokio::test(start_paused = true)]
async fn a_table_that_does_not_answer_takes_no_more_than_the_reserve() {
    let hung = Duration::from_secs(3600);
    let (reserve, started) = (Settings::default().settle_reserve, Instant::now());
    let world = world_with_slow_claims(Duration::ZERO, hung);
    let report = world.deliver(&[("accounts-0", &["send:a", "send:b"])]).await;
    assert_eq!(
        outcomes(&report),
        [(Outcome::Unfinished("claim_unsettled"), 1), (Outcome::Unfinished("lane_stopped"), 1)]
    );
    assert!(started.elapsed() <= reserve);

    let world = world_with_slow_claims(hung, Duration::ZERO);
    let started = Instant::now();
    let deadline = Deadline::within(needed() + Duration::from_secs(1));
    let report = world.deliver_within(&[("accounts-0", &["send:a"])], deadline).await;
    assert_eq!(outcomes(&report), [(Outcome::Unfinished("claims_timeout"), 1)]);
    assert!(started.elapsed() <= reserve);
    assert!(world.effects().is_empty());
}

/// A clock that moves by a millisecond each time it is read.
#[derive(Default)]
struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> UnixMillis {
        UnixMillis(NOW.0 + self.0.fetch_add(1, Ordering::Relaxed))
    }
}

#[tokio::test(start_paused = true)]
async fn an_effect_starts_with_any_lease_skew() {
    for lease_skew in [Duration::ZERO, Duration::from_millis(1), Duration::MAX] {
        let clock: Arc<dyn Clock> = Arc::new(Ticking::default());
        let (claims, letters) =
            (Arc::new(MemoryClaims::new(Arc::clone(&clock))), Arc::new(MemoryDeadLetters::default()));
        let settings = Settings { lease_skew, ..Settings::default() };
        let processor = Processor::new(Scripted::default(), claims, letters, settings).with_clock(clock);
        let event = event(&[("accounts-0", &["send:a"])]).to_string();
        let report = processor.process(event.as_bytes(), &invocation(Deadline::unknown())).await.unwrap();
        assert_eq!(outcomes(&report), [(Outcome::Done, 1)], "{lease_skew:?}");
    }
}
