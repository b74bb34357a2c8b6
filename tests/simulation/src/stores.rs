//! Stores that fail as real ones do, watched for whoever writes what is not theirs.

use std::sync::Arc;
use std::time::Duration;

use event_runtime::testing::{MemoryClaims, StoredClaim, WriteFault};
use event_runtime::{
    Claim, ClaimKey, Claims, Clock, DeadLetter, DeadLetters, Decider, Decision, Doubt, EffectId, Held, LetterId,
    OwnerToken, ParkedUnder, Resolved, Settled, StoreError, UnixMillis,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::books::Rule;
use super::run::{Scene, Service};
use super::schedule::What;
use super::story::{Actor, Answer, Step};

/// How a write of the delivery that is being polled goes.
fn fault(scene: &Scene, service: Service) -> Option<WriteFault> {
    let fate = scene.decide(What::Write, 5);
    if fate == 5 {
        scene.goes_down(service);
    }
    let fault = match fate {
        _ if scene.is_down(service) => Some(WriteFault::NotApplied),
        0 => None,
        1 => Some(WriteFault::NotApplied),
        2 => Some(WriteFault::Throttled(Duration::from_millis(300))),
        3 => Some(WriteFault::AnswerLost),
        _ => Some(WriteFault::SentTwice),
    };
    if fault.is_some() {
        scene.books(|books| books.store_fails(scene.delivery()));
    }
    fault
}

/// The claims as one worker sees them, by its own clock.
pub(crate) struct StormyClaims {
    pub(crate) scene: Arc<Scene>,
    pub(crate) claims: MemoryClaims,
    pub(crate) clock: Arc<dyn Clock>,
}

impl StormyClaims {
    async fn settle<'a>(
        &'a self,
        operation: &'static str,
        key: &'a str,
        token: OwnerToken,
        write: BoxFuture<'a, Result<Settled, StoreError>>,
    ) -> Result<Settled, StoreError> {
        let scene = &self.scene;
        scene.travel().await;
        let delivery = scene.delivery();
        let fault = fault(scene, Service::Claims);
        if let Some(fault) = fault {
            self.claims.fault_next(operation, fault);
            if fault != WriteFault::SentTwice {
                // As long as this is not written, others may come to doubt the effect.
                scene.books(|books| books.doubt(key));
            }
        }
        let before = self.claims.stored(key);
        let settled = write.await;
        let after = self.claims.stored(key);
        scene.tell(|| {
            let answer = told(
                fault,
                settled.as_ref().map(|settled| match settled {
                    Settled::Applied => "written".to_owned(),
                    Settled::NotOurs => "refused: another owner's token or lease".to_owned(),
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
            let fault = fault(scene, Service::Claims);
            if let Some(fault) = fault {
                self.claims.fault_next("claim", fault);
            }
            if fault == Some(WriteFault::AnswerLost) {
                // Held by a token that nobody knows.
                scene.books(|books| books.doubt(name));
            }
            let before = self.claims.stored(name);
            let claim = self.claims.claim(effect, lease, token).await;
            self.watch(name, token, before.as_ref(), self.clock.now());
            scene.tell(|| {
                let answer = told(
                    fault,
                    claim.as_ref().map(|claim| match claim {
                        Claim::Claimed(_) => "claimed".to_owned(),
                        Claim::Done => "done before".to_owned(),
                        Claim::Parked(_) => "parked".to_owned(),
                        Claim::Conflict => "settled for another effect".to_owned(),
                        Claim::HeldUntil(until) => {
                            format!("held for {} ms more", until.since(self.clock.now()).as_millis())
                        }
                        Claim::Uncertain(_) => "its lease is over, now ours: uncertain".to_owned(),
                    }),
                );
                Step::call(Actor::Worker(delivery), Actor::Claims, format!("claim {name}"), answer)
            });
            match (&claim, self.claims.stored(name)) {
                (Ok(Claim::Claimed(_) | Claim::Uncertain(_)) | Err(_), Some(StoredClaim::Held { token, .. }))
                    if before.as_ref().map(StoredClaim::token) != Some(token) =>
                {
                    scene.books(|books| books.holds(delivery, name, token));
                }
                (Ok(Claim::Done | Claim::Parked(_)), _) => {
                    let lane = name.split([':', '.']).nth(1).and_then(|lane| lane.parse().ok());
                    scene.books(|books| lane.map(|lane| books.succeeded(delivery, lane)));
                }
                _ => {}
            }
            scene.travel().await;
            claim
        }
        .boxed()
    }

    fn complete<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.settle("complete", held.key.as_str(), held.token, self.claims.complete(held)).boxed()
    }

    fn release<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.settle("release", held.key.as_str(), held.token, self.claims.release(held)).boxed()
    }

    fn withdraw<'a>(
        &'a self,
        key: &'a ClaimKey,
        lease: Duration,
        token: OwnerToken,
    ) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.settle("withdraw", key.as_str(), token, self.claims.withdraw(key, lease, token)).boxed()
    }

    fn park<'a>(
        &'a self,
        held: &'a Held,
        letter: &'a LetterId,
        doubt: Doubt,
    ) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.settle("park", held.key.as_str(), held.token, self.claims.park(held, letter, doubt)).boxed()
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
            let fault = fault(scene, Service::Letters);
            let messages = match fault {
                Some(WriteFault::NotApplied | WriteFault::Throttled(_)) => 0,
                None | Some(WriteFault::AnswerLost | WriteFault::Late | WriteFault::SecondLate) => 1,
                Some(WriteFault::SentTwice) => 2,
            };
            (0..messages).for_each(|_| scene.queue(|queue| queue.send(letter)));
            let stored = match fault {
                None | Some(WriteFault::SentTwice) => Ok(()),
                Some(WriteFault::Throttled(pause)) => Err(unavailable(Some(pause))),
                Some(WriteFault::NotApplied | WriteFault::AnswerLost | WriteFault::Late | WriteFault::SecondLate) => {
                    Err(unavailable(None))
                }
            };
            if messages > 0 {
                scene.books(|books| books.stored(&scene.world, delivery, letter));
            } else if let Some(claim) = &letter.claim {
                // Without its letter the claim cannot be parked, and may outlive its lease.
                scene.books(|books| books.doubt(claim));
            }
            scene.tell(|| {
                let (place, code) = (&letter.place, &letter.error.code);
                let call = format!("letter of {}@{}: {code}", place.partition, place.offset.unwrap_or(-1));
                let answer = told(fault, stored.as_ref().map(|()| "stored".to_owned()));
                Step::call(Actor::Worker(delivery), Actor::Letters, call, answer)
            });
            scene.travel().await;
            stored
        }
        .boxed()
    }
}

fn unavailable(retry_after: Option<Duration>) -> StoreError {
    let (store, operation, code) = ("dead-letter queue", "store a letter", "dead_letters_unavailable");
    StoreError { store, operation, code, retry_after, cause: "the queue does not answer".into() }
}

fn told(fault: Option<WriteFault>, answer: Result<String, &StoreError>) -> Answer {
    match (fault, answer) {
        (Some(WriteFault::SentTwice), Ok(text)) => Answer::Says(format!("{text} (sent twice)")),
        (_, Ok(text)) => Answer::Says(text),
        (Some(WriteFault::Throttled(_)), Err(_)) => Answer::Says("throttled".to_owned()),
        (Some(WriteFault::AnswerLost), Err(_)) => Answer::Lost("written".to_owned()),
        (Some(WriteFault::Late | WriteFault::SecondLate), Err(_)) => Answer::Lost("on its way".to_owned()),
        (Some(WriteFault::NotApplied | WriteFault::SentTwice) | None, Err(_)) => Answer::NeverAsked,
    }
}
