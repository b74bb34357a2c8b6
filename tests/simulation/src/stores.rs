//! Stores that fail as real ones do, watched for whoever writes what is not theirs.

use std::future::{Future, pending};
use std::sync::Arc;
use std::time::Duration;

use event_runtime::testing::{EarlierClaims, Landed, MemoryClaims, Sent, StoredClaim, WriteFault};
use event_runtime::{
    Claim, ClaimKey, Claims, Clock, DeadLetter, DeadLetters, Decider, Decision, Doubt, EffectId, Held, LetterId,
    OwnerToken, ParkedUnder, Resolved, Settled, StoreError, UnixMillis, WhenUncertain,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::books::Rule;
use super::run::{Scene, Service};
use super::schedule::What;
use super::story::{Actor, Answer, Step};

/// How a write of the delivery that is being polled goes.
#[derive(Debug, Clone, Copy)]
struct Weather {
    fault: Option<WriteFault>,
    /// When it arrives, if that is later than its sender hopes.
    arrives_in: Option<Duration>,
    /// Whether its sender gets no answer at all, not even that it failed.
    silent: bool,
}

/// Longer than the processor waits for a store.
const GIVEN_UP: Duration = Duration::from_millis(1200);
/// Longer than most records take, shorter than the lease.
const LONG_GONE: Duration = Duration::from_millis(3500);
const A_MOMENT: Duration = Duration::from_millis(150);

fn weather(scene: &Scene, service: Service) -> Weather {
    let fate = scene.decide(What::Write, 9);
    if fate == 5 {
        scene.goes_down(service);
    }
    let (fault, arrives_in, silent) = match fate {
        _ if scene.is_down(service) => (Some(WriteFault::NotApplied), None, false),
        0 => (None, None, false),
        1 => (Some(WriteFault::NotApplied), None, false),
        2 => (Some(WriteFault::Throttled(Duration::from_millis(300))), None, false),
        3 => (Some(WriteFault::AnswerLost), None, false),
        4 => (Some(WriteFault::SentTwice), None, false),
        6 => (Some(WriteFault::Late), Some(A_MOMENT), false),
        7 => (Some(WriteFault::Late), Some(GIVEN_UP), true),
        8 => (Some(WriteFault::Late), Some(LONG_GONE), true),
        _ => (Some(WriteFault::SecondLate), Some(A_MOMENT), false),
    };
    if fault.is_some() {
        scene.books(|books| books.store_fails(scene.delivery()));
    }
    Weather { fault, arrives_in, silent }
}

/// The claims as one worker sees them, by its own clock.
pub(crate) struct StormyClaims {
    pub(crate) scene: Arc<Scene>,
    pub(crate) claims: MemoryClaims,
    pub(crate) clock: Arc<dyn Clock>,
    /// Whether the worker runs the version before.
    pub(crate) earlier: bool,
}

impl StormyClaims {
    /// The table as the worker's version writes and reads it.
    fn port(&self) -> Box<dyn Claims> {
        match self.earlier {
            true => Box::new(EarlierClaims(self.claims.clone())),
            false => Box::new(self.claims.clone()),
        }
    }

    /// Makes a write of `operation`, in whatever weather there is; `None` where its sender never hears of it.
    async fn write<T>(
        &self,
        operation: &'static str,
        weather: Weather,
        write: impl Future<Output = Result<T, StoreError>>,
    ) -> Option<Result<T, StoreError>> {
        if let Some(fault) = weather.fault {
            self.claims.fault_next(operation, fault);
        }
        let before = self.claims.under_way();
        let written = write.await;
        for number in self.claims.under_way().into_iter().filter(|number| !before.contains(number)) {
            arrives(Arc::clone(&self.scene), number, weather.arrives_in.unwrap_or_default());
        }
        let silent = weather.silent && written.is_err();
        (!silent).then_some(written)
    }

    async fn settle(
        &self,
        operation: &'static str,
        key: &str,
        token: OwnerToken,
        settling: impl Future<Output = Result<Settled, StoreError>>,
    ) -> Result<Settled, StoreError> {
        let scene = &self.scene;
        scene.travel().await;
        let delivery = scene.delivery();
        let weather = weather(scene, Service::Claims);
        let nothing_happened = operation == "release" || operation == "withdraw";
        if weather.fault.is_some_and(|fault| fault != WriteFault::SentTwice) {
            // As long as this is not written, others may come to doubt the effect.
            scene.books(|books| match nothing_happened {
                true => books.not_freed(key, token),
                false => books.doubt(key),
            });
        }
        let before = self.claims.stored(key);
        let settled = self.write(operation, weather, settling).await;
        let after = self.claims.stored(key);
        scene.books(|books| match &settled {
            Some(Ok(Settled::Applied)) if nothing_happened => books.freed(key, token, operation == "withdraw"),
            // Another worker has it, or it is taken over: what is still on its way cannot be kept from arriving later.
            Some(Ok(Settled::NotOurs)) if operation == "withdraw" => books.not_freed(key, token),
            Some(Ok(_) | Err(_)) | None => {}
        });
        scene.tell(|| {
            let answer = told(
                weather.fault,
                settled.as_ref().map(|settled| {
                    settled.as_ref().map(|settled| match settled {
                        Settled::Applied => "written".to_owned(),
                        Settled::NotOurs => "refused: another owner's token or lease".to_owned(),
                    })
                }),
            );
            Step::call(Actor::Worker(delivery), Actor::Claims, format!("{operation} {key}"), answer)
        });
        let ours = matches!(&before, Some(StoredClaim::Held { token: held_by, .. }) if *held_by == token);
        let nobodys = operation == "withdraw" && matches!(&before, None | Some(StoredClaim::Free { .. }));
        if before != after && !ours && !nobodys {
            scene.broken(
                Rule::OwnersOnly,
                format!("{operation} of {key} by delivery {delivery}, which does not hold it"),
            );
        }
        let Some(settled) = settled else { return pending().await };
        scene.travel().await;
        settled
    }

    fn watch(&self, key: &str, token: OwnerToken, before: Option<&StoredClaim>, now: UnixMillis) {
        let after = self.claims.stored(key);
        match before {
            Some(StoredClaim::Done { .. } | StoredClaim::Parked { .. }) if after.as_ref() != before => {
                self.scene.broken(Rule::OwnersOnly, format!("{key} was settled and is claimed again"));
            }
            Some(StoredClaim::Held { until, token: owner, .. })
                if after.as_ref() != before && *owner != token && *until > now =>
            {
                self.scene.broken(Rule::LeasesHold, format!("{key} was taken over before its lease ended"));
            }
            _ => {}
        }
    }
}

impl Claims for StormyClaims {
    fn claim<'a>(
        &'a self,
        effect: &'a EffectId,
        lease: Duration,
        token: OwnerToken,
    ) -> BoxFuture<'a, Result<Claim, StoreError>> {
        async move {
            let scene = &self.scene;
            let (delivery, name) = (scene.delivery(), effect.key.as_str());
            scene.books(|books| books.touches(delivery, name));
            scene.travel().await;
            let weather = weather(scene, Service::Claims);
            if self.earlier && weather.fault.is_some_and(|fault| fault != WriteFault::SentTwice) {
                // That version takes its next try for another worker's: it ends in doubt of what never began.
                scene.books(|books| books.doubt(name));
            }
            let before = self.claims.stored(name);
            let port = self.port();
            let claim = self.write("claim", weather, port.claim(effect, lease, token)).await;
            self.watch(name, token, before.as_ref(), self.clock.now());
            scene.tell(|| {
                let answer =
                    told(weather.fault, claim.as_ref().map(|claim| claim.as_ref().map(|claim| self.found(claim))));
                Step::call(Actor::Worker(delivery), Actor::Claims, format!("claim {name}"), answer)
            });
            match &claim {
                Some(Ok(Claim::Claimed(held) | Claim::Uncertain(held))) => {
                    scene.books(|books| books.holds(delivery, held));
                }
                Some(Ok(Claim::Done | Claim::Parked(_))) => {
                    let partition = name.split([':', '.']).nth(1).and_then(|partition| partition.parse().ok());
                    scene.books(|books| partition.map(|partition| books.succeeded(delivery, partition)));
                }
                Some(Ok(Claim::Conflict | Claim::HeldUntil(_)) | Err(_)) | None => {}
            }
            let Some(claim) = claim else { return pending().await };
            scene.travel().await;
            claim
        }
        .boxed()
    }

    fn complete<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        async move {
            let port = self.port();
            self.settle("complete", held.key.as_str(), held.token, port.complete(held)).await
        }
        .boxed()
    }

    fn release<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        async move {
            let port = self.port();
            self.settle("release", held.key.as_str(), held.token, port.release(held)).await
        }
        .boxed()
    }

    fn withdraw<'a>(
        &'a self,
        key: &'a ClaimKey,
        lease: Duration,
        token: OwnerToken,
    ) -> BoxFuture<'a, Result<Settled, StoreError>> {
        async move {
            // The version before knew no such thing.
            if self.earlier {
                return Ok(Settled::NotOurs);
            }
            self.settle("withdraw", key.as_str(), token, self.claims.withdraw(key, lease, token)).await
        }
        .boxed()
    }

    fn park<'a>(
        &'a self,
        held: &'a Held,
        letter: &'a LetterId,
        doubt: Doubt,
    ) -> BoxFuture<'a, Result<Settled, StoreError>> {
        async move {
            let (scene, key) = (&self.scene, held.key.as_str());
            if doubt == Doubt::Certain
                && scene.world.uncertain == WhenUncertain::Park
                && scene.books(|books| books.times_seen(key) > 0)
            {
                scene.broken(Rule::CertainIsCertain, format!("{key} happened, and is parked as certain"));
            }
            // The version before parked under the letter's own id whatever its first try knew.
            let first = self.earlier && !scene.books(|books| books.is_redriven(scene.delivery()));
            let own = first.then(|| letter.as_str().strip_suffix("-redriven")).flatten().map(LetterId::from_stored);
            let letter = own.unwrap_or_else(|| letter.clone());
            let port = self.port();
            self.settle("park", key, held.token, port.park(held, &letter, doubt)).await
        }
        .boxed()
    }

    fn resolve<'a>(
        &'a self,
        key: &'a ClaimKey,
        park: ParkedUnder<'a>,
        decision: Decision,
        by: Decider<'a>,
    ) -> BoxFuture<'a, Result<Resolved, StoreError>> {
        self.claims.resolve(key, park, decision, by)
    }
}

impl StormyClaims {
    fn found(&self, claim: &Claim) -> String {
        match claim {
            Claim::Claimed(_) => "claimed".to_owned(),
            Claim::Done => "done before".to_owned(),
            Claim::Parked(_) => "parked".to_owned(),
            Claim::Conflict => "settled for another effect".to_owned(),
            Claim::HeldUntil(until) => format!("held for {} ms more", until.since(self.clock.now()).as_millis()),
            Claim::Uncertain(_) => "its lease is over, now ours: uncertain".to_owned(),
        }
    }
}

/// A write is on its way, and arrives then, whatever has become of its sender.
fn arrives(scene: Arc<Scene>, number: usize, after: Duration) {
    tokio::spawn(async move {
        tokio::time::sleep(after).await;
        let Some(landed) = scene.claims.land(number) else { return };
        let Landed { key, token, until, sent, before, after } = landed;
        let (key, changed) = (key.as_str(), before != after);
        scene.tell(|| {
            let what = match sent {
                Sent::Claim => "claim",
                Sent::Settling => "settling",
                Sent::Withdrawal => "withdrawal",
            };
            let does = if changed { "" } else { ", and changes nothing" };
            Step::note(Actor::Claims, format!("a late {what} of {key} arrives{does}"))
        });
        if !changed {
            return;
        }
        let known = scene.books(|books| books.known_of(key, token));
        let ended = match &before {
            Some(StoredClaim::Held { until: lease, .. }) => Some(*lease),
            Some(StoredClaim::Free { .. } | StoredClaim::Done { .. } | StoredClaim::Parked { .. }) | None => None,
        };
        match sent {
            // It is ours only if nothing that we did since says otherwise.
            Sent::Claim if known.lease.is_some_and(|lease| until < lease) => {
                scene.broken(Rule::OwnersOnly, format!("a late claim of {key} takes it behind a later try"));
            }
            Sent::Claim if known.withdrawn && !scene.world.earlier => {
                scene.broken(Rule::OwnersOnly, format!("a late claim of {key} takes it, though it was withdrawn"));
            }
            // The version before deletes what it releases, and with it what kept this claim out.
            Sent::Claim if known.withdrawn => scene.books(|books| books.doubt(key)),
            Sent::Settling if ended.is_some_and(|lease| lease != until && known.lease == Some(lease)) => {
                scene.broken(Rule::OwnersOnly, format!("a late write of an earlier try ends the lease of {key}"));
            }
            Sent::Claim | Sent::Settling | Sent::Withdrawal => {}
        }
    });
}

/// The dead-letter queue, for workers.
pub(crate) struct StormyLetters {
    pub(crate) scene: Arc<Scene>,
}

impl DeadLetters for StormyLetters {
    fn store<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            let scene = &self.scene;
            scene.travel().await;
            let delivery = scene.delivery();
            let weather = weather(scene, Service::Letters);
            // A letter comes to no harm by its lateness: for its sender it is an answer that was lost.
            let fault = weather.fault.map(|fault| match fault {
                WriteFault::Late | WriteFault::SecondLate => WriteFault::AnswerLost,
                WriteFault::NotApplied | WriteFault::Throttled(_) | WriteFault::AnswerLost | WriteFault::SentTwice => {
                    fault
                }
            });
            let (messages, stored) = match fault {
                None => (1, Ok(())),
                Some(WriteFault::SentTwice) => (2, Ok(())),
                Some(WriteFault::Throttled(pause)) => (0, Err(unavailable(Some(pause)))),
                Some(WriteFault::NotApplied) => (0, Err(unavailable(None))),
                Some(WriteFault::AnswerLost | WriteFault::Late | WriteFault::SecondLate) => (1, Err(unavailable(None))),
            };
            (0..messages).for_each(|_| scene.queue(|queue| queue.send(letter)));
            let stored = (!weather.silent).then_some(stored);
            if messages > 0 {
                scene.books(|books| books.stored(&scene.world, delivery, letter));
            }
            scene.tell(|| {
                let (place, code) = (&letter.place, &letter.error.code);
                let call = format!("letter of {}@{}: {code}", place.partition, place.offset.unwrap_or(-1));
                let answer = told(fault, stored.as_ref().map(|stored| stored.as_ref().map(|()| "stored".to_owned())));
                Step::call(Actor::Worker(delivery), Actor::Letters, call, answer)
            });
            let Some(stored) = stored else { return pending().await };
            scene.travel().await;
            if stored.is_ok() {
                scene.books(|books| books.told_of(&scene.world, delivery, letter));
            }
            stored
        }
        .boxed()
    }
}

fn unavailable(retry_after: Option<Duration>) -> StoreError {
    let (store, operation, code) = ("dead-letter queue", "store a letter", "dead_letters_unavailable");
    StoreError { store, operation, code, retry_after, cause: "the queue does not answer".into() }
}

/// What an answer says; `None` where there is none.
fn told(fault: Option<WriteFault>, answer: Option<Result<String, &StoreError>>) -> Answer {
    match (fault, answer) {
        (Some(WriteFault::SentTwice), Some(Ok(text))) => Answer::Says(format!("{text} (sent twice)")),
        (_, Some(Ok(text))) => Answer::Says(text),
        (Some(WriteFault::Throttled(_)), _) => Answer::Says("throttled".to_owned()),
        (Some(WriteFault::AnswerLost), _) => Answer::Lost("written".to_owned()),
        (Some(WriteFault::Late | WriteFault::SecondLate), _) => Answer::Lost("on its way".to_owned()),
        (Some(WriteFault::NotApplied | WriteFault::SentTwice) | None, _) => Answer::NeverAsked,
    }
}
