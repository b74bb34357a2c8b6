//! The claims table as a worker or a redrive sees it: its writes fail like those of a real table, and the ledger checks
//! that only a claim's owner changes it.

use std::future::{Future, pending};
use std::sync::Arc;
use std::time::Duration;

use event_runtime::testing::{EarlierClaims, Landed, MemoryClaims, Sent, StoredClaim, WriteFault};
use event_runtime::{
    Claim, ClaimKey, Claims, Clock, Decider, Decision, Doubt, EffectId, Held, LetterId, OwnerToken, ParkedUnder,
    Resolved, Settled, StoreError, UnixMillis, WhenUncertain,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::rule::Rule;
use super::scene::{Scene, Service};
use super::schedule::What;
use super::story::{Actor, Answer, Step};
use super::write_faults::{WriteFate, answer_text, write_fate};

/// The person who decides about parked claims.
pub(crate) const OPERATOR: &str = "operator";
/// A second person, who acts a round later.
pub(crate) const COLLEAGUE: &str = "colleague";
/// The claims table with its faults, by the clock of one worker.
pub(crate) struct FailingClaims {
    pub(crate) scene: Arc<Scene>,
    pub(crate) claims: MemoryClaims,
    pub(crate) clock: Arc<dyn Clock>,
    /// Whether the worker runs the version before this one.
    pub(crate) earlier: bool,
}

impl FailingClaims {
    /// The table as the worker's version writes and reads it.
    fn port(&self) -> Box<dyn Claims> {
        match self.earlier {
            true => Box::new(EarlierClaims(self.claims.clone())),
            false => Box::new(self.claims.clone()),
        }
    }

    /// Makes a write of `operation` with the fault that was decided; `None` where its sender gets no answer.
    async fn write<T>(
        &self,
        operation: &'static str,
        fate: WriteFate,
        write: impl Future<Output = Result<T, StoreError>>,
    ) -> Option<Result<T, StoreError>> {
        if let Some(fault) = fate.fault {
            self.claims.fault_next(operation, fault);
        }
        let before = self.claims.under_way();
        let written = write.await;
        for number in self.claims.under_way().into_iter().filter(|number| !before.contains(number)) {
            arrives(Arc::clone(&self.scene), number, fate.arrives_in.unwrap_or_default());
        }
        let silent = fate.silent && written.is_err();
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
        scene.network_delay().await;
        let delivery = scene.delivery();
        let fate = write_fate(scene, Service::Claims);
        let nothing_happened = operation == "release" || operation == "withdraw";
        if fate.fault.is_some_and(|fault| fault != WriteFault::SentTwice) {
            // Until this is written, other workers may treat the effect as uncertain.
            scene.ledger(|ledger| match nothing_happened {
                true => ledger.not_freed(key, token),
                false => ledger.doubt(key),
            });
        }
        let before = self.claims.stored(key);
        let settled = self.write(operation, fate, settling).await;
        let after = self.claims.stored(key);
        scene.ledger(|ledger| match &settled {
            Some(Ok(Settled::Applied)) if nothing_happened => ledger.freed(key, token, operation == "withdraw"),
            // Another worker holds the claim, or it was taken over: a write in progress may still be applied later.
            Some(Ok(Settled::NotOurs)) if operation == "withdraw" => ledger.not_freed(key, token),
            Some(Ok(_) | Err(_)) | None => {}
        });
        scene.note(|| {
            let answer = answer_text(
                fate.fault,
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
        scene.network_delay().await;
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

impl Claims for FailingClaims {
    fn claim<'a>(
        &'a self,
        effect: &'a EffectId,
        lease: Duration,
        token: OwnerToken,
    ) -> BoxFuture<'a, Result<Claim, StoreError>> {
        async move {
            let scene = &self.scene;
            let (delivery, name) = (scene.delivery(), effect.key.as_str());
            scene.ledger(|ledger| ledger.touches(delivery, name));
            scene.network_delay().await;
            let fate = write_fate(scene, Service::Claims);
            if self.earlier && fate.fault.is_some_and(|fault| fault != WriteFault::SentTwice) {
                // That version takes its own earlier claim for another worker's: an effect that never began becomes
                // uncertain.
                scene.ledger(|ledger| ledger.doubt(name));
            }
            let before = self.claims.stored(name);
            let port = self.port();
            let claim = self.write("claim", fate, port.claim(effect, lease, token)).await;
            self.watch(name, token, before.as_ref(), self.clock.now());
            scene.note(|| {
                let answer =
                    answer_text(fate.fault, claim.as_ref().map(|claim| claim.as_ref().map(|claim| self.found(claim))));
                Step::call(Actor::Worker(delivery), Actor::Claims, format!("claim {name}"), answer)
            });
            match &claim {
                Some(Ok(Claim::Claimed(held) | Claim::Uncertain(held))) => {
                    scene.ledger(|ledger| ledger.holds(delivery, held));
                }
                Some(Ok(Claim::Done | Claim::Parked(_))) => {
                    let partition = name.split([':', '.']).nth(1).and_then(|partition| partition.parse().ok());
                    scene.ledger(|ledger| partition.map(|partition| ledger.succeeded(delivery, partition)));
                }
                Some(Ok(Claim::Conflict | Claim::HeldUntil(_)) | Err(_)) | None => {}
            }
            let Some(claim) = claim else { return pending().await };
            scene.network_delay().await;
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
            // The version before this one had no withdrawal.
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
                && scene.ledger(|ledger| ledger.times_seen(key) > 0)
            {
                scene.broken(
                    Rule::CertainIsCertain,
                    format!("the effect of {key} happened, but its claim is parked as certain"),
                );
            }
            // The version before this one parked claims of first attempts always under the letter's own id.
            let first = self.earlier && !scene.ledger(|ledger| ledger.is_redriven(scene.delivery()));
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
        self.decide(key, park, decision, by).boxed()
    }
}

impl FailingClaims {
    async fn decide(
        &self,
        key: &ClaimKey,
        park: ParkedUnder<'_>,
        decision: Decision,
        by: Decider<'_>,
    ) -> Result<Resolved, StoreError> {
        let scene = &self.scene;
        scene.network_delay_of(0).await;
        let unavailable = || StoreError {
            store: "claims table",
            operation: "resolve",
            code: "claims_unavailable",
            retry_after: None,
            cause: "the table does not answer".into(),
        };
        // 1: it never arrives, 2: it is written and its answer lost.
        let fate = scene.decide_for(0, What::Decide, 2);
        let tell = |answer: Answer| {
            let call = format!("resolve {} --{} by {}", key.as_str(), decision.as_str(), by.name());
            scene.note(|| Step::call(Actor::Redrive, Actor::Claims, call, answer));
        };
        if fate == 1 {
            tell(Answer::NotArrived);
            return Err(unavailable());
        }
        let before = scene.claims.stored(key.as_str());
        let resolved = scene.claims.resolve(key, park, decision, by).await;
        // Only these two deciders are persons here.
        let a_person = matches!(by, Decider::Person(OPERATOR | COLLEAGUE));
        if before != scene.claims.stored(key.as_str()) && a_person {
            scene.ledger(|ledger| ledger.a_person_decided(key.as_str(), decision));
        }
        scene.network_delay_of(0).await;
        match &resolved {
            Ok(resolved) if fate == 2 => {
                tell(Answer::Lost(format!("{resolved:?}")));
                return Err(unavailable());
            }
            Ok(resolved) => tell(Answer::Received(format!("{resolved:?}"))),
            Err(_) => tell(Answer::NotArrived),
        }
        resolved
    }

    fn found(&self, claim: &Claim) -> String {
        match claim {
            Claim::Claimed(_) => "claimed".to_owned(),
            Claim::Done => "done before".to_owned(),
            Claim::Parked(_) => "parked".to_owned(),
            Claim::Conflict => "settled for another effect".to_owned(),
            Claim::HeldUntil(until) => format!("held for {} ms more", until.since(self.clock.now()).as_millis()),
            Claim::Uncertain(_) => "its lease is over: taken over as uncertain".to_owned(),
        }
    }
}

/// Applies a late write after a time, even if its sender is gone.
fn arrives(scene: Arc<Scene>, number: usize, after: Duration) {
    tokio::spawn(async move {
        tokio::time::sleep(after).await;
        let Some(landed) = scene.claims.land(number) else { return };
        let Landed { key, token, until, sent, before, after } = landed;
        let (key, changed) = (key.as_str(), before != after);
        scene.note(|| {
            let what = match sent {
                Sent::Claim => "claim",
                Sent::Settling => "settling",
                Sent::Withdrawal => "withdrawal",
            };
            let does = if changed { "" } else { " and changes nothing" };
            Step::note(Actor::Claims, format!("a late {what} of {key} is applied{does}"))
        });
        if !changed {
            return;
        }
        let known = scene.ledger(|ledger| ledger.known_of(key, token));
        let ended = match &before {
            Some(StoredClaim::Held { until: lease, .. }) => Some(*lease),
            Some(StoredClaim::Free { .. } | StoredClaim::Done { .. } | StoredClaim::Parked { .. }) | None => None,
        };
        match sent {
            // A late claim may take the claim only if its owner has not claimed later or withdrawn.
            Sent::Claim if known.lease.is_some_and(|lease| until < lease) => {
                scene.broken(Rule::OwnersOnly, format!("a late claim of {key} takes it after a later attempt"));
            }
            Sent::Claim if known.withdrawn && !scene.world.earlier => {
                scene.broken(Rule::OwnersOnly, format!("a late claim of {key} takes it, though it was withdrawn"));
            }
            // The version before this one deletes released claims, and with them the lease that refused this write.
            Sent::Claim if known.withdrawn => scene.ledger(|ledger| ledger.doubt(key)),
            Sent::Settling if ended.is_some_and(|lease| lease != until && known.lease == Some(lease)) => {
                scene.broken(Rule::OwnersOnly, format!("a late write of an earlier attempt ends the lease of {key}"));
            }
            Sent::Claim | Sent::Settling | Sent::Withdrawal => {}
        }
    });
}
